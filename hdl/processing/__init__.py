"""The processing node: a loss engine, which hears a population and makes its error events."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
