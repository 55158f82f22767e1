"""The processor's time that the steps of a build take."""

import os


def processor_seconds() -> float:
    """Processor seconds of this process and of its children that ended."""
    return sum(os.times()[:4])


def seconds_since(start: float) -> float:
    """Processor seconds since `processor_seconds()` was `start`, to a tenth."""
    return round(processor_seconds() - start, 1)
