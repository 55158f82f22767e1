"""The packages of the extra `sweep`, which are imported only where a sweep needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def extra(module: str) -> Any:
    """A module of the extra `sweep`; ValueError where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        how = "pip install 'axonloop[sweep]' does it"
        raise ValueError(f"{module} must be installed for sweeps; {how}") from error
