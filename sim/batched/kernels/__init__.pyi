from . import build as build
from .engine import MAX_COPIES as MAX_COPIES
from .engine import CompiledEngine as CompiledEngine
