"""Learning on a digital neuromorphic chip, bit for bit the same on every device.

The names below are the public interface. A name loads what it needs when it is first used, so
`import axonloop` itself is quick.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
