"""The loss engine of a processing node: steps 1 and 4 to 7 of the contract's section 13."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
