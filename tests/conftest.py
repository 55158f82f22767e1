"""Settings that all tests share."""

from hypothesis import settings

settings.register_profile("axonloop", deadline=None, derandomize=True)
settings.load_profile("axonloop")
