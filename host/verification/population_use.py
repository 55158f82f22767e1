"""Random use of many copies of a chip at once; every copy's part is a `TrafficStep` of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import region_shape
from axonloop.host.verification.random_use import (
    ERROR_RATES,
    MODULATED,
    RARE,
    SEGMENT,
    SPIKE_RATES,
    Operation,
    TrafficStep,
)
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import state_limits, writable
from axonloop.sim.stimulus import random_chip, random_chip_weights

CONFIGURED = 0.03
"""Chance per tick of another configuration, with weights of its own for every copy."""


@dataclass(frozen=True)
class PopulationStep:
    """The packets around one tick of all copies, as in `TrafficStep`.

    `spikes` is bool `(copies, axons)`. Operations are methods of `BatchedChip`, and their arrays
    have the copies first; when copies learn, are cleared or configured, all do.
    """

    before: list[Operation]
    spikes: NDArray[np.bool_]
    learn: bool
    after: list[Operation]
    exchange: bool
    moved_tick: int | None

    def of(self, copy: int) -> TrafficStep:
        """What the chip of one copy gets."""
        return TrafficStep(
            [operation_of(operation, copy) for operation in self.before],
            _true(self.spikes[copy]),
            self.learn,
            list(self.after),
            self.exchange,
            self.moved_tick,
        )


def operation_of(operation: Operation, copy: int) -> Operation:
    """The operation of one copy, a method of `Device`."""
    method, arguments = operation.method, operation.arguments
    if method == "send_spikes":
        spikes, delay = arguments
        return Operation(method, (_true(spikes[copy]), delay))
    if method == "send_errors":
        values, ungated, events = arguments
        neurons = _true(events[copy])
        return Operation(method, (neurons, values[copy, neurons], ungated))
    if method == "modulate":
        return Operation(method, (int(arguments[0][copy]),))
    if method == "write":
        region, values = arguments
        return Operation(method, (region, values[copy]))
    if method == "load_weights":
        return Operation(method, (arguments[0][copy],))
    return operation


def _true(flags: NDArray[np.bool_]) -> Int32Array:
    return np.flatnonzero(flags).astype(np.int32)


class PopulationUse:
    """Draws `PopulationStep`s; the same generator, configuration and copies draw the same ones."""

    def __init__(self, rng: np.random.Generator, config: ChipConfig, copies: int) -> None:
        self.config, self.copies = config, copies
        self._rng, self._left = rng, 0
        self._sums = np.zeros((2, copies, config.neurons), np.int64)

    def weights(self) -> Int32Array:
        """Random weights of every copy for the present configuration, copies first."""
        return np.stack([random_chip_weights(self._rng, self.config) for _ in range(self.copies)])

    def step(self) -> PopulationStep:
        """The next tick and what surrounds it."""
        if self._left == 0:
            self._left = SEGMENT
            self._spike_rates = self._rng.choice(SPIKE_RATES, (self.copies, 1))
            self._error_rates = self._rng.choice(ERROR_RATES, (self.copies, 1))
        self._left -= 1
        before = [*self._rarities(), *self._late_spikes(), *self._errors()]
        kind = self._rng.random()
        learn_now, learn_later = bool(kind < 0.4), bool(0.4 <= kind < 0.7)
        after = [Operation("learn")] if learn_later else []
        if learn_now or learn_later:
            self._sums[:] = 0
        exchange = self._chance(RARE) and not self._sums.any()
        moved = int(self._rng.integers(2**32 - 8, 2**32)) if self._chance(0.3) else None
        spikes = self._spikes(1.0)
        return PopulationStep(before, spikes, learn_now, after, exchange, moved)

    def _chance(self, probability: float) -> bool:
        return bool(self._rng.random() < probability)

    def _flags(self, count: int, rates: NDArray[np.float64]) -> NDArray[np.bool_]:
        return self._rng.random((self.copies, count), np.float32) < rates

    def _spikes(self, share: float) -> NDArray[np.bool_]:
        return self._flags(self.config.axons, self._spike_rates * share)

    def _late_spikes(self) -> list[Operation]:
        if not self._chance(0.2):
            return []
        delay = int(self._rng.integers(0, self.config.geometry.max_delay + 1))
        return [Operation("send_spikes", (self._spikes(0.25), delay))]

    def _errors(self) -> list[Operation]:
        """Events of both kinds, but none that would take a sum out of its register."""
        most, operations = self.config.geometry.error_max, []
        limit = 1 << (self.config.geometry.error_sum_bits - 1)
        for ungated, share in ((False, 1.0), (True, 0.3)):
            events = self._flags(self.config.neurons, self._error_rates * share)
            values = self._rng.integers(-most, most + 1, events.shape)
            sums = self._sums[int(ungated)]
            events &= np.abs(sums + values) < limit
            values = np.where(events, values, 0).astype(np.int32)
            sums += values
            if events.any():
                sent = values, ungated, events.astype(np.int32)
                operations.append(Operation("send_errors", sent))
        return operations

    def _rarities(self) -> list[Operation]:
        operations, geometry = [], self.config.geometry
        if self._chance(RARE):
            self._sums[:] = 0
            operations.append(Operation("clear"))
        if self._chance(RARE):
            operations.append(self._write())
        if geometry.terms and self._chance(MODULATED):
            limit = geometry.error_max
            values = self._rng.integers(-limit, limit + 1, self.copies)
            operations.append(Operation("modulate", (values,)))
        if self._chance(CONFIGURED):
            chip = self.config
            self.config = random_chip(self._rng, chip.geometry, chip.mesh, chip.first)
            operations.append(Operation("configure", (self.config,)))
            operations.append(Operation("load_weights", (self.weights(),)))
        return operations

    def _write(self) -> Operation:
        """A state array that the core itself could have brought about: signed words symmetric."""
        regions = writable(self.config.geometry)
        region = regions[self._rng.integers(0, len(regions))]
        low, high = state_limits(self.config.geometry, region)
        low = 0 if low == 0 or region.key == "reset" else -high
        shape = self.copies, *region_shape(self.config, region)
        return Operation("write", (region, self._rng.integers(low, high + 1, shape, np.int32)))
