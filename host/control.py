"""The words of Region.CONTROL: who the chip is, and what it counted."""

from __future__ import annotations

from collections.abc import Sequence

from axonloop.host.device import DeviceError
from axonloop.host.packing import Words
from axonloop.models.config import CoreConfig
from axonloop.models.registers import MAGIC, VERSION, Control, Counter


def check_identity(config: CoreConfig, control: Words) -> None:
    """DeviceError unless magic, version, core number and geometry are those of `config`.

    `control` holds at least the read-only words.
    """
    expected = {Control.MAGIC: MAGIC, Control.VERSION: VERSION, Control.CORE: config.core}
    fields = (entry for entry in Control if Control.AXONS <= entry <= Control.ENTRIES)
    expected |= {entry: int(getattr(config.geometry, entry.name.lower())) for entry in fields}
    for entry, value in expected.items():
        if control[entry] != value:
            thing = f"{entry.name.lower()} of the device"
            raise DeviceError(f"{thing} must be {value}, not {int(control[entry])}")


def counter_values(control: Words) -> dict[Counter, int]:
    """All counters, from the whole region."""
    low = control[Control.COUNTERS :: 2].tolist()
    high = control[Control.COUNTERS + 1 :: 2].tolist()
    return {counter: low[counter] | high[counter] << 32 for counter in Counter}


def counter_halves(counts: Sequence[int]) -> list[int]:
    """The words that set all counters to `counts`."""
    return [half for count in counts for half in (count & 0xFFFFFFFF, count >> 32)]
