"""A chip with a node and its processor, compiled by Verilator."""

from __future__ import annotations

import pytest

from axonloop.models.config import Geometry, NodeGeometry
from axonloop.sim.cosim import RtlChip, build_chip


def compiled(geometry: Geometry, node: NodeGeometry, core: int = 0) -> RtlChip:
    """The chip from power-up."""
    pytest.importorskip("pythondata_cpu_picorv32")
    library = build_chip(geometry, core, notify=lambda message: None, node=node)
    return RtlChip(library, patience=2_000_000)
