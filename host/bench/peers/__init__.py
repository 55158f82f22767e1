"""What the benches of networks run beside the chip: plain torch, libraries, Brian 2."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
