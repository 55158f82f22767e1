"""Whole cores in Amaranth's simulator beside the golden model, tick by tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import Layout
from axonloop.models.protocol import Counter
from axonloop.sim.stimulus import random_chip
from tests.support.simulated.chip import SimulatedChip
from tests.support.tiny_chips import TINY

LONE = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 1)
GEOMETRIES = {
    "parallel": TINY,
    "serial": replace(TINY, **LONE, weight_ports=1, layout=Layout.PLAIN),
    "terms": replace(TINY, terms=2, blank_out=1),
    "analogue": replace(TINY, terms=1, memristor=2, mask=1, threshold_noise=1),
}
SEEDS = {"parallel": 1, "serial": 1, "terms": 18, "analogue": 16}
"""Of random configurations in which spikes, errors and updates come within a dozen ticks."""


@pytest.mark.parametrize("name", GEOMETRIES)
def test_a_whole_core_agrees_with_the_golden_one(name: str) -> None:
    geometry = GEOMETRIES[name]
    config = random_chip(np.random.default_rng(SEEDS[name]), geometry)
    with PacketDevice(SimulatedChip(geometry), config) as chip:
        report = lockstep([GoldenDevice(config), chip], config, 12, SEEDS[name])
    for counter in (Counter.SPIKES, Counter.SYNOPS, Counter.ERRORS, Counter.UPDATES):
        assert report.counters[counter] > 0
