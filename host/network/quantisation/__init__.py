"""From float neurons and weights to the chip's integers, with the error that this makes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
