from .convolution import Convolution as Convolution
from .convolution import image_of as image_of
from .convolution import kernel_rows as kernel_rows
from .convolution import uniform_kernel as uniform_kernel
from .images import channel_parts as channel_parts
from .images import kernel_wires as kernel_wires
from .images import require_undivided as require_undivided
