from .chip import BatchedChip as BatchedChip
from .inference import infer as infer
