from .average import averaged_readout as averaged_readout
from .cache import MAKERS as MAKERS
from .cache import generated_set as generated_set
from .cache import write_set as write_set
from .camera import EventCamera as EventCamera
from .shapes import GESTURES as GESTURES
