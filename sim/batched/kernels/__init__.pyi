from . import build as build
from .kernels import Kernels as Kernels
from .state import MAX_COPIES as MAX_COPIES
from .state import new_arrays as new_arrays
