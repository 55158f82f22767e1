"""Neurons by hand: reset modes, refractory countdown, saturation, delays, collisions, fan-out."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import (
    CoreConfig,
    Destination,
    Geometry,
    ParameterSet,
    ResetMode,
    Row,
)
from axonloop.models.golden.core import Core
from axonloop.models.registers import Counter, Region

SMALL = {"lanes": 1, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}


def core_of(
    axons: int = 2, neurons: int = 1, fanout=(), rows=(), geometry=None, **registers: int
) -> Core:
    """A core with decays of 1 (I forgets at once), theta 100 and weights of 1."""
    values = {"alpha_n": 4096, "beta_n": 0, "theta": 100, "w_exp": 0, "box": 10} | registers
    shape = Geometry(axons=axons, neurons=neurons, **SMALL, **(geometry or {}))
    core = Core(CoreConfig(shape, (ParameterSet(**values),), fanout=fanout, rows=rows))
    core.load_weights(np.full((axons, neurons), 1))
    return core


def spike_tick(core: Core, *axons: int) -> list[int]:
    core.send_spikes(np.array(axons, dtype=np.int64))
    return core.tick().tolist()


@pytest.mark.parametrize(
    ("mode", "after"),
    [(ResetMode.NONE, 127), (ResetMode.ZERO, 0), (ResetMode.SUBTRACT, 27)],
)
def test_reset_modes(mode: ResetMode, after: int) -> None:
    core = core_of(reset_mode=mode)
    core.load_weights(np.array([[127], [1]]))
    assert spike_tick(core, 0) == [0]
    assert core.array(Region.MEMBRANE).tolist() == [after]


def test_threshold_is_reached_by_equality() -> None:
    core = core_of()
    core.load_weights(np.array([[99], [1]]))
    assert spike_tick(core, 0) == []
    assert core.array(Region.BOX).tolist() == [True]
    assert spike_tick(core, 1) == [0]


@pytest.mark.parametrize(("box", "inside"), [(0, []), (1, [100]), (10, [91, 109])])
def test_the_box_is_open_and_centred_on_theta(box: int, inside: list[int]) -> None:
    """B where |U - theta| < box, so the ends of `inside` are the last ones in."""
    core = core_of(neurons=5, box=box, reset_mode=ResetMode.ZERO)
    membranes = [90, 91, 100, 109, 110]
    core.load_weights(np.array([membranes, [1] * 5]))
    spike_tick(core, 0)
    low, high = (min(inside), max(inside)) if inside else (1, 0)
    expected = [low <= membrane <= high for membrane in membranes]
    assert core.array(Region.BOX).tolist() == expected


def test_refractory_holds_v_while_i_integrates() -> None:
    core = core_of(refractory=3, beta_n=4096, reset_mode=ResetMode.SUBTRACT)
    core.load_weights(np.array([[127], [1]]))
    assert spike_tick(core, 0) == [0]
    seen = []
    for _ in range(4):
        fired = spike_tick(core, 0)
        arrays = (core.array(r)[0] for r in (Region.CURRENT, Region.MEMBRANE, Region.COUNTDOWN))
        seen.append((fired, *map(int, arrays)))
    assert seen == [
        ([], 254, 27, 2),
        ([], 381, 27, 1),
        ([], 508, 27, 0),
        ([0], 635, 562, 3),
    ]


def test_reset_trace_raises_the_threshold() -> None:
    core = core_of(rho=50, gamma=2048, reset_mode=ResetMode.ZERO)
    core.load_weights(np.array([[100], [127]]))
    found = [spike_tick(core, axon) for axon in (0, 0, 1, 1)]
    assert found == [[0], [], [0], []]
    assert core.array(Region.RESET).tolist() == [(50 // 2 // 2 + 50) // 2]


def test_saturation_clips_and_counts_every_word() -> None:
    core = core_of(geometry={"state_bits": 8, "weight_bits": 8}, w_exp=7, theta=127, q_inc=0)
    core.load_weights(np.array([[-127], [-127]]))
    for _ in range(3):
        spike_tick(core, 0, 1)
    assert core.array(Region.CURRENT).tolist() == [-127]
    assert core.array(Region.MEMBRANE).tolist() == [-127]
    assert core.counters()[Counter.SATURATIONS] == 3 + 2


def test_an_absent_synapse_adds_nothing_but_is_paid_for() -> None:
    core = core_of()
    core.load_weights(np.array([[-128], [5]]))
    spike_tick(core, 0, 1)
    assert core.array(Region.CURRENT).tolist() == [5]
    assert core.counters()[Counter.SYNOPS] == 2


def test_a_row_visits_its_groups_only() -> None:
    rows = (Row(first_group=1, groups=2), Row(groups=0))
    core = core_of(neurons=4, rows=rows)
    core.load_weights(np.array([[-128, 7, 8, -128], [-128] * 4]))
    spike_tick(core, 0, 1)
    assert core.array(Region.CURRENT).tolist() == [0, 7, 8, 0]
    counters = core.counters()
    assert (counters[Counter.EVENTS], counters[Counter.SYNOPS]) == (2, 2)


@pytest.mark.parametrize("delay", [0, 1, 6])
def test_delays_count_ticks(delay: int) -> None:
    core = core_of(geometry={"delay_slots": 8})
    spike_tick(core)
    core.send_spikes(np.array([0]), delay)
    seen = []
    for _ in range(12):
        core.tick()
        seen.append(int(core.array(Region.CURRENT)[0]))
    assert seen == [int(tick == delay) for tick in range(12)]


def test_collisions_are_spikes_whose_bit_is_set() -> None:
    core = core_of(geometry={"delay_slots": 4})
    core.send_spikes(np.array([0, 0, 1]))
    core.send_spikes(np.array([1]))
    core.send_spikes(np.array([1]), delay=1)
    assert core.counters()[Counter.COLLISIONS] == 2
    core.tick()
    core.send_spikes(np.array([1]))
    assert core.counters()[Counter.COLLISIONS] == 3
    assert core.counters()[Counter.EVENTS] == 2


def test_fan_out_reaches_own_axons_and_collides() -> None:
    """Neuron 0 feeds axon 1 at once and two ticks late; neuron 1 feeds axon 1 too."""
    fanout = ((Destination(1), Destination(1, delay=2)), (Destination(1),))
    core = core_of(neurons=2, fanout=fanout, reset_mode=ResetMode.ZERO)
    core.load_weights(np.array([[100, 100], [1, 1]]))
    assert spike_tick(core, 0) == [0, 1]
    assert core.counters()[Counter.COLLISIONS] == 1
    seen = []
    for _ in range(4):
        core.tick()
        seen.append(int(core.array(Region.CURRENT)[0]))
    assert seen == [1, 0, 1, 0]


def test_a_fan_out_entry_of_another_core_is_refused() -> None:
    config = CoreConfig(Geometry(axons=16, neurons=16), fanout=((Destination(1, core=2),),) * 16)
    with pytest.raises(ValueError, match=r"fanout\[0\]\[0\].core of a single core must be 0"):
        Core(config)
