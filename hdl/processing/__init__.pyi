from .engine import LossEngine as LossEngine
