"""The bare mesh, compiled: packets in, the cycles of their arrival out.

A packet's payload is its number, so that every one can be followed.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_range
from axonloop.models.config import Mesh
from axonloop.sim.build import Notify, SimulationError, to_stderr
from axonloop.sim.cosim.verilate import Harness, build

Integers = NDArray[np.int64]

NUMBER_BITS = 24
"""Width of a payload."""
QUIET = 1000
"""Cycles without an arrival after which what has not arrived is lost."""
_TOP = "axonloop_mesh"
_DRIVER = Path(__file__).with_name("mesh_driver.cpp")


@dataclass(frozen=True, eq=False)
class Packets:
    """Packets by number, int64 `(packets,)` each: `cycles` in which they are made, ascending."""

    cycles: Integers
    sources: Integers
    targets: Integers

    def __len__(self) -> int:
        return len(self.cycles)


class _Play(ctypes.Structure):
    """The arguments and results of a run; see `mesh_driver.cpp`."""

    _fields_ = (
        ("cycles", ctypes.c_void_p),
        ("sources", ctypes.c_void_p),
        ("words", ctypes.c_void_p),
        ("count", ctypes.c_uint64),
        ("cores", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        ("quiet", ctypes.c_uint64),
        ("capacity", ctypes.c_uint64),
        ("left_cycles", ctypes.c_void_p),
        ("left_cores", ctypes.c_void_p),
        ("left_payloads", ctypes.c_void_p),
        ("left", ctypes.c_uint64),
    )


class RtlMesh:
    """The routers and links of a mesh, compiled once per mesh.

    `seed` chooses the random contents of whatever the RTL leaves undefined. Raises
    MissingToolError without a compiler, BuildError where the library cannot be stored.
    """

    def __init__(self, mesh: Mesh, seed: int = 0, notify: Notify = to_stderr) -> None:
        require_range("seed", seed, 0, 2**64 - 1)
        from axonloop.hdl.chip import RouterMesh
        from axonloop.hdl.flow import component_verilog

        self.mesh, self._seed = mesh, seed
        verilog = component_verilog(RouterMesh(mesh, NUMBER_BITS), _TOP)
        harness = Harness("mesh", _wrapper(mesh.cores), _DRIVER)
        self._code = ctypes.CDLL(str(build(verilog, notify=notify, harness=harness)))
        self._code.axonloop_play.argtypes = [ctypes.POINTER(_Play)]
        self._code.axonloop_play.restype = None

    def arrivals(self, packets: Packets) -> Integers:
        """Send packets through the idle mesh: the cycle in which each arrives, `(packets,)`.

        A packet waits in the queue of its source until the mesh takes it; every core takes what
        arrives at once. Raises ValueError for packets that the mesh cannot have, SimulationError
        unless each arrives once, where it should.
        """
        self._check(packets)
        count = len(packets)
        words = packets.targets << NUMBER_BITS | np.arange(count)
        cycles, sources = packets.cycles.astype(np.uint64), packets.sources.astype(np.uint32)
        given = cycles, sources, words.astype(np.uint32)
        kinds = (np.uint64, np.uint32, np.uint32)
        log = tuple(np.zeros(count + 1, kind) for kind in kinds)  # room for one too many
        play = _Play(*(column.ctypes.data for column in given), count, self.mesh.cores, self._seed)
        play.quiet, play.capacity = QUIET, count + 1
        play.left_cycles, play.left_cores, play.left_payloads = (c.ctypes.data for c in log)
        self._code.axonloop_play(ctypes.byref(play))
        return once(packets.targets, *(column[: play.left].astype(np.int64) for column in log))

    def _check(self, packets: Packets) -> None:
        require_range("packets", len(packets), 1, 1 << NUMBER_BITS)
        good = bool((np.diff(packets.cycles, prepend=0) >= 0).all())
        require(good, "cycles of packets", "ascending, from 0 on", packets.cycles)
        for name in ("sources", "targets"):
            cores = getattr(packets, name)
            require(len(cores) == len(packets), name, f"{len(packets)} cores", len(cores))
            good = bool(((cores >= 0) & (cores < self.mesh.cores)).all())
            require(good, f"{name} of packets", f"cores of the mesh {self.mesh}", cores)


def once(targets: Integers, cycles: Integers, cores: Integers, numbers: Integers) -> Integers:
    """The cycle in which each packet arrives, from a log of cycles, cores and packet numbers.

    Raises SimulationError unless each packet is in the log once, with its target as the core.
    """
    for cycle, core, number in zip(cycles, cores, numbers, strict=True):
        if number >= len(targets) or core != targets[number]:
            target = targets[number] if number < len(targets) else "none"
            raise SimulationError(
                f"packet {number} must arrive at core {target}, not {core} (cycle {cycle})"
            )
    counts = np.bincount(numbers, minlength=len(targets))
    if (wrong := np.flatnonzero(counts != 1)).size:
        first = int(wrong[0])
        raise SimulationError(f"packet {first} must arrive once, not {counts[first]} times")
    arrived = np.zeros(len(targets), np.int64)
    arrived[numbers] = cycles
    return arrived


def _wrapper(cores: int) -> str:
    """The ports of the mesh as arrays, for the driver; reset is tied low."""
    last = cores - 1
    ports = ", ".join(
        f".enter__{n}__payload(enter_payload[{n}]), .enter__{n}__valid(enter_valid[{n}]), "
        f".enter__{n}__ready(enter_ready[{n}]), .leave__{n}__payload(leave_payload[{n}]), "
        f".leave__{n}__valid(leave_valid[{n}]), .leave__{n}__ready(1'b1)"
        for n in range(cores)
    )
    return f"""
module axonloop_simulated (
    input clk,
    input [31:0] enter_payload [0:{last}], input enter_valid [0:{last}],
    output enter_ready [0:{last}],
    output [{NUMBER_BITS - 1}:0] leave_payload [0:{last}], output leave_valid [0:{last}]
);
    {_TOP} mesh (.clk(clk), .rst(1'b0), {ports});
endmodule
"""
