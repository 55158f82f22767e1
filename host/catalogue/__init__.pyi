from .entry import Entry as Entry
from .listing import LISTING as LISTING
from .listing import listed as listed
from .pages import pages_of as pages_of
from .runner import run_entry as run_entry
from .table import CATALOGUE as CATALOGUE
