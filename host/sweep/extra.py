"""The packages of the extra `sweep`, which are imported only where a sweep needs them."""

from __future__ import annotations

from importlib.util import find_spec

from axonloop.models.checks import require


def require_extra(package: str) -> None:
    """ValueError where a package of the extra `sweep` is not installed."""
    found = find_spec(package) is not None
    told = f"installed for sweeps, with {package}: pip install 'axonloop[sweep]'"
    require(found, "extra sweep", told, "missing")
