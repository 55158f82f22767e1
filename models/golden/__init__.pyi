from .chip import Chip as Chip
from .core import Core as Core
from .fanout import FanOut as FanOut
from .noise import CODE_COLUMNS as CODE_COLUMNS
from .noise import codewords as codewords
from .parameters import per_axon as per_axon
from .parameters import per_neuron as per_neuron
from .synapses import visited as visited
