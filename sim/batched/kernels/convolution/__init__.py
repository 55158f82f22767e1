"""Kernels of convolutions in compiled code: their tables, and the C++ beside them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
