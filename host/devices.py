"""Devices by name."""

from __future__ import annotations

from axonloop.host.device import Device
from axonloop.host.golden import GoldenDevice
from axonloop.models.chip import ChipConfig
from axonloop.models.config import CoreConfig, require

NAMES = ("golden", "rtl")


def check_device_name(name: str) -> str:
    """`name` if it is a device's; else ValueError."""
    require(name in NAMES, "device", f"one of {', '.join(NAMES)}", name)
    return name


def open_device(name: str, config: ChipConfig | CoreConfig) -> Device:
    """Open the device `name` ("golden" or "rtl") for a chip, or for a lone core.

    Raises ValueError for an unknown name; for "rtl" also what `RtlDevice` raises: its compiler
    and simulator are only looked for when it is asked for.
    """
    if check_device_name(name) == "golden":
        return GoldenDevice(config)
    from axonloop.host.rtl import RtlDevice

    return RtlDevice(config)
