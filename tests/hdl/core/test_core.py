"""Whole cores in Amaranth's simulator beside the golden model, tick by tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.hdl.chip import Chip
from axonloop.host.bench.core import core_config, tick_cycles
from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import ChipConfig, Layout, Mesh
from axonloop.models.cycles import SCANNED_BLOCKS
from axonloop.models.protocol import Counter
from axonloop.sim.stimulus import random_chip
from tests.support.random.convolutions import small_core
from tests.support.simulated.chip import SimulatedChip
from tests.support.tiny_chips import TINY

LONE = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 1)
GEOMETRIES = {
    "parallel": TINY,
    "serial": replace(TINY, **LONE, weight_ports=1, layout=Layout.PLAIN),
    "serial-skewed": replace(TINY, update_lanes=1, trace_lanes=1, multipliers=1),
    "terms": replace(TINY, terms=2, blank_out=1),
    "analogue": replace(TINY, terms=1, memristor=2, mask=1, threshold_noise=1),
}
SEEDS = {"parallel": 1, "serial": 1, "serial-skewed": 1, "terms": 18, "analogue": 16}
"""Of random configurations in which spikes, errors and updates come within a dozen ticks."""
QUICK = ("parallel", "serial-skewed")
CASES = [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in GEOMETRIES]


@pytest.mark.parametrize("name", CASES)
def test_a_whole_core_agrees_with_the_golden_one(name: str) -> None:
    agrees(random_chip(np.random.default_rng(SEEDS[name]), GEOMETRIES[name]), 12, SEEDS[name])


@pytest.mark.slow
def test_a_core_of_kernels_agrees_with_the_golden_one() -> None:
    agrees(ChipConfig.of(small_core()), 2, 160)


@pytest.mark.slow
def test_two_cores_that_send_each_other_spikes_agree_with_golden_ones() -> None:
    table = agrees(random_chip(np.random.default_rng(1110), TINY, Mesh(2, 1)), 3, 1110)
    assert table[0, Counter.EAST] > 0
    assert table[1, Counter.WEST] > 0


def test_neurons_start_while_the_last_traces_are_on_their_way() -> None:
    """A tick without a spike: a cycle per block of traces and of neurons, and what starts it."""
    config = ChipConfig.of(core_config(TINY))
    blocks = TINY.axons // TINY.trace_lanes + TINY.neurons // TINY.update_lanes
    with PacketDevice(SimulatedChip(TINY), config) as chip:
        assert tick_cycles(chip, np.arange(0, dtype=np.int32)) == blocks + 16


@pytest.mark.parametrize("neurons", [8, 64])
def test_blocks_of_traces_and_the_sweep_of_the_neurons_hide_behind_each_other(neurons: int) -> None:
    """32 blocks, and 4 or 32 words of neurons: a tick takes the longer, not both."""
    geometry = replace(TINY, axons=64, neurons=neurons)
    words, blocks = neurons // geometry.update_lanes, geometry.axons // geometry.trace_lanes
    with PacketDevice(SimulatedChip(geometry), ChipConfig.of(core_config(geometry))) as chip:
        found = tick_cycles(chip, np.arange(0, dtype=np.int32))
    assert found == max(blocks + 14, blocks // SCANNED_BLOCKS + words + 16)


def agrees(config: ChipConfig, ticks: int, seed: int) -> np.ndarray:
    """The counters of the golden cores, after ticks in which all kinds of work came up."""
    simulated = SimulatedChip(Chip(config.geometry, config.mesh))
    with GoldenDevice(config) as golden, PacketDevice(simulated, config) as chip:
        report = lockstep([golden, chip], config, ticks, seed)
        for counter in (Counter.SPIKES, Counter.SYNOPS, Counter.ERRORS, Counter.UPDATES):
            assert report.counters[counter] > 0
        return golden.counter_table()
