"""The chip, broken on purpose in its Verilog: lockstep must catch it and say where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification.lockstep import DivergenceError
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import Geometry
from axonloop.sim.cosim import RtlChip
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.cosim.verilate import build
from axonloop.sim.stimulus.random_chips import random_config
from tests.support.broken.mutants import mutate

LANES = 2
GEOMETRY = Geometry(
    axons=12, neurons=12, lanes=LANES, update_lanes=2, trace_lanes=2, multipliers=2, entries=32
)
TERMS = replace(GEOMETRY, terms=2)
TRACES = {"trace_q", "trace_p", "trace_pq"}
# module, what is replaced, by what, the units in which it may show first
MUTANTS = {
    "sum-inverted": (r"neurons\.lane_1", r"\$signed\((accumulator\w*)\) <<", r"$signed(~\1) <<"),
    "trace-ceiling": (r"traces\.lane_1", r"12'hfff\b", "12'hffe"),
    "hash-rotation": (
        r"learning\.update\.lane_1",
        r"word\[8:0\], word\[15:9\]",
        "word[9:0], word[15:10]",
    ),
}
# the same, of the logic that terms add
TERM_MUTANTS = {
    "rise-ignored": (r"learning\.targets\.coefficient", r"\^ term\[7\]", "^ 1'h0"),
    # The second term of a neuron reads weights that the first one has not written yet.
    "term-too-early": (r"learning\.targets", r"~ settled\b", "1'h0 & settled"),
    "neuron-trace-ceiling": (r"neurons\.traces\.lane_1", r"12'hfff\b", "12'hffe"),
}
UNITS = {
    "rise-ignored": {"weight"},
    "term-too-early": {"weight"},
    "neuron-trace-ceiling": {"trace_z"},
    "sum-inverted": {"current"},
    "trace-ceiling": TRACES,
    "hash-rotation": {"weight"},
}


def run_lockstep(geometry: Geometry, verilog: str, seeds: range, ticks: int = 300) -> None:
    for seed in seeds:
        run_seed(geometry, verilog, seed, ticks)


def run_seed(geometry: Geometry, verilog: str, seed: int, ticks: int) -> None:
    config = random_config(np.random.default_rng(seed), geometry)
    library = build(verilog, notify=lambda message: None)
    with PacketDevice(RtlChip(library, patience=10_000), config) as chip:
        lockstep([GoldenDevice(config), chip], config, ticks, seed)


@pytest.mark.parametrize("geometry", [GEOMETRY, TERMS], ids=["plain", "terms"])
@pytest.mark.parametrize("seed", [1, 2, 3], ids="seed{}".format)
def test_the_chip_as_it_is_passes(geometry, seed):
    run_lockstep(geometry, cached_verilog(geometry), range(seed, seed + 1))


@pytest.mark.parametrize("name", MUTANTS | TERM_MUTANTS)
def test_a_broken_chip_is_caught_and_located(name):
    geometry = TERMS if name in TERM_MUTANTS else GEOMETRY
    broken = mutate(cached_verilog(geometry), *(MUTANTS | TERM_MUTANTS)[name])
    with pytest.raises(DivergenceError, match=r"devices must agree, not differ at tick") as caught:
        run_lockstep(geometry, broken, range(1, 20))
    found = caught.value
    assert found.unit in UNITS[name]
    assert 0 <= found.tick < 300
    assert found.values.keys() == {"golden", "packets"}
    assert found.values["golden"] != found.values["packets"]
    if found.unit != "weight":
        assert [index % LANES for index in found.index] == [1]
