"""Files of event cameras and of spiking cochleas: read, written, and as data sets."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
