"""The designs whose Verilog is measured, and what was reached in each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Protocol

from axonloop.models.config import Mesh
from axonloop.sim.build import content_key
from tests.coverage.rtl.buses import BusDesign
from tests.coverage.rtl.chips import ChipDesign
from tests.coverage.rtl.counts import Counts, Totals
from tests.coverage.rtl.covered_board import LinkDesign
from tests.coverage.rtl.nodes import NodeDesign
from tests.coverage.rtl.routers import MeshDesign
from tests.coverage.rtl.tied import netlist, tied

FOLDER = Path(__file__).parent / "rtl"
MEASURING = ("coverage.h", "counts.py", "harness.py", "tied.py")
KEPT = Path("build/coverage/rtl")
"""What was reached in each design, so that an interrupted run goes on."""


class Design(Protocol):
    """A design, by its name as text.

    `amount` says how much it is used, `sources` which files here do that.
    """

    sources: ClassVar[tuple[str, ...]]

    @property
    def amount(self) -> str: ...
    def verilog(self) -> str: ...
    def cover(self, seed: int, path: Path) -> None:
        """Use it in every way, compare what it does, and write Verilator's counts to `path`."""


DESIGNS: tuple[Design, ...] = (
    ChipDesign("small", 1000),
    ChipDesign("plain", 1000),
    ChipDesign("blank", 1000),
    ChipDesign("terms-serial", 1000),
    ChipDesign("device-gain", 1000),
    ChipDesign("gates-analogue", 1000),
    ChipDesign("ice40", 150),
    ChipDesign("conv", 100),
    ChipDesign("one-lane", 300, Mesh(2, 2)),
    MeshDesign(Mesh(3, 3), 4000),
    LinkDesign("ice40", 1, 4),
    BusDesign("wishbone", 30),
    BusDesign("wishbone-pipelined", 30),
    BusDesign("axi-lite", 30),
    NodeDesign(60),
)
"""Together their chips have every option of a build: both layouts with one port and two, one lane
and several of each kind, few multipliers and many, terms, blank-out, memristors with and without
pulses, a mask, noise at the threshold, the serial core, convolutions, a mesh, a node."""


def named(names: Iterable[str]) -> list[Design]:
    """The designs of some names; ValueError for a name that none has."""
    known = {str(design): design for design in DESIGNS}
    if unknown := set(names) - set(known):
        raise ValueError(f"designs must be of {', '.join(known)}, not {', '.join(sorted(unknown))}")
    return [known[name] for name in names]


def measure(design: Design, seed: int) -> Totals:
    """What is reached in a design: from the last time, if its sources are the same, or run now."""
    verilog = design.verilog()
    sources = [(FOLDER / name).read_bytes() for name in (*MEASURING, *design.sources)]
    kept = KEPT / f"{content_key(verilog, repr((design, seed)), *sources)}.json"
    if kept.exists():
        return Totals.read(kept)
    print(f"{design}: {design.amount} ...", file=sys.stderr, flush=True)
    totals, counts = Totals(), Counts()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "counts.dat"
        design.cover(seed, path)
        counts.add(path)
    totals.add(counts, tied(netlist(verilog)), verilog)
    KEPT.mkdir(parents=True, exist_ok=True)
    totals.write(kept)
    return totals
