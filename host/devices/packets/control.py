"""The words of Region.CONTROL: who the chip is, and what it counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets.packing import Words
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import MAGIC, Control, geometry_fields, geometry_words, version_of


def check_identity(chip: ChipConfig, core: int, control: Words) -> None:
    """DeviceError unless magic, version, core number, geometry and mesh are those of `chip`.

    `control` holds at least the read-only words of the core with number `core`.
    """
    version = version_of(chip.geometry)
    expected = {Control.MAGIC: MAGIC, Control.VERSION: version, Control.CORE: core}
    built = geometry_words(chip.geometry, chip.mesh)
    expected |= dict(zip(geometry_fields(len(built)), built, strict=True))
    for entry, value in expected.items():
        if control[entry] != value:
            thing = f"{entry.name.lower()} of the device"
            raise DeviceError(f"{thing} must be {value}, not {int(control[entry])}")


def counter_values(control: Words) -> NDArray[np.int64]:
    """All counters of a core, int64 `(counters,)`, from the whole region."""
    halves = control[Control.COUNTERS :].astype(np.int64)
    return halves[::2] | halves[1::2] << 32


def counter_halves(counts: Sequence[int]) -> list[int]:
    """The words that set all counters to `counts`."""
    return [half for count in counts for half in (count & 0xFFFFFFFF, count >> 32)]
