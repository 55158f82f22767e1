"""Is the batched emulator on a GPU the chip, bit for bit? The first part of `axonloop bench gpu`.

One copy runs in lockstep with the golden model, on one core and on a mesh. Populations, each copy
with weights of its own, run as shards of the soak beside golden chips. Copies that share weights
learn beside the same on the CPU. Every difference is a figure; the bar is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from axonloop.host.bench.figure import Figure
from axonloop.host.verification import Shard, ShardRun, soak
from axonloop.host.verification import verify as verification
from axonloop.models.checks import shown
from axonloop.models.config import ONE_CORE, ChipConfig, Mesh
from axonloop.models.protocol import MODEL_COUNTERS, readable
from axonloop.sim.batched import BatchedChip
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES, random_chip, random_chip_weights

GOLDEN, TORCH = "golden", "torch"
SHARED_COPIES = 64
Found = tuple[Figure, dict[str, Any]]
"""A figure, and what else the file keeps of it."""


@dataclass(frozen=True)
class Extent:
    """How much is compared: `ticks` of lockstep, geometries on one core and on a mesh.

    `shards` populations of `copies` run for `shard_ticks`; copies that share weights run for
    `shared_ticks` in each geometry.
    """

    ticks: int
    geometries: tuple[str, ...]
    on_mesh: tuple[str, ...]
    shards: int
    copies: int
    shard_ticks: int
    shared_ticks: int


ALL = Extent(
    8000, (*GEOMETRIES, *CONVOLUTIONS), tuple(soak.MESHES), len(soak.targets()), 64, 64, 24
)
FEW = Extent(32, ("small", "conv-small"), ("one-lane",), 1, 2, 3, 2)


@dataclass(frozen=True)
class GpuShard(Shard):
    """A shard of the soak on the GPU and on the golden model alone."""

    def devices(self) -> dict[str, int]:
        """How many copies are on each device."""
        return {TORCH: self.copies, GOLDEN: super().devices()[GOLDEN]}


def arithmetic_of(device: torch.device) -> str:
    """The arithmetic of torch to compare: on a GPU the one of everybody, on a CPU not compiled."""
    return "auto" if device.type == "cuda" else "float64"


def conformance(
    device: torch.device, extent: Extent, report: Callable[[str], None]
) -> tuple[list[Figure], dict[str, Any]]:
    """The figures of all comparisons, and by their names hashes and counts."""
    name = f"batched:{device.type}"
    works: dict[str, Callable[[], dict[str, Any]]] = {
        "one copy, one core": lambda: lockstep(name, extent.ticks, extent.geometries, ONE_CORE),
        "one copy, 2 x 2 cores": lambda: lockstep(name, extent.ticks, extent.on_mesh, Mesh(2, 2)),
        "populations with weights of their own": lambda: populations(device, extent),
        "copies that share weights and learn": lambda: shared(device, extent),
    }
    figures, kept = [], {}
    for title, work in works.items():
        report(f"conformance: {title}")
        figure, kept[title] = _found(title, work)
        figures.append(figure)
    return figures, kept


def _found(title: str, work: Callable[[], dict[str, Any]]) -> Found:
    """What `work` found; the first difference, or what failed, is a figure too."""
    try:
        kept = work()
    except RuntimeError as error:
        kept, told = {"failed": str(error)}, f"or more: {error}"
        return Figure(f"conformance, {title}", 1.0, told, "0"), kept
    told = f"differences; {kept['ticks']:,} ticks of {kept['chips']} chips"
    unit = f"{told}, trace hash {kept['trace_hash'][:8]}"
    return Figure(f"conformance, {title}", 0.0, unit, "0"), kept


def lockstep(name: str, ticks: int, geometries: Sequence[str], mesh: Mesh) -> dict[str, Any]:
    """One copy beside the golden model, as `axonloop verify`."""
    report = verification.verify((GOLDEN, name), ticks, 0, geometries, mesh=mesh)
    return {
        "chips": len(geometries),
        "ticks": report.ticks,
        "trace_hash": report.trace_hashes[name],
        "weight_hash": report.weight_hashes[name],
        "counters": report.counters,
    }


def populations(device: torch.device, extent: Extent) -> dict[str, Any]:
    """Shards of the soak."""
    many = opener(device)
    results = [ShardRun(shard, many=many).run() for shard in shards(extent)]
    return {
        "chips": len(results),
        "ticks": sum(result.compared for result in results),
        "trace_hash": _joined([result.trace_hash for result in results]),
        "weight_hash": _joined([result.weight_hash for result in results]),
        "shards": [asdict(result) for result in results],
    }


def shards(extent: Extent) -> list[GpuShard]:
    """Those of the soak's numbers from 0 on, smaller ones."""
    size = extent.shard_ticks, extent.copies
    targets = soak.targets()[: extent.shards]
    return [GpuShard(0, number, *target, *size) for number, target in enumerate(targets)]


def opener(device: torch.device) -> Callable[[str, ChipConfig, int, Sequence[int]], BatchedChip]:
    """What opens the populations of a shard."""

    def many(name: str, config: ChipConfig, copies: int, seeds: Sequence[int]) -> BatchedChip:
        return BatchedChip(config, copies, False, str(device), seeds, arithmetic_of(device))

    return many


def shared(device: torch.device, extent: Extent) -> dict[str, Any]:
    """Copies that share weights, of every geometry, beside the same on the CPU."""
    traces, weights = [], []
    for number, name in enumerate(extent.geometries):
        rng = np.random.default_rng((1, number))
        pair = SharedPair(name, device, rng)
        for _ in range(extent.shared_ticks):
            pair.step(rng)
        traces.append(pair.trace.hexdigest())
        weights.append(hashlib.sha256(pair.weights()).hexdigest())
    return {
        "chips": len(extent.geometries),
        "ticks": SHARED_COPIES * extent.shared_ticks * len(extent.geometries),
        "trace_hash": _joined(traces),
        "weight_hash": _joined(weights),
    }


class SharedPair:
    """A random chip of a geometry in copies that share weights, on a device and on the CPU.

    `trace` hashes all state of all ticks.
    """

    def __init__(self, name: str, device: torch.device, rng: np.random.Generator) -> None:
        self.name, self.trace = name, hashlib.sha256()
        self.config = random_chip(rng, (GEOMETRIES | CONVOLUTIONS)[name], ONE_CORE)
        build = self.config, SHARED_COPIES, True
        self.chips = [
            BatchedChip(*build, device=str(device), arithmetic=arithmetic_of(device)),
            BatchedChip(*build),
        ]
        weights = random_chip_weights(rng, self.config)
        for chip in self.chips:
            chip.load_weights(weights)

    def step(self, rng: np.random.Generator) -> None:
        """A tick and a learning step of both; RuntimeError where they differ."""
        geometry, neurons = self.config.geometry, self.config.neurons
        spikes = rng.random((SHARED_COPIES, self.config.axons)) < 0.2
        errors = rng.integers(-geometry.error_max, geometry.error_max + 1, (SHARED_COPIES, neurons))
        errors *= rng.random(errors.shape) < 0.2
        for chip in self.chips:
            chip.tick(spikes)
            chip.send_errors(errors)
            chip.learn()
        for region in readable(geometry):
            found = [chip.read(region).cpu().numpy() for chip in self.chips]
            self._same(region.key, *found)
            self.trace.update(found[0].tobytes())
        self._same("weights", *(chip.read_weights().cpu().numpy() for chip in self.chips))
        tables = [chip.counter_table().cpu().numpy() for chip in self.chips]
        self._same("counters", *(table[:, :, MODEL_COUNTERS] for table in tables))

    def weights(self) -> bytes:
        """The weights of the first."""
        return self.chips[0].read_weights().cpu().numpy().tobytes()

    def _same(self, what: str, found: Any, expected: Any) -> None:
        if not np.array_equal(found, expected):
            place = tuple(int(k) for k in np.argwhere(found != expected)[0])
            values = f"{int(found[place])} and on the CPU {int(expected[place])}"
            tick = self.chips[0].tick_register - 1
            told = f"tick {tick}: {what}{list(place)} is {values} (geometry {shown(self.name)})"
            raise RuntimeError(told)


def _joined(hashes: Sequence[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
