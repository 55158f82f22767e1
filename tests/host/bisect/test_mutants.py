"""Twenty seeded mutants of the RTL: tick and unit are found, and shown by a short stimulus."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.bisect import (
    DevicePair,
    DeviceSide,
    Finding,
    Script,
    bisect,
    examine,
    random_use_script,
    read_stimulus,
)
from axonloop.host.devices import GoldenDevice, RtlDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification import DivergenceError
from axonloop.host.verification.lockstep import Lockstep
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Counter
from axonloop.sim.cosim import RtlChip
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.cosim.verilate import build
from axonloop.sim.stimulus.random_chips import random_config
from axonloop.sim.waves import FST, VCD, has_fst
from tests.support.broken.mutants import TINY_MUTANTS
from tests.support.tiny_chips import TINY

TICKS = 300
MOST_REPLAYS = 25
QUICK = ("hash-rotation",)
COUNTERS = {counter.name.lower() for counter in Counter}


class BrokenDevice(RtlDevice):
    """The compiled RTL of other Verilog than the chip's."""

    def __init__(self, config: ChipConfig, library: Path) -> None:
        self.chip = RtlChip(library, patience=20_000)
        PacketDevice.__init__(self, self.chip, config)


@dataclass(frozen=True)
class Case:
    """A mutant, the seed with which it shows, and what the linear lockstep says of it."""

    side: DeviceSide
    script: Script
    truth: DivergenceError


def case_of(name: str) -> Case:
    """The first seed whose traffic shows the mutant to a lockstep that compares every tick."""
    verilog = TINY_MUTANTS[name].of(cached_verilog(TINY))
    library = build(verilog, trace=True, notify=lambda message: None)
    side = DeviceSide("mutant", *[lambda config: BrokenDevice(config, library)] * 2)
    for seed in range(1, 30):
        config = ChipConfig.of(random_config(np.random.default_rng(seed), TINY))
        with GoldenDevice(config) as golden, BrokenDevice(config, library) as broken:
            try:
                Lockstep([golden, broken], config, seed).run(TICKS)
            except DivergenceError as truth:
                return Case(side, random_use_script(config, seed, TICKS), truth)
    raise AssertionError(f"{name} must show with one of the seeds")


def require_right(name: str, found: Finding, truth: DivergenceError) -> None:
    """The tick of the lockstep, and one of the units and lanes of the mutant's logic."""
    mutant, difference = TINY_MUTANTS[name], found.difference
    assert difference.unit in mutant.units
    if difference.unit in COUNTERS:  # the lockstep looks at them every 16 ticks
        assert truth.tick - 16 < difference.tick <= truth.tick
    else:
        assert difference.tick == truth.tick
        assert truth.unit in (difference.unit, "reported")
        if truth.unit == difference.unit:
            assert (truth.index, tuple(truth.values.values())) == (
                difference.index,
                difference.values,
            )
    if mutant.lane is not None and difference.index:
        assert difference.index[-1] % 2 == mutant.lane
    assert found.replays <= MOST_REPLAYS
    assert found.confirmed


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in TINY_MUTANTS],
)
def test_a_mutant_is_found_and_shown_again(name: str, tmp_path: Path) -> None:
    case = case_of(name)
    sides = [DeviceSide.named("golden"), case.side]
    with DevicePair([side.open for side in sides], case.script.start.config) as pair:
        found = bisect(pair, case.script)
    assert found is not None
    require_right(name, found, case.truth)
    told = examine(sides, case.script, tmp_path)
    assert told is not None
    assert (told["tick"], told["unit"]) == (found.difference.tick, found.difference.unit)
    assert {path.name for path in tmp_path.iterdir()} >= {"stimulus.json", "difference.json"}
    assert (tmp_path / f"window.{FST if has_fst() else VCD}").stat().st_size > 0
    assert next(tmp_path.glob("window.gtkw")).read_text().count("\nchip.core") > 0
    stimulus, shown = read_stimulus(tmp_path / "stimulus.json")
    assert len(stimulus.steps) <= 4
    assert (shown.unit, shown.index) == (found.difference.unit, found.difference.index)
    with DevicePair([side.open for side in sides], stimulus.start.config) as pair:
        assert pair.play(stimulus, every=True)[0] == shown
    right = [GoldenDevice, partial(RtlDevice, trace=True)]
    with DevicePair(right, stimulus.start.config) as pair:  # it is the mutant that it shows
        assert pair.play(stimulus, every=True)[0] is None
    print(f"\n{name}: {told['difference']}; {told['replays']} replays; {told['stimulus']}")
