from .arithmetic import Arithmetic as Arithmetic
from .arithmetic import choose as choose
from .blocks import blocks_of as blocks_of
from .blocks import largest_sum as largest_sum
from .engine import TensorEngine as TensorEngine
