"""Verilog in which logic that only an enabled register needs is computed when it is enabled."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
