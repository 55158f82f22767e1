from .engine import Learning as Learning
