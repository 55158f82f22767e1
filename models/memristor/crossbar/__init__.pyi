from .delay import Delay as Delay
from .mask import Mask as Mask
from .mask import fitted_mask as fitted_mask
from .mask import in_parts as in_parts
from .mask import slopes as slopes
from .network import Crossbar as Crossbar
from .network import Solution as Solution
from .network import effective as effective
