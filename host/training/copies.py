"""Chips of one configuration in step, each with weights and a seed of its own.

The training loop runs on `Copies` and cannot tell many chips on the batched emulator from a lone
device: either gives every copy the same bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import torch

from axonloop.host.devices import Device, LinkUse, open_device
from axonloop.host.processing import Errors, Events, Flags, Modulation
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import MODEL_COUNTERS, Region
from axonloop.sim.batched import BatchedChip

Weights = Int32Array
POPULATION = "population"
"""All chips of a kind at once, on the batched emulator."""


class Copies(ABC):
    """What training asks of its chips; `count` is how many there are."""

    count: int
    config: ChipConfig

    @abstractmethod
    def configure(self, config: ChipConfig) -> None:
        """Write all registers; the copies keep their seeds."""

    @abstractmethod
    def load_weights(self, weights: Weights) -> None:
        """Those of all copies: int32 `(copies, axons, neurons of a core)`."""

    @abstractmethod
    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""

    @abstractmethod
    def send_tick(self, arriving: Flags, learn: bool = False) -> None:
        """Run a tick with spikes `(copies, axons)`, but do not wait; `learn` follows at once."""

    @abstractmethod
    def take_tick(self) -> Flags:
        """The spikes of the oldest tick that was sent, `(copies, neurons)`."""

    def tick(self, arriving: Flags) -> Flags:
        """Run a tick and wait for its spikes."""
        self.send_tick(arriving)
        return self.take_tick()

    @abstractmethod
    def run(self, raster: Flags) -> Flags:
        """Run ticks without learning: `(ticks, copies, axons)` into `(ticks, copies, neurons)`."""

    @abstractmethod
    def send_errors(self, errors: Errors, ungated: bool = False) -> None:
        """Send error events, `(copies, neurons)`."""

    @abstractmethod
    def learn(self) -> None:
        """Apply the errors sent."""

    def teach(self, events: Events) -> None:
        """Learn from the events of a tick, if there are any."""
        if events.gated is not None:
            self.send_errors(events.gated)
        if events.ungated is not None:
            self.send_errors(events.ungated, ungated=True)
        if events.gated is not None or events.ungated is not None:
            self.learn()

    @abstractmethod
    def modulate(self, values: Modulation) -> None:
        """Broadcast in each copy its own third factor M, `(copies,)`."""

    @abstractmethod
    def weights(self) -> Weights:
        """Those of all copies, `(copies, axons, neurons of a core)`."""

    @abstractmethod
    def count_writes(self) -> bool:
        """Count how often pulses write each synapse; False where that cannot be."""

    @abstractmethod
    def writes(self) -> Weights:
        """How often that was, since `count_writes`: of the shape of `weights`."""

    @abstractmethod
    def read(self, region: Region) -> Int32Array:
        """The state array of all copies, int32 `(copies, ...)`, as of `Device.read`."""

    @abstractmethod
    def counters(self) -> list[dict[str, int]]:
        """What each copy's chip counted, by the names that every device has."""

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """All state of the chips, for `restore`."""

    @abstractmethod
    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what `snapshot` returned."""

    @property
    @abstractmethod
    def chip_seconds(self) -> float:
        """Seconds spent in the chips and on the link to them, or in the model."""

    @property
    def link_use(self) -> LinkUse | None:
        """What the link to the chip carried so far; None where there is no link."""
        return None


class BatchedCopies(Copies):
    """All copies at once on the batched emulator."""

    def __init__(self, config: ChipConfig, seeds: Sequence[int]) -> None:
        self.count, self.config, self._seeds = len(seeds), config, list(seeds)
        self._chip = BatchedChip(config, self.count, shared=False, seeds=self._seeds)
        self._under_way: deque[Flags] = deque()
        self._seconds = 0.0

    @property
    def chip_seconds(self) -> float:
        """Seconds spent in the emulator's ticks and learning."""
        return self._seconds

    def configure(self, config: ChipConfig) -> None:
        """Write all registers; the copies keep their seeds."""
        self._chip.configure(config)
        self._chip.restore(self._chip.snapshot() | {"seeds": self._seeds})
        self.config = config

    def load_weights(self, weights: Weights) -> None:
        """Those of all copies: int32 `(copies, axons, neurons of a core)`."""
        self._chip.load_weights(weights)

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._chip.clear()

    def send_tick(self, arriving: Flags, learn: bool = False) -> None:
        """Run a tick with spikes `(copies, axons)`; `learn` follows at once."""
        start = perf_counter()
        self._under_way.append(self._chip.tick(torch.from_numpy(arriving)).numpy())
        if learn:
            self._chip.learn()
        self._seconds += perf_counter() - start

    def take_tick(self) -> Flags:
        """The spikes of the oldest tick that was sent, `(copies, neurons)`."""
        return self._under_way.popleft()

    def run(self, raster: Flags) -> Flags:
        """Run ticks without learning: `(ticks, copies, axons)` into `(ticks, copies, neurons)`."""
        spikes: Flags = self._chip.run(torch.from_numpy(raster)).numpy()
        return spikes

    def send_errors(self, errors: Errors, ungated: bool = False) -> None:
        """Send error events, `(copies, neurons)`."""
        self._chip.send_errors(torch.from_numpy(errors), ungated)

    def learn(self) -> None:
        """Apply the errors sent."""
        start = perf_counter()
        self._chip.learn()
        self._seconds += perf_counter() - start

    def modulate(self, values: Modulation) -> None:
        """Broadcast in each copy its own third factor M, `(copies,)`."""
        self._chip.modulate(torch.from_numpy(values))

    def weights(self) -> Weights:
        """Those of all copies, `(copies, axons, neurons of a core)`."""
        weights: Weights = self._chip.read_weights().numpy()
        return weights

    def count_writes(self) -> bool:
        """Count how often pulses write each synapse; False in a build without pulses."""
        if self.config.geometry.memristor < 2:
            return False
        self._chip.count_writes()
        return True

    def writes(self) -> Weights:
        """How often that was, since `count_writes`: of the shape of `weights`."""
        writes: Weights = self._chip.writes().numpy()
        return writes

    def read(self, region: Region) -> Int32Array:
        """The state array of all copies, int32 `(copies, ...)`."""
        values: Int32Array = self._chip.read(region).numpy()
        return values

    def counters(self) -> list[dict[str, int]]:
        """What each copy's chip counted."""
        table = self._chip.counters().tolist()
        return [{c.name.lower(): int(row[c]) for c in MODEL_COUNTERS} for row in table]

    def snapshot(self) -> dict[str, Any]:
        """All state of the chips, for `restore`."""
        return self._chip.snapshot()

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what `snapshot` returned."""
        self._chip.restore(snapshot)


class SharedCopies(BatchedCopies):
    """Copies that share one weight memory and one seed: the samples of a batch, learned at once.

    A weight takes the exact sum of what all copies ask of it, rounded once (docs/batched.md).
    """

    def __init__(self, config: ChipConfig, batch: int) -> None:
        self.count, self.config = batch, config
        self._chip = BatchedChip(config, batch, shared=True)
        self._under_way: deque[Flags] = deque()
        self._seconds = 0.0

    def configure(self, config: ChipConfig) -> None:
        """Write all registers, the seed too."""
        self._chip.configure(config)
        self.config = config

    def load_weights(self, weights: Weights) -> None:
        """Those of all copies, which must be the same: `(batch, axons, neurons of a core)`."""
        alike = bool((weights == weights[:1]).all())
        require(alike, "weights of a batch", "the same in all copies", "different ones")
        self._chip.load_weights(weights[0])

    def weights(self) -> Weights:
        """The one memory, for every copy: `(batch, axons, neurons of a core)`."""
        return np.repeat(self._chip.read_weights().numpy()[None], self.count, axis=0)

    def writes(self) -> Weights:
        """How often each synapse of the one memory was written, for every copy."""
        return np.repeat(self._chip.writes().numpy()[None], self.count, axis=0)


class SingleCopy(Copies):
    """One copy, on any device."""

    def __init__(self, device: Device) -> None:
        self.count, self.config, self.device = 1, device.config, device

    @property
    def chip_seconds(self) -> float:
        """Seconds spent in the chip and on the link to it, or in the model."""
        return self.device.telemetry.chip_seconds

    @property
    def link_use(self) -> LinkUse | None:
        """What the link to the chip carried so far; None where there is no link."""
        return self.device.telemetry.link_use

    def configure(self, config: ChipConfig) -> None:
        """Write all registers; the copy keeps its seed."""
        self.config = seeded(config, self.config.seed)
        self.device.configure(self.config)

    def load_weights(self, weights: Weights) -> None:
        """Those of the copy: int32 `(1, axons, neurons of a core)`."""
        self.device.load_weights(weights[0])

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self.device.clear()

    def send_tick(self, arriving: Flags, learn: bool = False) -> None:
        """Run a tick with spikes `(1, axons)`, but do not wait; `learn` follows at once."""
        self.device.send_tick(arriving[0].nonzero()[0].astype(np.int32), learn)

    def take_tick(self) -> Flags:
        """The spikes of the oldest tick that was sent, `(1, neurons)`."""
        spikes = np.zeros((1, self.config.neurons), dtype=bool)
        spikes[0, self.device.take_tick()] = True
        return spikes

    def run(self, raster: Flags) -> Flags:
        """Run ticks without learning: `(ticks, 1, axons)` in, `(ticks, 1, neurons)` out."""
        trains = [row[0].nonzero()[0].astype(np.int32) for row in raster]
        spikes = np.zeros((len(raster), 1, self.config.neurons), dtype=bool)
        for tick, neurons in enumerate(self.device.run(trains)):
            spikes[tick, 0, neurons] = True
        return spikes

    def send_errors(self, errors: Errors, ungated: bool = False) -> None:
        """Send error events, `(1, neurons)`."""
        (neurons,) = errors[0].nonzero()
        self.device.send_errors(neurons.astype(np.int32), errors[0].take(neurons), ungated)

    def learn(self) -> None:
        """Apply the errors sent."""
        self.device.learn()

    def modulate(self, values: Modulation) -> None:
        """Broadcast the third factor M, `(1,)`."""
        self.device.modulate(int(values[0]))

    def weights(self) -> Weights:
        """Those of the copy, `(1, axons, neurons of a core)`."""
        return self.device.read_weights()[None]

    def count_writes(self) -> bool:
        """Count how often pulses write each synapse; False where the device cannot."""
        return self.device.count_writes()

    def writes(self) -> Weights:
        """How often that was, since `count_writes`: `(1, axons, neurons of a core)`."""
        return self.device.read_writes()[None]

    def read(self, region: Region) -> Int32Array:
        """The state array of the copy, int32 `(1, ...)`."""
        return self.device.read(region)[None]

    def counters(self) -> list[dict[str, int]]:
        """What the chip counted, by the names that every device has."""
        found = self.device.counters()
        return [{counter.name.lower(): found[counter] for counter in MODEL_COUNTERS}]

    def snapshot(self) -> dict[str, Any]:
        """All state of the chip, for `restore`."""
        return self.device.snapshot()

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what `snapshot` returned."""
        self.device.restore(snapshot)


def seeded(config: ChipConfig, seed: int) -> ChipConfig:
    """The same chip with another seed."""
    return replace(config, cores=tuple(replace(core, seed=seed) for core in config.cores))


def groups_of(device: str, copies: int) -> list[list[int]]:
    """Which copies run together: all of them in a POPULATION, else one by one."""
    every = list(range(copies))
    return [every] if device == POPULATION else [[copy] for copy in every]


@contextmanager
def open_copies(device: str, config: ChipConfig, seeds: Sequence[int]) -> Iterator[Copies]:
    """A group of copies; the device called `device` is open as long as the block lasts."""
    if device == POPULATION:
        yield BatchedCopies(config, seeds)
        return
    with open_device(device, seeded(config, seeds[0])) as chip:
        yield SingleCopy(chip)
