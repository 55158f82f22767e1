from . import verify as verify
