"""A chip with a node and its processor, compiled by Verilator."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonloop.hdl.flow import TOP, component_verilog
from axonloop.hdl.processing import NodedChip
from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry
from axonloop.sim.cosim import RtlChip
from axonloop.sim.cosim.verilate import build


def picorv32() -> str:
    """The Verilog of the processor."""
    package = pytest.importorskip("pythondata_cpu_picorv32")
    return "/* verilator lint_off COMBDLY */\n" + (
        Path(package.data_location, "picorv32.v").read_text().replace("`timescale 1 ns / 1 ps", "")
    )


def compiled(
    geometry: Geometry, node: NodeGeometry, mesh: Mesh = ONE_CORE, core: int = 0
) -> RtlChip:
    """The chip from power-up."""
    verilog = component_verilog(NodedChip(geometry, node, mesh, core), TOP)
    return RtlChip(build(picorv32() + verilog, notify=lambda message: None), patience=100_000)
