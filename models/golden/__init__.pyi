from .arithmetic import CODE_COLUMNS as CODE_COLUMNS
from .arithmetic import codewords as codewords
from .arithmetic import per_axon as per_axon
from .arithmetic import per_neuron as per_neuron
from .chip import Chip as Chip
from .core import Core as Core
from .fanout import FanOut as FanOut
from .synapses import visited as visited
