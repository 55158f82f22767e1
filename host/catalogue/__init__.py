"""All experiments, studies and benches: what each shows, and the one way to run them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
