"""Neurons by hand: reset modes, refractory countdown, saturation, delays, collisions, fan-out."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import (
    ChipConfig,
    CoreConfig,
    Destination,
    Geometry,
    ParameterSet,
    ResetMode,
    Row,
)
from axonloop.models.golden import Chip
from axonloop.models.protocol import Counter, Region

SMALL = {"lanes": 1, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}


def chip_of(
    axons: int = 2, neurons: int = 1, fanout=(), rows=(), geometry=None, **registers: int
) -> Chip:
    """A chip of one core with decays of 1 (I forgets at once), theta 100 and weights of 1."""
    values = {"alpha_n": 4096, "beta_n": 0, "theta": 100, "w_exp": 0, "box": 10} | registers
    shape = Geometry(axons=axons, neurons=neurons, **SMALL, **(geometry or {}))
    core = CoreConfig(shape, (ParameterSet(**values),), fanout=fanout, rows=rows)
    chip = Chip(ChipConfig.of(core))
    chip.load_weights(np.full((axons, neurons), 1))
    return chip


def spike_tick(chip: Chip, *axons: int) -> list[int]:
    chip.send_spikes(np.array(axons, dtype=np.int64))
    return chip.tick().tolist()


@pytest.mark.parametrize(
    ("mode", "after"),
    [(ResetMode.NONE, 127), (ResetMode.ZERO, 0), (ResetMode.SUBTRACT, 27)],
)
def test_reset_modes(mode: ResetMode, after: int) -> None:
    chip = chip_of(reset_mode=mode)
    chip.load_weights(np.array([[127], [1]]))
    assert spike_tick(chip, 0) == [0]
    assert chip.array(Region.MEMBRANE).tolist() == [after]


def test_threshold_is_reached_by_equality() -> None:
    chip = chip_of()
    chip.load_weights(np.array([[99], [1]]))
    assert spike_tick(chip, 0) == []
    assert chip.array(Region.BOX).tolist() == [True]
    assert spike_tick(chip, 1) == [0]


@pytest.mark.parametrize(("box", "inside"), [(0, []), (1, [100]), (10, [91, 109])])
def test_the_box_is_open_and_centred_on_theta(box: int, inside: list[int]) -> None:
    """B where |U - theta| < box, so the ends of `inside` are the last ones in."""
    chip = chip_of(neurons=5, box=box, reset_mode=ResetMode.ZERO)
    membranes = [90, 91, 100, 109, 110]
    chip.load_weights(np.array([membranes, [1] * 5]))
    spike_tick(chip, 0)
    low, high = (min(inside), max(inside)) if inside else (1, 0)
    expected = [low <= membrane <= high for membrane in membranes]
    assert chip.array(Region.BOX).tolist() == expected


def test_refractory_holds_v_while_i_integrates() -> None:
    chip = chip_of(refractory=3, beta_n=4096, reset_mode=ResetMode.SUBTRACT)
    chip.load_weights(np.array([[127], [1]]))
    assert spike_tick(chip, 0) == [0]
    seen = []
    for _ in range(4):
        fired = spike_tick(chip, 0)
        arrays = (chip.array(r)[0] for r in (Region.CURRENT, Region.MEMBRANE, Region.COUNTDOWN))
        seen.append((fired, *map(int, arrays)))
    assert seen == [
        ([], 254, 27, 2),
        ([], 381, 27, 1),
        ([], 508, 27, 0),
        ([0], 635, 562, 3),
    ]


def test_reset_trace_raises_the_threshold() -> None:
    chip = chip_of(rho=50, gamma=2048, reset_mode=ResetMode.ZERO)
    chip.load_weights(np.array([[100], [127]]))
    found = [spike_tick(chip, axon) for axon in (0, 0, 1, 1)]
    assert found == [[0], [], [0], []]
    assert chip.array(Region.RESET).tolist() == [(50 // 2 // 2 + 50) // 2]


def test_saturation_clips_and_counts_every_word() -> None:
    chip = chip_of(geometry={"state_bits": 8, "weight_bits": 8}, w_exp=7, theta=127, q_inc=0)
    chip.load_weights(np.array([[-127], [-127]]))
    for _ in range(3):
        spike_tick(chip, 0, 1)
    assert chip.array(Region.CURRENT).tolist() == [-127]
    assert chip.array(Region.MEMBRANE).tolist() == [-127]
    assert chip.counters()[Counter.SATURATIONS] == 3 + 2


def test_an_absent_synapse_adds_nothing_but_is_paid_for() -> None:
    chip = chip_of()
    chip.load_weights(np.array([[-128], [5]]))
    spike_tick(chip, 0, 1)
    assert chip.array(Region.CURRENT).tolist() == [5]
    assert chip.counters()[Counter.SYNOPS] == 2


def test_a_row_visits_its_groups_only() -> None:
    rows = (Row(first_group=1, groups=2), Row(groups=0))
    chip = chip_of(neurons=4, rows=rows)
    chip.load_weights(np.array([[-128, 7, 8, -128], [-128] * 4]))
    spike_tick(chip, 0, 1)
    assert chip.array(Region.CURRENT).tolist() == [0, 7, 8, 0]
    counters = chip.counters()
    assert (counters[Counter.EVENTS], counters[Counter.SYNOPS]) == (2, 2)


@pytest.mark.parametrize("delay", [0, 1, 6])
def test_delays_count_ticks(delay: int) -> None:
    chip = chip_of(geometry={"delay_slots": 8})
    spike_tick(chip)
    chip.send_spikes(np.array([0]), delay)
    seen = []
    for _ in range(12):
        chip.tick()
        seen.append(int(chip.array(Region.CURRENT)[0]))
    assert seen == [int(tick == delay) for tick in range(12)]


def test_collisions_are_spikes_whose_bit_is_set() -> None:
    chip = chip_of(geometry={"delay_slots": 4})
    chip.send_spikes(np.array([0, 0, 1]))
    chip.send_spikes(np.array([1]))
    chip.send_spikes(np.array([1]), delay=1)
    assert chip.counters()[Counter.COLLISIONS] == 2
    chip.tick()
    chip.send_spikes(np.array([1]))
    assert chip.counters()[Counter.COLLISIONS] == 3
    assert chip.counters()[Counter.EVENTS] == 2


def test_fan_out_reaches_own_axons_and_collides() -> None:
    """Neuron 0 feeds axon 1 at once and two ticks late; neuron 1 feeds axon 1 too."""
    fanout = ((Destination(1), Destination(1, delay=2)), (Destination(1),))
    chip = chip_of(neurons=2, fanout=fanout, reset_mode=ResetMode.ZERO)
    chip.load_weights(np.array([[100, 100], [1, 1]]))
    assert spike_tick(chip, 0) == [0, 1]
    assert chip.counters()[Counter.COLLISIONS] == 1
    seen = []
    for _ in range(4):
        chip.tick()
        seen.append(int(chip.array(Region.CURRENT)[0]))
    assert seen == [1, 0, 1, 0]
