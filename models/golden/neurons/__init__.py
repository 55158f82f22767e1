"""What each neuron does in a tick: membrane, trace, noise at the threshold, pools."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
