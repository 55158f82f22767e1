"""Two devices that play the same script, from any place of it on, and are compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self, TypeVar

import numpy as np

from axonloop.host.bisect.difference import (
    ANSWER,
    REPORTED,
    WEIGHT,
    Difference,
    located,
    of_counters,
)
from axonloop.host.bisect.script import Place, Script, apply, exchange, registers_of
from axonloop.host.devices import Device, DeviceError
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import MODEL_COUNTERS, Region, state_regions
from axonloop.sim.build import SimulationError

Opener = Callable[[ChipConfig], Device]
T = TypeVar("T")
FAILURES = (DeviceError, SimulationError)
"""What a device raises that does not answer as it should."""
BETWEEN = (Region.PENDING, Region.GATED, Region.UNGATED)


class RefusedError(RuntimeError):
    """Both devices refuse what a script asks of them: it is none that a host may play."""


def _configure(device: Device, config: ChipConfig) -> None:
    if device.config != config:
        device.configure(config)


class _Parted(Exception):
    """One of the devices failed."""

    def __init__(self, values: tuple[str, str]) -> None:
        self.values = values


class DevicePair:
    """Two devices, opened by `openers`, whose answers are compared; `replays` counts the plays.

    A device that failed is opened anew before the next play.
    """

    def __init__(self, openers: Sequence[Opener], config: ChipConfig) -> None:
        self._openers, self._config = list(openers), config
        self._devices: list[Device | None] = [None, None]
        self._tick = 0
        self.replays = 0

    def play(
        self, script: Script, every: bool = False
    ) -> tuple[Difference | None, dict[str, Any] | None]:
        """Play a script from its start; the first difference seen, or the snapshot at the end.

        Reported spikes are compared in all ticks, with `every` all state too; else all state at the
        end, where no error may wait then. Raises RefusedError where both devices refuse.
        """
        self.replays += 1
        self._tick = script.start.tick
        try:
            self._begin(script.start)
            for step in script.steps:
                if (found := self._step(step, every)) is not None:
                    return found, None
                self._tick += 1
            self._tick -= 1
            return (None, None) if every else self._same_snapshots()
        except _Parted as failed:
            values = failed.values
            return Difference(max(self._tick, 0), ANSWER, (), None, values), None

    def _begin(self, place: Place) -> None:
        """Bring both devices to a place."""
        for number, opener in enumerate(self._openers):
            if place.snapshot is None and self._devices[number] is not None:
                self._shut(number)
            if self._devices[number] is None:
                self._devices[number] = opener(place.config)
        self._config = place.config
        self._both(lambda device: _configure(device, place.config))
        if place.snapshot is not None:
            self._both(lambda device: device.restore(place.snapshot or {}))

    def _both(self, call: Callable[[Device], T]) -> list[T]:
        """What both devices answer; _Parted if one fails, RefusedError if both do."""
        found, failed = [], {}
        for number, device in enumerate(self._devices):
            assert device is not None
            try:
                found.append(call(device))
            except FAILURES as error:
                failed[number] = str(error)
        if len(failed) == len(self._devices):
            self.close()
            raise RefusedError(failed[0])
        if failed:
            (number,) = failed
            self._shut(number)
            values = [failed.get(n, "an answer") for n in range(len(self._devices))]
            raise _Parted((values[0], values[1]))
        return found

    def _step(self, step: TrafficStep, every: bool) -> Difference | None:
        for operation in step.before:
            self._apply(operation)
        reported = self._both(lambda device: device.tick(step.axons, step.learn))
        state = state_regions(self._config.geometry)
        found = self._same_regions(state) if every else None
        found = found or located(self._config, self._tick, REPORTED, reported)
        if every:
            found = found or self._same_regions(BETWEEN) or self._same_weights()
        if found is not None:
            return found
        for operation in step.after:
            self._apply(operation)
        if every:
            found = self._same_weights() if step.after else None
            found = found or self._same_counters()
        if step.exchange and found is None:
            self._both(lambda device: exchange(device, step.moved_tick))
        return found

    def _apply(self, operation: Operation) -> None:
        self._both(lambda device: apply(device, operation))
        if operation.method == "configure":
            self._config = ChipConfig.of(operation.arguments[0])

    def _same_regions(self, regions: Sequence[Region]) -> Difference | None:
        one, other = self._both(lambda device: device.read_many(regions))
        for region, arrays in zip(regions, zip(one, other, strict=True), strict=True):
            if found := located(self._config, self._tick, region.key, arrays):
                return found
        return None

    def _same_weights(self) -> Difference | None:
        weights = self._both(lambda device: device.read_weights())
        return located(self._config, self._tick, WEIGHT, weights)

    def _same_counters(self) -> Difference | None:
        tables = self._both(lambda device: device.counter_table())
        return of_counters(self._config, self._tick, tables, MODEL_COUNTERS)

    def _same_snapshots(self) -> tuple[Difference | None, dict[str, Any] | None]:
        """The first difference of both snapshots, or one of them."""
        both = self._both(lambda device: device.snapshot())
        config, tick = self._config, self._tick
        units = [region.key for region in state_regions(config.geometry)]
        for unit in (*units, Region.PENDING.key, "weights"):
            name = WEIGHT if unit == "weights" else unit
            arrays = [np.asarray(snapshot[unit]) for snapshot in both]
            if found := located(config, tick, name, arrays):
                return found, None
        for unit in registers_of(both[0], config):
            values = (int(both[0][unit]), int(both[1][unit]))
            if values[0] != values[1]:
                return Difference(tick, unit, (), None, values), None
        tables = [np.asarray(snapshot["counters"]) for snapshot in both]
        if found := of_counters(config, tick, tables, MODEL_COUNTERS):
            return found, None
        return None, both[0]

    @property
    def config(self) -> ChipConfig:
        """The configuration that both devices have now."""
        return self._config

    def _shut(self, number: int) -> None:
        device, self._devices[number] = self._devices[number], None
        if device is not None:
            with suppress(*FAILURES):
                device.close()

    def close(self) -> None:
        """Close both devices."""
        for number in range(len(self._devices)):
            self._shut(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
