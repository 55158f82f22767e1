"""From the description to Verilog."""

from amaranth.back import verilog as backend

from axonloop.hdl.chip import Chip
from axonloop.models.config import Geometry, require_range

TOP = "axonloop_chip"
"""Name of the top module."""


def verilog(geometry: Geometry, core: int = 0) -> str:
    """Verilog text of the chip: module `axonloop_chip` with ports clk, rst and two streams.

    The same geometry gives the same text, so that builds can be cached by content.
    """
    require_range("core", core, 0, 254)
    return str(backend.convert(Chip(geometry, core), name=TOP, strip_internal_attrs=True))
