from .float_population import FloatPopulation as FloatPopulation
from .float_population import FloatReset as FloatReset
from .quantised import QuantisationError as QuantisationError
from .quantised import QuantisedPopulation as QuantisedPopulation
from .search import quantise_all as quantise_all
from .words import decay_sum as decay_sum
from .words import truncation_of as truncation_of
