"""The golden core: docs/contract.md in NumPy, one tick per call, int64 inside."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
