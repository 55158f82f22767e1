from .text import guarded as guarded
