from .engine import LossEngine as LossEngine
from .payloads import FAILURES as FAILURES
from .payloads import LENGTH_BITS as LENGTH_BITS
from .payloads import PASSES_BITS as PASSES_BITS
from .payloads import event_layout as event_layout
from .sharing import share_bus as share_bus
