"""The processing node: section 13 of docs/contract.md in NumPy, one tick per call."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
