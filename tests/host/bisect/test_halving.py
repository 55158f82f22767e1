"""The first difference is found wherever it lies, however it shows, in few plays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.bisect import (
    DevicePair,
    Finding,
    RefusedError,
    Script,
    bisect,
    random_script,
    random_use_script,
)
from axonloop.host.bisect.difference import Difference, of_counters
from axonloop.host.devices import DeviceError, GoldenDevice
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.config import ChipConfig, CoreConfig, Mesh, ParameterSet
from axonloop.models.protocol import Counter, Region
from axonloop.sim.stimulus import random_chip
from tests.support.broken.faulty_devices import Fault, FaultyDevice, faulty, scratch, when_done
from tests.support.tiny_chips import TINY

TICKS = 260
CALM_CHIP = ChipConfig.of(CoreConfig(TINY, parameter_sets=(ParameterSet(theta=30000),)))


def calm_script(ticks: int = TICKS) -> Script:
    """Ticks in which little happens, so that what one fault changed stays alone."""
    script = random_use_script(CALM_CHIP, 1, 1)
    step = TrafficStep(axons=np.array([1], np.int32))
    return Script(script.start, [step] * ticks)


def found_in(script: Script, fault: Fault, confirm: bool = True) -> Finding:
    with DevicePair([GoldenDevice, faulty(fault)], script.start.config) as pair:
        found = bisect(pair, script, confirm)
    assert found is not None
    assert found.replays <= 25
    return found


@pytest.mark.parametrize("tick", [0, 130, 259])
@pytest.mark.parametrize("confirm", [True, False])
def test_what_lasts_is_found_where_it_began(tick: int, confirm: bool) -> None:
    found = found_in(calm_script(), when_done(tick + 1, scratch), confirm)
    difference = found.difference
    assert (difference.tick, difference.unit, difference.index) == (tick, "weight", (1, 3))
    assert difference.values == (TINY.no_synapse, 1)
    assert found.confirmed == (confirm or found.agreed.tick == 0)
    assert tick - 8 < found.agreed.tick <= tick


def test_what_is_gone_at_the_end_is_found_by_the_comparison_of_every_tick_too() -> None:
    flip = when_done(151, lambda device: device.flip(Region.RESET, 3))
    difference = found_in(calm_script(), flip).difference
    assert (difference.tick, difference.unit, difference.index) == (150, "reset", (3,))
    assert difference.values == (0, 1)


def test_what_leaves_no_trace_is_found_by_the_comparison_of_every_tick() -> None:
    def flicker(device: FaultyDevice) -> None:
        if device._chip.tick_register in (201, 202):
            device.flip(Region.BOX, 2)  # which the next tick computes anew

    found = found_in(calm_script(), flicker)
    assert (found.difference.tick, found.difference.unit) == (200, "box")
    with DevicePair([GoldenDevice, faulty(flicker)], CALM_CHIP) as pair:
        assert bisect(pair, calm_script(), confirm=False) is None


def test_a_difference_before_that_which_was_seen_first_is_the_one() -> None:
    def twice(device: FaultyDevice) -> None:
        if device._chip.tick_register == 101:
            device.flip(Region.BOX, 2)
        if device._chip.tick_register == 241:
            scratch(device)

    assert found_in(calm_script(), twice).difference.tick == 100
    later = found_in(calm_script(), twice, confirm=False)
    assert later.difference.tick == 240
    assert not later.confirmed


@pytest.mark.parametrize("ticks", [200, TICKS])
def test_what_a_snapshot_does_not_hold_shows_on_the_whole_way_only(ticks: int) -> None:
    """The device counts its own ticks, which are 0 again where a snapshot is restored."""

    def tired(device: FaultyDevice) -> None:
        if device.ticks == ticks:
            device.flip(Region.RESET, 0)

    found = found_in(calm_script(), tired)
    assert (found.difference.tick, found.difference.unit) == (ticks - 1, "reset")
    assert found.agreed.tick == 0


def test_a_device_that_does_not_answer_differs() -> None:
    def fall_silent(device: FaultyDevice) -> None:
        raise DeviceError("chip must answer, not hang")

    difference = found_in(calm_script(), when_done(121, fall_silent)).difference
    assert (difference.tick, difference.unit) == (120, "answer")
    assert difference.values == ("an answer", "chip must answer, not hang")


def test_what_both_devices_refuse_is_no_script() -> None:
    script = calm_script(3)
    twice = replace(script.steps[0], learn=True, after=[Operation("learn")])
    wrong = Script(script.start, [*script.steps, twice])
    with (
        DevicePair([GoldenDevice, GoldenDevice], CALM_CHIP) as pair,
        pytest.raises(RefusedError, match="learn must be asked for at most once"),
    ):
        bisect(pair, wrong)


def test_devices_that_agree_have_no_difference() -> None:
    script = random_script("small", 200, 4)
    with DevicePair([GoldenDevice, GoldenDevice], script.start.config) as pair:
        assert bisect(pair, script) is None
        assert pair.replays == 2


def test_the_core_of_a_chip_of_many_is_named() -> None:
    random = np.random.default_rng(2)
    config = random_chip(random, TINY, Mesh(2, 2))
    script = random_use_script(config, 3, 60)
    word = 3 * TINY.axons + 1
    flip = when_done(21, lambda device: device.flip(Region.TRACE_Q, word))
    difference = found_in(script, flip).difference
    assert (difference.tick, difference.unit) == (20, "trace_q")
    assert (difference.core, difference.index) == (3, (1,))
    assert str(difference).startswith("tick 20: trace_q[1] of core 3 is ")


def test_places_for_snapshots_are_those_where_no_error_waits() -> None:
    none = np.zeros(0, np.int32)
    error = Operation("send_errors", (np.array([0]), np.array([1]), False))
    steps = [
        TrafficStep([error], none),
        TrafficStep([], none, learn=True),
        TrafficStep([error], none, after=[Operation("learn")]),
        TrafficStep([error], none, learn=True),
        TrafficStep([], none, after=[error]),
    ]
    assert Script(calm_script().start, steps).resting() == [0, 2, 3, 4]


def test_wrong_scripts_are_named() -> None:
    for arguments, message in (
        (("huge", 5), "geometry must be one of small, .*, not 'huge'"),
        (("small", 0), "ticks must be a whole number in 1.."),
        (("small", 5, -1), "seed must be a whole number in 0.."),
        (("small", 5, 0, -1), "run must be a whole number in 0.."),
    ):
        with pytest.raises(ValueError, match=message):
            random_script(*arguments)  # type: ignore[arg-type]


def test_the_first_counter_that_differs_is_told_with_its_core() -> None:
    config = random_chip(np.random.default_rng(1), TINY, Mesh(2, 1))
    counted = (Counter.SPIKES, Counter.UPDATES)
    one = np.zeros((2, len(Counter)), dtype=np.int64)
    other = one.copy()
    other[:, Counter.TICKS] = 9
    assert of_counters(config, 7, (one, other), counted) is None
    other[1, counted] = 3, 5
    found = of_counters(config, 7, (one, other), counted)
    assert found == Difference(7, "spikes", (), config.first + 1, (0, 3))
