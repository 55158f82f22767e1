from . import soak as soak
from . import verify as verify
from .lockstep import DivergenceError as DivergenceError
from .random_use import Operation as Operation
from .random_use import RandomUse as RandomUse
from .random_use import TrafficStep as TrafficStep
from .shard import ShardError as ShardError
from .shard import Traffic as Traffic
