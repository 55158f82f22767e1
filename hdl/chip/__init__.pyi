from .chip import Chip as Chip
from .mesh import RouterMesh as RouterMesh
from .shared_core import CORE as CORE
