"""The netlist as a device, with a chip in its place that needs no synthesis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.devices import netlist
from axonloop.host.devices.netlist import GatesDevice
from axonloop.host.devices.rtl import patience
from axonloop.models.config import ONE_CORE, CoreConfig
from tests.support.simulated.chip import SimulatedChip
from tests.support.tiny_chips import TINY


def test_a_netlist_is_built_and_starts_with_the_contents_of_seed_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    built, started = list[Any](), list[Any]()

    def build(geometry: Any, family: str, core: int, notify: Any, mesh: Any) -> Path:
        built.append((geometry, family, core, mesh))
        return Path("library")

    def start(*given: Any) -> SimulatedChip:
        started.append(given)
        return SimulatedChip(TINY)

    monkeypatch.setattr(netlist, "build_netlist", build)
    monkeypatch.setattr(netlist, "RtlChip", start)
    with GatesDevice(CoreConfig(TINY), "ice40") as device:
        assert device.name == "gates:ice40"
        assert device.tick(np.array([1], np.int32)).tolist() == []
    assert built == [(TINY, "ice40", 0, ONE_CORE)]
    assert started == [(Path("library"), 0, patience(TINY))]
