"""Devices side by side: the same traffic, and after every tick the same bits or an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import Device, TraceHash, weight_hash
from axonloop.host.verification.random_use import Operation, RandomUse, TrafficStep
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import MODEL_COUNTERS, Counter, Region, state_regions

POSTED: tuple[Region, ...] = (Region.PENDING, Region.GATED, Region.UNGATED)
"""State that packets change between ticks; it is compared after every tick, behind the rest."""
SMALL_WEIGHTS = 1024
"""Up to so many weights are compared after every learning step; more, now and then."""
NOW_AND_THEN = 16

TickProgress = Callable[[int], None]


class DivergenceError(RuntimeError):
    """Two devices differ: `unit[index]` after tick number `tick` (0: the first) of a lockstep.

    `unit` is a region's or counter's name in lower case, "weight", "reported", or a register;
    `values` holds the value on every device, by the device's name.
    """

    def __init__(self, tick: int, unit: str, index: tuple[int, ...], values: dict[str, int]):
        self.tick, self.unit, self.index, self.values = tick, unit, index, values
        found = ", ".join(f"{name} {value}" for name, value in values.items())
        where = f"{unit}{list(index)}" if index else unit
        super().__init__(f"devices must agree, not differ at tick {tick} in {where}: {found}")


@dataclass(frozen=True)
class Report:
    """A lockstep that found no difference; hashes by device name."""

    ticks: int
    trace_hashes: dict[str, str]
    weight_hashes: dict[str, str]
    counters: dict[Counter, int] = field(default_factory=dict)


class Lockstep:
    """Runs `devices`, which hold `config`, on one stream of random traffic.

    Random weights are loaded first. Device names must differ.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        config: ChipConfig | CoreConfig,
        seed: int,
        learning: bool = True,
    ) -> None:
        self._names = [device.name for device in devices]
        distinct = len(set(self._names)) == len(devices) > 1
        require(distinct, "devices", "two or more with different names", self._names)
        require_range("seed", seed, 0, 2**64 - 1)
        self._devices = list(devices)
        self._traffic = RandomUse(config, seed, learning)
        self._hashes = [TraceHash() for _ in devices]
        self._state = state_regions(self._traffic.config.geometry)
        self._tick = 0
        self._apply(Operation("load_weights", (self._traffic.weights(),)))

    def run(self, ticks: int, progress: TickProgress | None = None) -> Report:
        """Run and compare; DivergenceError at the first difference."""
        for _ in range(ticks):
            self._step(self._traffic.step())
            self._tick += 1
            if progress is not None:
                progress(1)
        self._compare_weights()
        counters = self._compare_counters()
        geometry = self._traffic.config.geometry
        weights = [weight_hash(device.read_weights(), geometry) for device in self._devices]
        traces = [digest.hexdigest() for digest in self._hashes]
        return Report(
            self._tick,
            dict(zip(self._names, traces, strict=True)),
            dict(zip(self._names, weights, strict=True)),
            counters,
        )

    def _step(self, step: TrafficStep) -> None:
        for operation in step.before:
            self._apply(operation)
        if step.before and self._tick % 4 == 0:
            self._compare_regions(POSTED)
        reported = [device.tick(step.axons, step.learn) for device in self._devices]
        self._same("reported", reported)
        self._hash(self._compare_regions((*self._state, *POSTED)))
        for operation in step.after:
            self._apply(operation)
        self._compare_rest(learned=step.learn or bool(step.after))
        if step.exchange:
            self._exchange(step.moved_tick)

    def _compare_rest(self, learned: bool) -> None:
        """Weights and counters, as often as they are worth their time."""
        chip = self._traffic.config
        small = chip.weight_rows * chip.geometry.weight_columns <= SMALL_WEIGHTS
        due = self._tick % NOW_AND_THEN == NOW_AND_THEN - 1
        if due or (small and learned):
            self._compare_weights()
        if due:
            self._compare_counters()

    def _apply(self, operation: Operation) -> None:
        for device in self._devices:
            getattr(device, operation.method)(*operation.arguments)

    def _compare_regions(self, regions: Sequence[Region]) -> list[list[Int32Array]]:
        """Read and compare; the state arrays of every device."""
        found = [device.read_many(regions) for device in self._devices]
        joined = [np.concatenate([array.ravel() for array in arrays]) for arrays in found]
        if any(not np.array_equal(joined[0], other) for other in joined[1:]):
            for region, arrays in zip(regions, zip(*found, strict=True), strict=True):
                self._same(region.name.lower(), list(arrays))
        return found

    def _hash(self, found: list[list[Int32Array]]) -> None:
        for digest, arrays in zip(self._hashes, found, strict=True):
            digest.update([np.concatenate(arrays[: len(self._state)])])

    def _compare_weights(self) -> None:
        self._same("weight", [device.read_weights() for device in self._devices])

    def _compare_counters(self) -> dict[Counter, int]:
        tables = [device.counter_table() for device in self._devices]
        for counter in MODEL_COUNTERS:
            self._same(counter.name.lower(), [table[:, counter] for table in tables])
        found = self._devices[0].counters()
        return {counter: found[counter] for counter in MODEL_COUNTERS}

    def _exchange(self, moved_tick: int | None) -> None:
        """Compare snapshots and give every device that of its neighbour."""
        snapshots = [device.snapshot() for device in self._devices]
        for name in ("tick", "seed", "learned", "modulation"):
            self._same_number(name, [int(snapshot[name]) for snapshot in snapshots])
        for device, snapshot in zip(self._devices, snapshots[1:] + snapshots[:1], strict=True):
            tick = snapshot["tick"] if moved_tick is None else moved_tick
            device.restore(snapshot | {"tick": tick})

    def _same_number(self, unit: str, values: list[int]) -> None:
        if len(set(values)) > 1:
            raise DivergenceError(self._tick, unit, (), self._by_name(values))

    def _same(self, unit: str, arrays: Sequence[NDArray[np.integer]]) -> None:
        """DivergenceError for the first element that is not the same everywhere."""
        first = arrays[0]
        for other in arrays[1:]:
            if first.shape != other.shape:
                sizes = [array.size for array in arrays]
                raise DivergenceError(self._tick, f"number of {unit}", (), self._by_name(sizes))
            different = first != other
            if different.any():
                where = tuple(int(k) for k in np.argwhere(different)[0])
                values = [int(array[where]) for array in arrays]
                raise DivergenceError(self._tick, unit, where, self._by_name(values))

    def _by_name(self, values: list[int]) -> dict[str, int]:
        return dict(zip(self._names, values, strict=True))
