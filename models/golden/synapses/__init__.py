"""What lies on the axons' side: weights of synapses and kernels, the traces P and Q."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
