from .entry import Entry as Entry
from .listing import LISTING as LISTING
from .listing import listed as listed
from .results import page_of as page_of
from .runner import run_entry as run_entry
from .table import CATALOGUE as CATALOGUE
