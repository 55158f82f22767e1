"""The measurements of a device, beside the results that it computes."""

from __future__ import annotations

from dataclasses import dataclass

from axonloop.host.devices.link_use import LinkUse
from axonloop.models.protocol import MODEL_COUNTERS, Counter


@dataclass
class Telemetry:
    """The measurements of one device; no result of the chip depends on them.

    `counted` are the counters that the device has. `recorded` says that all words to and from the
    chip go to a recording or come from one: then the words must not depend on time.
    `chip_seconds` are the seconds spent in the chip and on the link to it, or in the model. A
    device with a link derives its own class and overrides the link's two members.
    """

    counted: tuple[Counter, ...] = MODEL_COUNTERS
    recorded: bool = False
    chip_seconds: float = 0.0

    @property
    def link_use(self) -> LinkUse | None:
        """The use of the link to the chip since it was opened; None where there is no link."""
        return None

    def line_counters(self) -> dict[str, int]:
        """Counts of frames on the serial line since it was opened; empty without a line."""
        return {}
