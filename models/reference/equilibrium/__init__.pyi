from .contrastive import ContrastiveHebbian as ContrastiveHebbian
from .propagation import EquilibriumPropagation as EquilibriumPropagation
from .settling import Activation as Activation
from .settling import Gradients as Gradients
from .settling import Settling as Settling
from .settling import hard as hard
