"""One shard of the soak: many copies of a random chip on all devices, compared at every tick."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from axonloop.host.verification.lockstep import DivergenceError
from axonloop.host.verification.population_use import (
    PopulationUse,
    operation_of,
)
from axonloop.host.verification.random_use import Operation, TrafficStep
from axonloop.models.config import ChipConfig, Geometry, Mesh
from axonloop.sim.stimulus import random_chip

GOLDEN, RTL, KERNELS, TORCH = "golden", "rtl", "kernels", "torch"
COPIES, TICKS = 192, 128
SINGLE = 16
"""Copies of a shard that are on the golden model too."""
RTL_SYNAPSES = 1 << 13
"""Synapses of all copies that are on RTL too: 2 to SINGLE copies."""


@dataclass(frozen=True)
class Shard:
    """Number `number` of a soak with seed `seed`: what it draws depends on nothing else."""

    seed: int
    number: int
    name: str
    geometry: Geometry
    mesh: Mesh
    ticks: int = TICKS
    copies: int = COPIES

    def devices(self) -> dict[str, int]:
        """How many copies are on each device."""
        golden = min(SINGLE, self.copies)
        synapses = self.geometry.axons * self.geometry.neurons * self.mesh.cores
        most = 2 if self.geometry.convolutions else max(2, RTL_SYNAPSES // synapses)
        rtl = min(golden, most)
        return {KERNELS: self.copies, TORCH: self.copies, GOLDEN: golden, RTL: rtl}


@dataclass(frozen=True)
class ShardResult:
    """A shard without differences.

    `compared`: ticks of chips that were compared; `ticks`: those of each device. `trace_hash` and
    `weight_hash` are SHA-256 over the hashes of all copies; `counters` are their sums by name.
    """

    compared: int
    ticks: dict[str, int]
    trace_hash: str
    weight_hash: str
    counters: dict[str, int]
    seconds: float


class Traffic:
    """What the copies of a shard are, and what is done with them.

    `load` is done before the first tick, `use` draws the ticks, `seeds` are those of the copies.
    """

    def __init__(self, shard: Shard) -> None:
        rng = np.random.default_rng((shard.seed, shard.number))
        self._config = random_chip(rng, shard.geometry, shard.mesh)
        self.seeds: list[int] = rng.integers(0, 2**32, shard.copies).tolist()
        self.use = PopulationUse(rng, self._config, shard.copies)
        self.load = Operation("load_weights", (self.use.weights(),))

    def config_of(self, copy: int) -> ChipConfig:
        """The chip of one copy, before the first tick."""
        seed = self.seeds[copy]
        cores = tuple(replace(core, seed=seed) for core in self._config.cores)
        return replace(self._config, cores=cores)

    def steps_of(self, copy: int, ticks: int) -> list[TrafficStep]:
        """The first steps of one copy, its weights loaded in the first; call it once."""
        steps = [self.use.step().of(copy) for _ in range(ticks)]
        first = [operation_of(self.load, copy), *steps[0].before]
        return [replace(steps[0], before=first), *steps[1:]]


class ShardError(RuntimeError):
    """Devices of a shard differ, or one of them failed: in copy `copy`, by `cause`."""

    def __init__(self, shard: Shard, copy: int, tick: int, cause: Exception) -> None:
        self.shard, self.copy, self.tick, self.cause = shard, copy, tick, cause
        where = f"shard {shard.number} ({shard.name}), copy {copy}"
        told = cause if isinstance(cause, DivergenceError) else repr(cause)
        super().__init__(f"{told} ({where}, tick {tick})")
