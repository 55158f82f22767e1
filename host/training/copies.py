"""Chips of one configuration in step, each with weights and a seed of its own.

Experiments with processing cores of their own run on `Copies`, and cannot tell a population on the
batched emulator from a lone device: either gives every copy the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.devices import Device, open_device
from axonloop.host.training.in_loop import POPULATION
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import MODEL_COUNTERS
from axonloop.sim.batched import BatchedChip

Flags = NDArray[np.bool_]
Weights = NDArray[np.int32]


class Copies(Protocol):
    """What an experiment asks of its chips; `count` is how many there are."""

    count: int
    config: ChipConfig

    def configure(self, config: ChipConfig) -> None:
        """Write all registers; the copies keep their seeds."""

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""

    def tick(self, arriving: Flags) -> Flags:
        """Run a tick: `(copies, axons)` in, the spikes `(copies, neurons)` out."""

    def teach(self, errors: NDArray[Any]) -> None:
        """Learn from gated error events, whole numbers `(copies, neurons)`."""

    def weights(self) -> Weights:
        """Those of all copies, `(copies, axons, neurons of a core)`."""

    def counters(self) -> list[dict[str, int]]:
        """What each copy's chip counted."""


class BatchedCopies:
    """All copies at once on the batched emulator."""

    def __init__(self, config: ChipConfig, weights: Weights, seeds: Sequence[int]) -> None:
        torch.set_num_threads(1)
        self.count, self.config, self._seeds = len(seeds), config, list(seeds)
        self._chip = BatchedChip(config, self.count, shared=False, seeds=self._seeds)
        self._chip.load_weights(weights)

    def configure(self, config: ChipConfig) -> None:
        """Write all registers; the copies keep their seeds."""
        self._chip.configure(config)
        self._chip.restore(self._chip.snapshot() | {"seeds": self._seeds})
        self.config = config

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._chip.clear()

    def tick(self, arriving: Flags) -> Flags:
        """Run a tick: `(copies, axons)` in, the spikes `(copies, neurons)` out."""
        spikes: Flags = self._chip.tick(torch.from_numpy(arriving)).numpy()
        return spikes

    def teach(self, errors: NDArray[Any]) -> None:
        """Learn from gated error events, whole numbers `(copies, neurons)`."""
        if errors.any():
            self._chip.send_errors(torch.from_numpy(errors.astype(np.int32)))
            self._chip.learn()

    def weights(self) -> Weights:
        """Those of all copies, `(copies, axons, neurons of a core)`."""
        weights: Weights = self._chip.read_weights().numpy()
        return weights

    def counters(self) -> list[dict[str, int]]:
        """What each copy's chip counted."""
        table = self._chip.counters().tolist()
        return [{c.name.lower(): int(row[c]) for c in MODEL_COUNTERS} for row in table]


class SingleCopy:
    """One copy, on any device."""

    def __init__(self, device: Device, weights: Weights) -> None:
        torch.set_num_threads(1)
        self.count, self.config, self._device = 1, device.config, device
        device.load_weights(weights)

    def configure(self, config: ChipConfig) -> None:
        """Write all registers; the copy keeps its seed."""
        self.config = seeded(config, self.config.seed)
        self._device.configure(self.config)

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._device.clear()

    def tick(self, arriving: Flags) -> Flags:
        """Run a tick: `(1, axons)` in, the spikes `(1, neurons)` out."""
        spikes = np.zeros((1, self.config.neurons), dtype=bool)
        spikes[0, self._device.tick(np.flatnonzero(arriving[0]).astype(np.int32))] = True
        return spikes

    def teach(self, errors: NDArray[Any]) -> None:
        """Learn from gated error events, whole numbers `(1, neurons)`."""
        (neurons,) = errors[0].nonzero()
        if len(neurons):
            self._device.send_errors(neurons.astype(np.int32), errors[0, neurons].astype(np.int32))
            self._device.learn()

    def weights(self) -> Weights:
        """Those of the copy, `(1, axons, neurons of a core)`."""
        return self._device.read_weights()[None]

    def counters(self) -> list[dict[str, int]]:
        """What the chip counted."""
        found = self._device.counters()
        return [{counter.name.lower(): found[counter] for counter in MODEL_COUNTERS}]


def seeded(config: ChipConfig, seed: int) -> ChipConfig:
    """The same chip with another seed."""
    return replace(config, cores=tuple(replace(core, seed=seed) for core in config.cores))


def groups_of(device: str, copies: int) -> list[list[int]]:
    """Which copies run together: all of them in a POPULATION, else one by one."""
    every = list(range(copies))
    return [every] if device == POPULATION else [[copy] for copy in every]


@contextmanager
def open_copies(
    device: str, config: ChipConfig, weights: Weights, seeds: Sequence[int]
) -> Iterator[Copies]:
    """A group of copies with their first weights, `(copies, axons, neurons of a core)`."""
    if device == POPULATION:
        yield BatchedCopies(config, weights, seeds)
        return
    with open_device(device, seeded(config, seeds[0])) as chip:
        yield SingleCopy(chip, weights[0])
