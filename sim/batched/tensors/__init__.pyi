from .arithmetic import Arithmetic as Arithmetic
from .arithmetic import choose as choose
from .engine import TensorEngine as TensorEngine
from .synapses import blocks_of as blocks_of
from .synapses import largest_sum as largest_sum
