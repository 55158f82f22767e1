"""The ticks around a difference that its waveform shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.bisect import Finding, random_use_script
from axonloop.host.bisect.difference import Difference
from axonloop.host.bisect.examination import BEFORE, write_window
from axonloop.host.bisect.script import Script
from axonloop.host.devices import GoldenDevice
from axonloop.host.verification import TrafficStep
from axonloop.models.config import ChipConfig, CoreConfig
from tests.support.tiny_chips import TINY

CHIP = ChipConfig.of(CoreConfig(TINY))


class Filmed(GoldenDevice):
    """Counts its ticks before the waveform and in it."""

    def __init__(self, config: ChipConfig) -> None:
        super().__init__(config)
        self.ticks: list[int] = [0]

    def tick(self, *given: Any, **named: Any) -> Any:
        self.ticks[-1] += 1
        return super().tick(*given, **named)

    @contextmanager
    def waveform(self, path: Path, shown: Any) -> Iterator[None]:
        self.ticks.append(0)
        yield


@pytest.mark.parametrize(
    ("tick", "quiet", "shown"),
    [(3, 0, 3 + 1 + 2), (20, 20 - BEFORE, BEFORE + 1 + 2), (38, 38 - BEFORE, BEFORE + 2)],
    ids=["early", "amid", "late"],
)
def test_a_window_shows_the_ticks_around_the_difference(tick: int, quiet: int, shown: int) -> None:
    start = random_use_script(CHIP, 1, 1).start
    script = Script(start, [TrafficStep(axons=np.array([1], np.int32))] * 40)
    finding = Finding(Difference(tick, "weight", (1, 3), 0, (0, 1)), start, 1, True)
    device: Any = Filmed(start.config)
    write_window(device, script, finding, Path("window.vcd"))
    assert device.ticks == [quiet, shown]
