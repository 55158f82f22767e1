"""The run of a shard: many copies on all devices, compared at every tick."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import Device, GoldenDevice, RtlDevice, TraceHash, weight_hash
from axonloop.host.verification.lockstep import POSTED, DivergenceError
from axonloop.host.verification.population_use import PopulationStep, operation_of
from axonloop.host.verification.random_use import Operation
from axonloop.host.verification.shard import (
    GOLDEN,
    KERNELS,
    RTL,
    TORCH,
    Shard,
    ShardError,
    ShardResult,
    Traffic,
)
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import MODEL_COUNTERS, Counter, Region, state_regions
from axonloop.sim.batched import BatchedChip
from axonloop.sim.build import BuildError, MissingToolError

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
        """All ticks; `progress` hears of every tick of a chip. ShardError where devices differ.

        A device that raises what it should not differs, too.
        """
        started = time.process_time()
        with ExitStack() as stack:
            try:
                self._open(stack)
                self._run(progress)
            except (MissingToolError, BuildError, OSError, MemoryError):
                raise  # of the machine, not of the chip
            except Exception as error:
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
        shard = self._shard
        lengths = np.random.default_rng((shard.seed, shard.number, 1))
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
        reported = [chip.tick(step.spikes).cpu().numpy() for chip in self._populations.values()]
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
        weights = [chip.read_weights().cpu().numpy() for chip in chips]
        self._same_in_all("weight", weights)
        tables = [chip.counter_table().cpu().numpy()[:, :, MODEL_COUNTERS] for chip in chips]
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
        weights = [weight_hash(each, shard.geometry) for each in first.read_weights().cpu().numpy()]
        totals = first.counter_table().cpu().numpy().sum((0, 1)).tolist()
        return ShardResult(
            compared=shard.copies * shard.ticks,
            ticks={name: count * shard.ticks for name, count in shard.devices().items()},
            trace_hash=_joined([digest.hexdigest() for digest in self._hashes]),
            weight_hash=_joined(weights),
            counters={counter.name.lower(): totals[counter] for counter in COUNTED},
            seconds=round(seconds, 2),
        )


def _numbers(chip: BatchedChip, region: Region) -> Integers:
    found: Integers = chip.read(region).cpu().numpy()
    return found


def _joined(hashes: list[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
