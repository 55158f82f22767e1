from .rows import RESULTS as RESULTS
from .rows import ResultRow as ResultRow
