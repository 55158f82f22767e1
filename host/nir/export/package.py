"""The package nir, which is an extra."""

from __future__ import annotations

from typing import Any

from axonloop.host.nir.nodes import NirError


def nir_package() -> Any:
    """The package; NirError where it is not installed."""
    try:
        import nir
    except ImportError as error:
        how = "pip install 'axonloop[nir]' does it"
        raise NirError(f"nir must be installed to write NIR files; {how}") from error
    return nir
