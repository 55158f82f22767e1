"""Devices by name."""

from __future__ import annotations

from axonloop.host.device import Device
from axonloop.host.golden import GoldenDevice
from axonloop.models.chip import ChipConfig
from axonloop.models.config import CoreConfig, require

NAMES = ("golden", "rtl", "batched", "batched:cpu", "batched:cuda")
SERIAL = "serial:"
"""What a board's name begins with; behind it the port, and @ with the baud rate if need be."""


def check_device_name(name: str) -> str:
    """`name` if it is a device's; else ValueError."""
    known = name in NAMES or name.startswith(SERIAL)
    require(known, "device", f"one of {', '.join(NAMES)}, {SERIAL}PORT", name)
    return name


def open_device(name: str, config: ChipConfig | CoreConfig) -> Device:
    """Open the device `name`, one of `NAMES` or a board's, for a chip, or for a lone core.

    Raises ValueError for an unknown name; for "rtl" also what `RtlDevice` raises, for "batched"
    what `BatchedDevice` raises, for a board what `SerialDevice` raises. What they need is only
    looked for when it is asked for.
    """
    kind, _, place = check_device_name(name).partition(":")
    if kind == "golden":
        return GoldenDevice(config)
    if kind == "batched":
        from axonloop.host.batched import BatchedDevice

        return BatchedDevice(config, place or "cpu")
    if name.startswith(SERIAL):
        from axonloop.host.serial import SerialDevice

        return SerialDevice(name, config)
    from axonloop.host.rtl import RtlDevice

    return RtlDevice(config)
