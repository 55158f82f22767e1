from .kernels import Kernels as Kernels
from .kernels import reached_neurons as reached_neurons
from .pools import Pools as Pools
