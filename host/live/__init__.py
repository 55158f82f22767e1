"""The live view: a page on the loopback interface that shows a run while it trains.

What is gathered (`Watch`, in the thread of the training loop) knows nothing of what is shown
(`Page`, in the thread of the server); a `Glimpse` goes from one to the other.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
