from . import rates as rates
from .area import study_area as study_area
from .bits import study_bits as study_bits
from .deploy import study_deploy as study_deploy
from .layers import study_layers as study_layers
from .populations import require_new_study as require_new_study
from .rates import study_rates as study_rates
from .weight_pictures import draw_rate_curve as draw_rate_curve
