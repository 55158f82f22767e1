"""Waveforms: a simulator's VCD becomes FST or VCD of chosen signals, with a GTKWave save file."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
