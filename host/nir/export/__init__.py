"""Programs of the chip as NIR graphs and files, and back again to the bit."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
