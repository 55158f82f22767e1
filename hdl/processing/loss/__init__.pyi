from .engine import LossEngine as LossEngine
from .payloads import FAILURES as FAILURES
from .payloads import event_layout as event_layout
from .sharing import share_bus as share_bus
