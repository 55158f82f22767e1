"""The accumulators are as narrow as the increments are rare and small: cores that count otherwise
stop the simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import Assert, Module, Signal

from axonloop.hdl.core import core
from axonloop.hdl.core.counters import Counters
from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import Layout
from axonloop.models.protocol import FANOUT_FIELDS, Counter, Kind, Region, address, header, pack
from axonloop.sim.stimulus import random_chip
from tests.support.simulated.chip import SimulatedChip
from tests.support.tiny_chips import TINY

LONE = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 1)
GEOMETRIES = {
    "parallel": TINY,
    "serial": replace(TINY, **LONE, weight_ports=1, layout=Layout.PLAIN),
}
NOWHERE = 0xFF << 20
"""An entry of the fan-out to a core that is not there."""


class Watched(Counters):
    """Counters that hold their core to what it says of its increments."""

    def elaborate(self, platform: object) -> Module:
        m = super().elaborate(platform)
        for counter, increment in self._increments.items():
            added, rest = getattr(self, f"add_{counter.name.lower()}"), Signal(range(64))
            m.d.sync += Assert(added <= increment.most, f"{counter.name} must grow less")
            with m.If(added != 0):
                m.d.sync += rest.eq(increment.every - 1)
                m.d.sync += Assert(rest == 0, f"{counter.name} must grow later")
            with m.Elif(rest != 0):
                m.d.sync += rest.eq(rest - 1)
        return m


def written(region: Region, values: list[int]) -> list[int]:
    """The words of a packet that writes a region from its start."""
    return [header(Kind.WRITE, 0, len(values)), address(region, 0), *values]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name == "serial")) for name in GEOMETRIES],
)
def test_increments_are_as_rare_and_as_small_as_declared(name, monkeypatch):
    """Random ticks, then what ends soonest: errors, refusals, ticks, entries that lead nowhere."""
    monkeypatch.setattr(core, "Counters", Watched)
    geometry = GEOMETRIES[name]
    config = random_chip(np.random.default_rng(1), geometry)
    transport = SimulatedChip(geometry)
    with PacketDevice(transport, config) as chip:
        report = lockstep([GoldenDevice(config), chip], config, 12, 1)
        errors = [header(Kind.ERROR, 0, n << 8 | 100) for n in range(geometry.neurons)]
        refused, tick = header(Kind.DATA, 0), header(Kind.TICK, 0)
        lists = pack(FANOUT_FIELDS, first=0, count=geometry.entries)
        soon = [
            *[*errors, *[refused] * 4, *[tick] * 4],
            *written(Region.BIAS, [geometry.state_max] * geometry.neurons),
            *written(Region.FANOUT, [0] * geometry.neurons),
            *[tick] * 3,
            *written(Region.FANOUT, [lists] * geometry.neurons),
            *written(Region.ENTRY, [NOWHERE] * geometry.entries),
            *[tick] * 3,
        ]
        transport.exchange(np.array(soon, np.uint32), 10)
        counters = chip.counters()
    assert report.counters[Counter.SPIKES] > 0
    for counter in (Counter.EVENTS, Counter.SYNOPS, Counter.VISITS, Counter.UPDATES):
        assert report.counters[counter] > 1
    assert counters[Counter.FAULTS] > 4 + geometry.entries
