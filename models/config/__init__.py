"""The configuration that builds the golden model, the RTL, the emulators and the host."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
