from .kept import KEPT as KEPT
from .kept import Kept as Kept
from .kept import SampleTrace as SampleTrace
from .kept import pairs_of as pairs_of
from .page import REPORT as REPORT
from .page import write_comparison as write_comparison
from .page import write_report as write_report
from .results import write_results_report as write_results_report
