from .tables import kernel_ends as kernel_ends
from .tables import reaches as reaches
from .tables import shapes as shapes
