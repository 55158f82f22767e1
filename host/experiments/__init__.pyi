from .catalogue import run_experiment as run_experiment
from .results import page_of as page_of
