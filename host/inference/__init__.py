"""Networks that run without learning: samples on any device, and what they make of it."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
