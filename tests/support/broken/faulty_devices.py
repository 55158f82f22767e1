"""Golden devices that err in ways of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axonloop.host.devices import GoldenDevice
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region

Fault = Callable[["FaultyDevice"], None]


class FaultyDevice(GoldenDevice):
    """A golden device to which `fault` happens behind every tick.

    `ticks` counts them since power-up or restore.
    """

    def __init__(self, config: ChipConfig, fault: Fault) -> None:
        super().__init__(config)
        self.fault, self.ticks = fault, 0

    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        reported = super().tick(axons, learn)
        self.ticks += 1
        self.fault(self)
        return reported

    def restore(self, snapshot: dict[str, Any]) -> None:
        super().restore(snapshot)
        self.ticks = 0

    def flip(self, region: Region, word: int) -> None:
        values = self.read(region)
        values.flat[word] ^= 1
        super().write(region, values)


def scratch(device: FaultyDevice) -> None:
    """A synapse that changes for good."""
    weights = device.read_weights()
    weights[1, 3] = 1
    device.load_weights(weights)


def faulty(fault: Fault) -> Callable[[ChipConfig], FaultyDevice]:
    """What opens a device with this fault."""
    return lambda config: FaultyDevice(config, fault)


def when_done(ticks: int, fault: Fault) -> Fault:
    """The fault, when the chip's tick register says that so many ticks are done."""

    def happens(device: FaultyDevice) -> None:
        if device._chip.tick_register == ticks:
            fault(device)

    return happens
