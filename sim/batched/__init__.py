"""Many chips at once, bit for bit those of docs/contract.md (docs/batched.md)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
