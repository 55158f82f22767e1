from . import rates as rates
from .weight_pictures import draw_rate_curve as draw_rate_curve
