"""The bare mesh, with routers of all kinds, under random traffic and back-pressure."""

from __future__ import annotations

import random
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path

from axonloop.models.config import Mesh
from tests.coverage.rtl.pins import Pins

TOP = "axonloop_mesh"
BITS = 24
"""Width of a payload."""


@dataclass(frozen=True)
class MeshDesign:
    """Routers of a mesh without cores, and the cycles that they run."""

    mesh: Mesh
    cycles: int
    sources = ("pins.py", "pins.cpp", "routers.py")

    def __str__(self) -> str:
        return f"routers {self.mesh}"

    @property
    def amount(self) -> str:
        return f"{self.cycles:,} cycles"

    def verilog(self) -> str:
        from axonloop.hdl.chip import RouterMesh
        from axonloop.hdl.flow import component_verilog

        return component_verilog(RouterMesh(self.mesh, BITS), TOP)

    def cover(self, seed: int, path: Path) -> None:
        """Each payload must leave once, unchanged, where it should, in the order of its source."""
        rng, pins = random.Random(seed), Pins(self.verilog(), TOP, seed)
        inside = defaultdict[tuple[int, int], deque[int]](deque)
        cores, offered, rate, number = range(self.mesh.cores), set[int](), 0.5, 0
        tail = 40 * self.mesh.cores
        for cycle in range(self.cycles + tail):
            if cycle % 64 == 0:
                rate = 0.0 if cycle >= self.cycles else rng.random()
                patience = 1.0 if cycle >= self.cycles else rng.random()
            for core in cores:
                if core not in offered and rng.random() < rate:
                    offered.add(core)
                    number += 1
                    target = rng.choice(cores)
                    payload = core << 20 | number * 0x9E37 & 0xFFFFF
                    pins.given[f"enter__{core}__payload"] = target << BITS | payload
                pins.given[f"enter__{core}__valid"] = int(core in offered)
                pins.given[f"leave__{core}__ready"] = int(rng.random() < patience)
            pins.cycle()
            for core in cores:
                if core in offered and pins.told[f"enter__{core}__ready"]:
                    offered.remove(core)
                    word = pins.given[f"enter__{core}__payload"]
                    inside[core, word >> BITS].append(word & (1 << BITS) - 1)
                if pins.told[f"leave__{core}__valid"] and pins.given[f"leave__{core}__ready"]:
                    payload = pins.told[f"leave__{core}__payload"]
                    assert inside[payload >> 20, core].popleft() == payload
        assert number > self.cycles / 4
        assert not any(inside.values()), "what entered left"
        pins.finish(path)
