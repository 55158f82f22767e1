"""Reports of runs: one self-contained HTML file each, and one that compares several.

A report is made of the files in a run's folder alone; Bokeh draws, Jinja2 fills the page.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
