"""Devices by name."""

from __future__ import annotations

from axonloop.host.device import Device
from axonloop.host.golden import GoldenDevice
from axonloop.models.chip import ChipConfig
from axonloop.models.config import CoreConfig, require

NAMES = ("golden", "rtl", "batched", "batched:cpu", "batched:cuda")


def check_device_name(name: str) -> str:
    """`name` if it is a device's; else ValueError."""
    require(name in NAMES, "device", f"one of {', '.join(NAMES)}", name)
    return name


def open_device(name: str, config: ChipConfig | CoreConfig) -> Device:
    """Open the device `name`, one of `NAMES`, for a chip, or for a lone core.

    Raises ValueError for an unknown name; for "rtl" also what `RtlDevice` raises, for "batched"
    (on the CPU unless told otherwise) what `BatchedDevice` does: the compiler, the simulator and
    the GPU are only looked for when they are asked for.
    """
    kind, _, place = check_device_name(name).partition(":")
    if kind == "golden":
        return GoldenDevice(config)
    if kind == "batched":
        from axonloop.host.batched import BatchedDevice

        return BatchedDevice(config, place or "cpu")
    from axonloop.host.rtl import RtlDevice

    return RtlDevice(config)
