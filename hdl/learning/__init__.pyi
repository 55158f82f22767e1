from .engine import Learning as Learning
from .engine import ParallelLearning as ParallelLearning
from .engine import SerialLearning as SerialLearning
from .plain_targets import PlainTargets as PlainTargets
from .targets import TermTargets as TermTargets
