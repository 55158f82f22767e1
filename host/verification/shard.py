"""One shard of the soak: many copies of a random chip on all devices, compared at every tick."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import (
    Device,
    DeviceError,
    GoldenDevice,
    RtlDevice,
    TraceHash,
    weight_hash,
)
from axonloop.host.verification.lockstep import POSTED, DivergenceError
from axonloop.host.verification.population_use import (
    PopulationStep,
    PopulationUse,
    operation_of,
)
from axonloop.host.verification.random_use import Operation, TrafficStep
from axonloop.models.config import ChipConfig, Geometry, Mesh
from axonloop.models.protocol import MODEL_COUNTERS, Counter, Region, state_regions
from axonloop.sim.batched import BatchedChip
from axonloop.sim.build import SimulationError
from axonloop.sim.stimulus import random_chip

GOLDEN, RTL, KERNELS, TORCH = "golden", "rtl", "kernels", "torch"
COPIES, TICKS = 192, 128
SINGLE = 16
"""Copies of a shard that are on the golden model too."""
RTL_SYNAPSES = 1 << 13
"""Synapses of all copies that are on RTL too: 2 to SINGLE copies."""
STRETCH = (32, 96)
"""Least and most ticks between two comparisons of all that is not compared at every tick."""
FLOAT = "float64"
"""The arithmetic of torch: exact for all widths."""

COUNTED = Counter.SPIKES, Counter.SYNOPS, Counter.VISITS, Counter.UPDATES
Integers = NDArray[Any]
OpenOne = Callable[[str, ChipConfig, int], Device]
OpenMany = Callable[[str, ChipConfig, int, Sequence[int]], BatchedChip]


def open_one(name: str, config: ChipConfig, seed: int) -> Device:
    """The device of one copy; `seed` is of what the RTL leaves undefined."""
    return GoldenDevice(config) if name == GOLDEN else RtlDevice(config, seed=seed)


def open_many(name: str, config: ChipConfig, copies: int, seeds: Sequence[int]) -> BatchedChip:
    """A derivation of the batched emulator with all copies."""
    arithmetic = "compiled" if name == KERNELS else FLOAT
    return BatchedChip(config, copies, False, "cpu", seeds, arithmetic)


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
        """How many copies are on each device. There is neither RTL nor C++ of convolutions."""
        if self.geometry.convolutions:
            return {TORCH: self.copies, GOLDEN: self.copies}
        golden = min(SINGLE, self.copies)
        synapses = self.geometry.axons * self.geometry.neurons * self.mesh.cores
        rtl = min(golden, max(2, RTL_SYNAPSES // synapses))
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
        super().__init__(f"{cause} ({where}, tick {tick})")


class ShardRun:
    """The chips of a shard: `populations` hold all copies, `singles` a device for each of some.

    The first population is what all others are compared with.
    """

    def __init__(self, shard: Shard, one: OpenOne = open_one, many: OpenMany = open_many) -> None:
        self._shard, self._one, self._many = shard, one, many
        self._traffic = Traffic(shard)
        self._config = self._traffic.use.config
        self._regions = (*state_regions(shard.geometry), *POSTED)
        self._hashes = [TraceHash() for _ in range(shard.copies)]
        self._tick, self._copy = 0, 0

    def run(self, progress: Callable[[int], None] = lambda done: None) -> ShardResult:
        """All ticks; `progress` hears of every tick of a chip. ShardError where devices differ."""
        started = time.process_time()
        with ExitStack() as stack:
            try:
                self._open(stack)
                self._run(progress)
            except (DivergenceError, DeviceError, SimulationError) as error:
                raise ShardError(self._shard, self._copy, self._tick, error) from error
            return self._result(time.process_time() - started)

    def _open(self, stack: ExitStack) -> None:
        shard, counts, seeds = self._shard, self._shard.devices(), self._traffic.seeds
        self._populations = {
            name: self._many(name, self._config, shard.copies, seeds)
            for name in (KERNELS, TORCH)
            if name in counts
        }
        self._first = next(iter(self._populations.values()))
        self._singles: dict[str, list[Device]] = {name: [] for name in (GOLDEN, RTL)}
        for name, devices in self._singles.items():
            for self._copy in range(counts.get(name, 0)):
                config = self._traffic.config_of(self._copy)
                devices.append(stack.enter_context(self._one(name, config, self._copy)))

    def _run(self, progress: Callable[[int], None]) -> None:
        shard, lengths = (
            self._shard,
            np.random.default_rng((self._shard.seed, self._shard.number, 1)),
        )
        self._apply(self._traffic.load)
        due = 0
        for self._tick in range(shard.ticks):
            self._step(self._traffic.use.step())
            due = due or int(self._tick + lengths.integers(*STRETCH))
            if self._tick in (due, shard.ticks - 1):
                self._compare_rest()
                due = 0
            progress(shard.copies)

    def _step(self, step: PopulationStep) -> None:
        for operation in step.before:
            self._apply(operation)
        reported = [chip.tick(step.spikes).numpy() for chip in self._populations.values()]
        if step.learn:
            for chip in self._populations.values():
                chip.learn()
        self._same_in_all("reported", reported)
        for name, devices in self._singles.items():
            for self._copy, device in enumerate(devices):
                axons = np.flatnonzero(step.spikes[self._copy]).astype(np.int32)
                found = np.zeros_like(reported[0][0])
                found[device.tick(axons, step.learn)] = True
                self._same("reported", reported[0][self._copy], name, found)
        self._compare_state()
        for operation in step.after:
            self._apply(operation)
        if step.exchange:
            self._exchange(step.moved_tick)

    def _apply(self, operation: Operation) -> None:
        """Do an operation everywhere."""
        for chip in self._populations.values():
            getattr(chip, operation.method)(*operation.arguments)
        for devices in self._singles.values():
            for self._copy, device in enumerate(devices):
                own = operation_of(operation, self._copy)
                getattr(device, own.method)(*own.arguments)

    def _exchange(self, moved_tick: int | None) -> None:
        """Every device goes on from the snapshot of another one of its copies."""
        moved = {} if moved_tick is None else {"tick": moved_tick}
        groups: list[list[Any]] = [list(self._populations.values())]
        groups += [list(filter(None, own)) for own in zip_longest(*self._singles.values())]
        for group in groups:
            snapshots = [each.snapshot() for each in group]
            for each, snapshot in zip(group, snapshots[1:] + snapshots[:1], strict=True):
                each.restore(snapshot | moved)

    def _compare_state(self) -> None:
        """All state of populations and golden model; it goes into the hashes."""
        found = [[_numbers(chip, r) for r in self._regions] for chip in self._populations.values()]
        for region, arrays in zip(self._regions, zip(*found, strict=True), strict=True):
            self._same_in_all(region.key, arrays)
        states = len(self._regions) - len(POSTED)
        for copy, digest in enumerate(self._hashes):
            digest.update([np.concatenate([array[copy] for array in found[0][:states]])])
        self._expected = found[0]
        self._compare_singles(GOLDEN)

    def _compare_singles(self, name: str) -> None:
        """The state of all devices of a kind."""
        devices = self._singles[name]
        for self._copy, device in enumerate(devices):
            for region, own, array in zip(
                self._regions, self._expected, device.read_many(self._regions), strict=True
            ):
                if not np.array_equal(own[self._copy], array):
                    self._same(region.key, own[self._copy], name, array)

    def _compare_rest(self) -> None:
        """The state of the RTL; weights and counters of all."""
        self._expected = [_numbers(self._first, region) for region in self._regions]
        self._compare_singles(RTL)
        chips = self._populations.values()
        weights = [chip.read_weights().numpy() for chip in chips]
        self._same_in_all("weight", weights)
        tables = [chip.counter_table().numpy()[:, :, MODEL_COUNTERS] for chip in chips]
        self._same_in_all("counter", tables)
        for name, devices in self._singles.items():
            for self._copy, device in enumerate(devices):
                self._same("weight", weights[0][self._copy], name, device.read_weights())
                own = device.counter_table()[:, MODEL_COUNTERS]
                self._same("counter", tables[0][self._copy], name, own)

    def _same_in_all(self, unit: str, arrays: Sequence[Integers]) -> None:
        """Compare the arrays of all populations, copies first."""
        for name, other in zip(self._populations, arrays, strict=True):
            if not np.array_equal(arrays[0], other):
                self._copy = int(np.argwhere(arrays[0] != other)[0][0])
                self._same(unit, arrays[0][self._copy], name, other[self._copy])

    def _same(self, unit: str, expected: Integers, name: str, found: Integers) -> None:
        """DivergenceError for the first word of a copy that is not as expected."""
        if not np.array_equal(expected, found):
            where = tuple(int(k) for k in np.argwhere(expected != found)[0])
            first = next(iter(self._populations))
            values = {first: int(expected[where]), name: int(found[where])}
            raise DivergenceError(self._tick, unit, where, values)

    def _result(self, seconds: float) -> ShardResult:
        shard, first = self._shard, self._first
        weights = [weight_hash(each, shard.geometry) for each in first.read_weights().numpy()]
        totals = first.counter_table().numpy().sum((0, 1)).tolist()
        return ShardResult(
            compared=shard.copies * shard.ticks,
            ticks={name: count * shard.ticks for name, count in shard.devices().items()},
            trace_hash=_joined([digest.hexdigest() for digest in self._hashes]),
            weight_hash=_joined(weights),
            counters={counter.name.lower(): totals[counter] for counter in COUNTED},
            seconds=round(seconds, 2),
        )


def _numbers(chip: BatchedChip, region: Region) -> Integers:
    found: Integers = chip.read(region).numpy()
    return found


def _joined(hashes: list[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
