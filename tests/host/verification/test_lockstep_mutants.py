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
ANALOGUE = replace(TERMS, memristor=2, mask=1, threshold_noise=1)
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
# of the logic that memristors, masks and noise at the threshold add
ANALOGUE_MUTANTS = {
    "headroom-of-falling": (
        r"learning\.update\.lane_1",
        r"8'h7f\) \+ \$signed\((\w+)\)",
        r"8'h7f) - $signed(\1)",
    ),
    # A weight that rises is rounded like one that falls.
    "noise-not-flipped": (r"learning\.update\.lane_1", r"word_17 \^ \{[^}]*\}", "word_17"),
    "pattern-of-falling": (r"learning\.update\.lane_1", r"pattern_17\[7:0\]", "pattern_17[15:8]"),
    "deviate-of-write": (r"learning\.update\.lane_1", r"write_17\[19:12\]", "write_17[18:11]"),
    "headroom-too-early": (
        r"learning\.update\.lane_1",
        r"headroom_9 \* share",
        "headroom_8 * share",
    ),
    "writes-of-absent": (
        r"learning\.update\.lane_1",
        r"written_3 & visited_11",
        "written_3 & 1'h1",
    ),
    "row-keeps-less": (r"synapses", r"9'h100 -", "9'h0ff -"),
    "column-not-rounded": (r"neurons\.lane_1", r"17'h08000", "17'h00000"),
    "level-of-lower-half": (r"neurons\.noise\.lane_1", r"~ word_3\[6:0\]", "word_3[6:0]"),
}
SPIKING = {"number of reported", "reported", "membrane", "reset", "countdown", "spike"}
UNLANED = {"weight", "writes", "number of reported", "reported"}
UNITS = {
    **dict.fromkeys(ANALOGUE_MUTANTS, {"weight"}),
    "writes-of-absent": {"writes"},
    "row-keeps-less": {"current"},
    "column-not-rounded": {"current"},
    "level-of-lower-half": SPIKING,
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


@pytest.mark.parametrize(
    "geometry",
    [
        pytest.param(GEOMETRY, id="plain"),
        pytest.param(TERMS, id="terms", marks=pytest.mark.slow),
        pytest.param(ANALOGUE, id="analogue"),
    ],
)
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 3))], ids="seed{}".format
)
def test_the_chip_as_it_is_passes(geometry, seed):
    run_lockstep(geometry, cached_verilog(geometry), range(seed, seed + 1))


QUICK = ("sum-inverted",)
CASES = [
    pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK))
    for name in (*MUTANTS, *TERM_MUTANTS, *ANALOGUE_MUTANTS)
]


@pytest.mark.parametrize("name", CASES)
def test_a_broken_chip_is_caught_and_located(name):
    kinds = (MUTANTS, GEOMETRY), (TERM_MUTANTS, TERMS), (ANALOGUE_MUTANTS, ANALOGUE)
    mutants, geometry = next(kind for kind in kinds if name in kind[0])
    broken = mutate(cached_verilog(geometry), *mutants[name])
    with pytest.raises(DivergenceError, match=r"devices must agree, not differ at tick") as caught:
        run_lockstep(geometry, broken, range(1, 20))
    found = caught.value
    assert found.unit in UNITS[name]
    assert 0 <= found.tick < 300
    assert found.values.keys() == {"golden", "packets"}
    assert found.values["golden"] != found.values["packets"]
    if "lane_1" in mutants[name][0] and found.unit not in UNLANED:
        assert [index % LANES for index in found.index] == [1]
