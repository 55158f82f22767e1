"""Sweeps: many trials of settings on Ray, on populations of chips and on farms of boards.

The room's core needs no Ray: what the trials are, how each becomes a run folder, how a killed sweep
goes on, and the table. An `Executor` runs the jobs.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
