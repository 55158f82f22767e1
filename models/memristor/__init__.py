"""Memristive devices and crossbars in float: what synapses of such devices would do."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
