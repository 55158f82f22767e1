"""Devices by name: the table of those that come with the program, and those of other packages.

A new device is a file with a class derived from `Device`, and a row of `KINDS`. Another package
adds a device without a change here, by an entry point of the group `axonloop.devices`: its name is
the kind, its value is a `DeviceKind`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from axonloop.host.devices.device import Device
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig, CoreConfig

GROUP = "axonloop.devices"
"""The group of entry points by which other packages add devices."""
Config = ChipConfig | CoreConfig


@dataclass(frozen=True)
class DeviceKind:
    """All devices whose names begin with the same word, `kind` or `kind:suffix`.

    `open(suffix, config, record)` opens one; `suffix` is what stands behind the colon, or "".
    `record` is the file for the words both ways, or None; only a kind that `records` gets a file.
    `suffixes` are the texts that a name may have behind the colon, and "" where it may stand alone.
    A text in capitals, as PORT, stands for any text.
    """

    open: Callable[[str, Config, Path | None], Device]
    suffixes: tuple[str, ...] = ("",)
    records: bool = False

    def names(self, kind: str) -> list[str]:
        """The names of this kind's devices, as an error shows them."""
        return [f"{kind}:{suffix}" if suffix else kind for suffix in self.suffixes]

    def accepts(self, kind: str, name: str) -> bool:
        """Says whether `name` is one of this kind's, which is known as `kind`."""
        free = any(suffix.isupper() for suffix in self.suffixes)
        return name in self.names(kind) or (free and name.startswith(f"{kind}:"))


def _golden(suffix: str, config: Config, record: Path | None) -> Device:
    from axonloop.host.devices.golden import GoldenDevice

    return GoldenDevice(config)


def _rtl(suffix: str, config: Config, record: Path | None) -> Device:
    from axonloop.host.devices.rtl import RtlDevice

    return RtlDevice(config, record=record)


def _batched(suffix: str, config: Config, record: Path | None) -> Device:
    from axonloop.host.devices.batched import BatchedDevice

    return BatchedDevice(config, suffix or "cpu")


def _gates(suffix: str, config: Config, record: Path | None) -> Device:
    from axonloop.host.devices.netlist import GatesDevice

    return GatesDevice(config, suffix)


def _serial(suffix: str, config: Config, record: Path | None) -> Device:
    from axonloop.host.devices.board import SerialDevice

    return SerialDevice(f"serial:{suffix}", config, record=record)


def _replay(suffix: str, config: Config, record: Path | None) -> Device:
    from axonloop.host.devices.recording import ReplayDevice

    return ReplayDevice(f"replay:{suffix}", config)


KINDS = {
    "golden": DeviceKind(_golden),
    "rtl": DeviceKind(_rtl, records=True),
    "batched": DeviceKind(_batched, ("", "cpu", "cuda")),
    "gates": DeviceKind(_gates, ("ecp5", "ice40")),
    "serial": DeviceKind(_serial, ("PORT",), records=True),
    "replay": DeviceKind(_replay, ("FILE",)),
}
"""The devices that come with the program, by kind."""


def _kind_of(name: str) -> DeviceKind:
    """The kind of a device; ValueError if there is none of this name."""
    word = name.partition(":")[0]
    others = {point.name: point for point in entry_points(group=GROUP)}
    kind = KINDS.get(word) or (others[word].load() if word in others else None)
    if kind is None or not kind.accepts(word, name):
        names = [each for word, known in KINDS.items() for each in known.names(word)]
        raise ValueError(f"device must be one of {', '.join([*names, *others])}, not {name!r}")
    return kind


def check_device_name(name: str) -> str:
    """`name` if it is a device's; else ValueError."""
    _kind_of(name)
    return name


def open_device(name: str, config: Config, record: Path | None = None) -> Device:
    """Open the device `name`, as "golden" or "serial:/dev/ttyUSB0", for a chip or a lone core.

    With `record`, the words both ways go to that file: from "rtl" and boards only.

    Raises ValueError for an unknown name, and what the device's class raises. What a device needs
    is only looked for when that device is asked for.
    """
    kind = _kind_of(name)
    able = [each for word, known in KINDS.items() if known.records for each in known.names(word)]
    require(record is None or kind.records, "device to record", " or ".join(able), name)
    return kind.open(name.partition(":")[2], config, record)
