from .rows import PRINTS_NONE as PRINTS_NONE
from .rows import RESULTS as RESULTS
from .rows import ResultRow as ResultRow
