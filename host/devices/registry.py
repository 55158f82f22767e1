"""Devices by name."""

from __future__ import annotations

from pathlib import Path

from axonloop.host.devices.device import Device
from axonloop.host.devices.golden import GoldenDevice
from axonloop.host.devices.names import REPLAY, SERIAL, check_device_name
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig


def open_device(name: str, config: ChipConfig | CoreConfig, record: Path | None = None) -> Device:
    """Open the device `name`, one of `NAMES` or a board's, for a chip, or for a lone core.

    With `record`, the words both ways go to that file: from "rtl" and boards only.

    Raises ValueError for an unknown name; for "rtl" also what `RtlDevice` raises, for gates what
    `GatesDevice` raises, for "batched" what `BatchedDevice` raises, for a board what
    `SerialDevice` raises, for a recording what `ReplayDevice` raises. What they need is only
    looked for when it is asked for.
    """
    kind, _, place = check_device_name(name).partition(":")
    speaks = record is None or kind == "rtl" or name.startswith(SERIAL)
    require(speaks, "device to record", f"rtl or {SERIAL}PORT", name)
    if kind == "golden":
        return GoldenDevice(config)
    if kind == "batched":
        from axonloop.host.devices.batched import BatchedDevice

        return BatchedDevice(config, place or "cpu")
    if name.startswith(SERIAL):
        from axonloop.host.devices.board import SerialDevice

        return SerialDevice(name, config, record=record)
    if name.startswith(REPLAY):
        from axonloop.host.devices.recording import ReplayDevice

        return ReplayDevice(name, config)
    if kind == "gates":
        from axonloop.host.devices.netlist import GatesDevice

        return GatesDevice(config, place)
    from axonloop.host.devices.rtl import RtlDevice

    return RtlDevice(config, record=record)
