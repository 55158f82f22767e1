"""A device that remembers the state of another one, tick by tick."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import Device, Telemetry, region_shape
from axonloop.host.network import Program
from axonloop.host.recorder.state_record import StateRecord
from axonloop.host.recorder.states import UNITS, columns_of, states_of, thresholds_of
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Counter, Owner, Region

UNDER_WAY = 32
"""Ticks that `run` sends before it waits for the first of them."""


class StateRecorder(Device):
    """The device `device`, whose states are read behind each of the chosen ticks.

    It goes wherever a device goes, and computes the same bits; the states travel with the answers
    of the ticks. `record` is what was recorded so far; its first tick has the number 0. `states`,
    `populations` and `ticks` as of `axonloop.record`. `close` leaves the device open.
    """

    def __init__(
        self,
        device: Device,
        program: Program,
        states: Sequence[str | Region] | None = None,
        populations: Sequence[str] | None = None,
        ticks: Container[int] | None = None,
    ) -> None:
        own = program.config
        same = (device.config.geometry, device.config.mesh) == (own.geometry, own.mesh)
        require(same, "device", "one with the program's geometry and mesh", device.name)
        self._device, self.config, self.name = device, device.config, device.name
        self._states = states_of(program.geometry, states)
        self._columns = columns_of(program, populations)
        self._thresholds = thresholds_of(own)[self._columns[Owner.NEURON].numbers]
        self._chosen = ticks
        self._sent = 0
        self._under_way: deque[int | None] = deque()
        self._ticks: list[int] = []
        self._found: list[list[Int32Array]] = [[] for _ in self._states]

    @property
    def telemetry(self) -> Telemetry:
        """The measurements of the device."""
        return self._device.telemetry

    @property
    def record(self) -> StateRecord:
        """What was recorded so far: all ticks that were taken."""
        neurons, axons = self._columns[Owner.NEURON], self._columns[Owner.AXON]
        states = {
            region.key: np.stack(arrays) if arrays else self._nothing(region)
            for region, arrays in zip(self._states, self._found, strict=True)
        }
        return StateRecord(
            np.array(self._ticks, np.int64),
            states,
            {region.key: UNITS[region] for region in self._states},
            neurons.groups,
            axons.groups,
            neurons.numbers,
            axons.numbers,
            axons.channels,
            self._thresholds,
        )

    def _nothing(self, region: Region) -> Int32Array:
        sides = region_shape(self.config, region)[:-1]
        return np.zeros((0, *sides, len(self._columns[region.owner].numbers)), np.int32)

    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        """Run one tick, and read its states if it is chosen; see `Device.tick`."""
        self.send_tick(axons, learn)
        return self.take_tick()

    def send_tick(self, axons: Int32Array, learn: bool = False) -> None:
        """Send a tick, and a read behind it if it is chosen; see `Device.send_tick`."""
        self._device.send_tick(axons, learn)
        chosen = self._chosen is None or self._sent in self._chosen
        if chosen:
            self._device.send_read(self._states)
        self._under_way.append(self._sent if chosen else None)
        self._sent += 1

    def take_tick(self) -> Int32Array:
        """The neurons of the oldest tick under way; its states are recorded."""
        reported = self._device.take_tick()
        number = self._under_way.popleft()
        if number is not None:
            self._ticks.append(number)
            for region, own, array in zip(
                self._states, self._found, self._device.take_read(), strict=True
            ):
                own.append(array[..., self._columns[region.owner].numbers])
        return reported

    def run(self, trains: Sequence[Int32Array]) -> list[Int32Array]:
        """Run `len(trains)` ticks without learning, some of them under way at once."""
        reported = []
        for place, axons in enumerate(trains):
            self.send_tick(axons)
            if place >= UNDER_WAY:
                reported.append(self.take_tick())
        return reported + [self.take_tick() for _ in range(min(UNDER_WAY, len(trains)))]

    def close(self) -> None:
        """Stop recording; the device stays open, and the record can be had."""

    # All else is the device's own.

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """See `Device.configure`."""
        self._device.configure(config)
        self.config = self._device.config

    def load_weights(self, weights: Int32Array) -> None:
        """See `Device.load_weights`."""
        self._device.load_weights(weights)

    def read_weights(self) -> Int32Array:
        """See `Device.read_weights`."""
        return self._device.read_weights()

    def read(self, region: Region) -> Int32Array:
        """See `Device.read`."""
        return self._device.read(region)

    def read_many(self, regions: Sequence[Region]) -> list[Int32Array]:
        """See `Device.read_many`."""
        return self._device.read_many(regions)

    def write(self, region: Region, values: Int32Array) -> None:
        """See `Device.write`."""
        self._device.write(region, values)

    def send_read(self, regions: Sequence[Region]) -> None:
        """See `Device.send_read`."""
        self._device.send_read(regions)

    def take_read(self) -> list[Int32Array]:
        """See `Device.take_read`."""
        return self._device.take_read()

    def send_spikes(self, axons: Int32Array, delay: int = 0) -> None:
        """See `Device.send_spikes`."""
        self._device.send_spikes(axons, delay)

    def send_errors(self, neurons: Int32Array, values: Int32Array, ungated: bool = False) -> None:
        """See `Device.send_errors`."""
        self._device.send_errors(neurons, values, ungated)

    def modulate(self, value: int) -> None:
        """See `Device.modulate`."""
        self._device.modulate(value)

    def learn(self) -> None:
        """See `Device.learn`."""
        self._device.learn()

    def clear(self) -> None:
        """See `Device.clear`."""
        self._device.clear()

    def snapshot(self) -> dict[str, Any]:
        """See `Device.snapshot`."""
        return self._device.snapshot()

    def restore(self, snapshot: dict[str, Any]) -> None:
        """See `Device.restore`."""
        self._device.restore(snapshot)

    def counter_table(self) -> NDArray[np.int64]:
        """See `Device.counter_table`."""
        return self._device.counter_table()

    def counters(self) -> dict[Counter, int]:
        """See `Device.counters`."""
        return self._device.counters()


def record(
    device: Device,
    program: Program,
    states: Sequence[str | Region] | None = None,
    populations: Sequence[str] | None = None,
    ticks: Container[int] | None = None,
) -> StateRecorder:
    """A device that is `device` and records its states: `.record` has what was recorded so far.

    `states`: names as "membrane", "trace P", "spikes" (docs/recording.md lists them); None: all
    that a tick changes. `populations`: whose neurons, and the axons that end on them; None: all.
    `ticks`: which, as range(100), counted from the first that is run through what is returned;
    None: every one. Raises ValueError for unknown names, and for a device of another geometry.
    """
    return StateRecorder(device, program, states, populations, ticks)
