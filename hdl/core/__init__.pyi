from .commands import COUNT_BITS as COUNT_BITS
from .commands import for_all_cores as for_all_cores
from .commands import payload_words as payload_words
from .core import Core as Core
from .core import core_signature as core_signature
