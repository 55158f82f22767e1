"""Random but repeatable use of a device: spikes, errors, learning, and everything rarer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from axonloop.host.devices import region_shape
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Region, value_bits, writable
from axonloop.sim.stimulus import random_chip, random_chip_weights

SEGMENT = 48
"""Ticks for which the rates of spikes and errors stay."""
SPIKE_RATES = (0.0, 0.02, 0.1, 0.1, 0.3, 0.7)
ERROR_RATES = (0.0, 0.03, 0.1, 0.3, 1.0)
RARE = 0.01
"""Chance per tick of each of the rarer things."""
MODULATED = 0.2
"""Chance per tick of another modulation, where the build has terms."""


@dataclass(frozen=True)
class Operation:
    """One call of a `Device` method."""

    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class TrafficStep:
    """The packets around one tick, in this order: `before`, the tick, `after`, an `exchange`.

    `exchange`: every device restores the snapshot of another one; with `moved_tick` it goes on
    at another value of the tick register.
    """

    before: list[Operation] = field(default_factory=list)
    axons: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))
    learn: bool = False
    after: list[Operation] = field(default_factory=list)
    exchange: bool = False
    moved_tick: int | None = None


class RandomUse:
    """Draws `TrafficStep`s; the same seed and configuration draw the same ones."""

    def __init__(self, config: ChipConfig | CoreConfig, seed: int, learning: bool = True) -> None:
        self.config = chip = ChipConfig.of(config)
        self._rng = np.random.default_rng(seed)
        self._learning = learning
        self._left = 0
        self._sums = np.zeros((2, chip.neurons), np.int64)

    def weights(self) -> Int32Array:
        """Random weights for the present configuration."""
        return random_chip_weights(self._rng, self.config)

    def step(self) -> TrafficStep:
        """The next tick and what surrounds it."""
        if self._left == 0:
            self._left = SEGMENT
            self._spike_rate = float(self._rng.choice(SPIKE_RATES))
            self._error_rate = float(self._rng.choice(ERROR_RATES)) * self._learning
        self._left -= 1
        before = [*self._rarities(), *self._spikes(), *self._errors()]
        learn_now, learn_later = self._learning_times()
        after = [Operation("learn")] if learn_later else []
        if learn_now or learn_later:
            self._sums[:] = 0
        exchange = self._chance(RARE) and not self._sums.any()
        moved = int(self._rng.integers(2**32 - 8, 2**32)) if self._chance(0.3) else None
        axons = self._axons(self._spike_rate)
        return TrafficStep(before, axons, learn_now, after, exchange, moved if exchange else None)

    def _chance(self, probability: float) -> bool:
        return bool(self._rng.random() < probability)

    def _learning_times(self) -> tuple[bool, bool]:
        kind = self._rng.random() if self._learning else 1.0
        return bool(kind < 0.4), bool(0.4 <= kind < 0.7)

    def _axons(self, rate: float) -> Int32Array:
        chosen = self._rng.random(self.config.axons) < rate
        return self._rng.permutation(np.flatnonzero(chosen)).astype(np.int32)

    def _spikes(self) -> list[Operation]:
        if not self._chance(0.2):
            return []
        delay = int(self._rng.integers(0, self.config.geometry.max_delay + 1))
        return [Operation("send_spikes", (self._axons(self._spike_rate / 4), delay))]

    def _errors(self) -> list[Operation]:
        geometry, operations = self.config.geometry, []
        for ungated in (False, True):
            count = self._rng.binomial(
                self.config.neurons, self._error_rate * (0.3 if ungated else 1)
            )
            neurons = self._rng.integers(0, self.config.neurons, count).astype(np.int32)
            values = self._rng.integers(-geometry.error_max, geometry.error_max + 1, count)
            sums = self._sums[int(ungated)].copy()
            np.add.at(sums, neurons, values)
            if count and np.abs(sums).max() < 1 << (geometry.error_sum_bits - 1):
                self._sums[int(ungated)] = sums
                operations.append(Operation("send_errors", (neurons, values, ungated)))
        return operations

    def _rarities(self) -> list[Operation]:
        operations = []
        if self._chance(RARE):
            self._sums[:] = 0
            operations.append(Operation("clear"))
        if self._chance(RARE):
            regions = writable(self.config.geometry)
            region = regions[self._rng.integers(0, len(regions))]
            operations.append(Operation("write", (region, self._state(region))))
        geometry = self.config.geometry
        if geometry.terms and self._chance(MODULATED):
            limit = geometry.error_max
            operations.append(Operation("modulate", (int(self._rng.integers(-limit, limit + 1)),)))
        if self._chance(RARE):
            chip = self.config
            self.config = random_chip(self._rng, chip.geometry, chip.mesh, chip.first)
            operations.append(Operation("configure", (self.config,)))
            operations.append(Operation("load_weights", (self.weights(),)))
        return operations

    def _state(self, region: Region) -> Int32Array:
        """Contents that the core itself could have brought about: signed words symmetric."""
        bits, signed = value_bits(self.config.geometry)[region]
        high = 1 if region == Region.PENDING else (1 << bits - signed) - 1
        low = -high if signed and region != Region.RESET else 0
        shape = region_shape(self.config, region)
        return self._rng.integers(low, high + 1, shape).astype(np.int32)
