from .kernels import Kernels as Kernels
from .synapses import Synapses as Synapses
from .synapses import visited as visited
from .traces import Traces as Traces
