from .engine import Learning as Learning
from .engine import ParallelLearning as ParallelLearning
from .engine import SerialLearning as SerialLearning
