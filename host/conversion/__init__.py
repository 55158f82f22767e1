"""From networks of torch to spiking ones: of ReLU by balancing, of spiking tools through NIR."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
