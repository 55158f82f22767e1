from .experiment import RESULTS as RESULTS
from .experiment import ResultRow as ResultRow
