from .geometries import CONVOLUTIONS as CONVOLUTIONS
from .geometries import GEOMETRIES as GEOMETRIES
from .geometries import QUICK as QUICK
from .random_chips import random_chip as random_chip
from .random_chips import random_chip_weights as random_chip_weights
