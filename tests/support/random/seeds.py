"""Seeds of random tests: a few for every change, the rest for `make verify`."""

from __future__ import annotations

from typing import Any

import pytest


def seeds(count: int, quick: int) -> list[Any]:
    """Parameters 0..count - 1; those from `quick` on are slow."""
    return [pytest.param(k, marks=[pytest.mark.slow] * (k >= quick)) for k in range(count)]
