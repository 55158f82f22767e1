"""What writes and time make of memristors: writes counted, worn ones stuck, weights aged."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
