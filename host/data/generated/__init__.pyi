from .average import averaged_readout as averaged_readout
from .cache import generated_set as generated_set
from .camera import EventCamera as EventCamera
from .saccades import make_saccades as make_saccades
from .shapes import GESTURES as GESTURES
from .shapes import make_gestures as make_gestures
