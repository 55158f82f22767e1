"""A chip on the bus of a system on chip: registers, queues of packet words, an interrupt."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
