from .chip import Chip as Chip
from .mesh import RouterMesh as RouterMesh
