from .learning import Learning as Learning
