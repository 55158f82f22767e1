"""Learning by hand: E, rounding, what is never touched, and the nearest-rounding control."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import ChipConfig, CoreConfig, Geometry, ParameterSet, Rounding, Row
from axonloop.models.golden import Chip
from axonloop.models.protocol import Counter, Region


def learner(rows: tuple[Row, ...] = (), **registers: int) -> Chip:
    """A 16 x 16 core, all rows plastic, after one tick, with Pq 10 and B 1 everywhere."""
    geometry = Geometry(axons=16, neurons=16)
    rows = rows or (Row(groups=1, plastic=True),) * 16
    core = CoreConfig(geometry, (ParameterSet(**registers),), rows=rows)
    chip = Chip(ChipConfig.of(core))
    chip.load_weights(np.zeros((16, 16), dtype=np.int32))
    chip.tick()
    chip.set_array(Region.TRACE_PQ, np.full(16, 10))
    chip.set_array(Region.BOX, np.ones(16))
    return chip


def test_exact_step_without_a_shift() -> None:
    chip = learner(eta_shift=0)
    chip.send_errors(np.array([3, 3, 5]), np.array([2, 1, -4]))
    chip.learn()
    expected = np.zeros((16, 16), dtype=int)
    expected[:, 3], expected[:, 5] = -30, 40
    assert chip.weights.tolist() == expected.tolist()
    counters = chip.counters()
    assert (counters[Counter.VISITS], counters[Counter.UPDATES]) == (32, 32)


def test_gated_errors_need_the_box_and_each_sum_saturates() -> None:
    chip = learner(eta_shift=3, rounding=Rounding.NEAREST)
    chip.set_array(Region.BOX, np.arange(16) % 2)
    for _ in range(2):
        chip.send_errors(np.arange(16), np.full(16, 100))
        chip.send_errors(np.arange(16), np.full(16, -100), ungated=True)
    chip.send_errors(np.array([2]), np.array([90]), ungated=True)
    errors = chip.cores[0].learning.errors(chip.array(Region.BOX)).tolist()
    assert errors == [-110 if i == 2 else [-127, 0][i % 2] for i in range(16)]


@pytest.mark.parametrize("seed", range(4))
def test_stochastic_rounding_is_right_on_average(seed: int) -> None:
    """Each step is floor or ceil of 7 * 10 / 2**9; of n = 256 ticks x 16 rows about 13.7 % are 1.

    A step is 1 with p = 70 / 512, sd of the sum sqrt(n p (1 - p)) = 22; bound 5.5 sd.
    """
    chip = learner(eta_shift=9)
    chip.seed = seed
    total = 0
    for _ in range(256):
        chip.load_weights(np.zeros((16, 16), dtype=np.int32))
        chip.set_array(Region.TRACE_PQ, np.full(16, 10))
        chip.send_errors(np.array([4]), np.array([7]), ungated=True)
        chip.learn()
        column = chip.weights[:, 4]
        assert set(column.tolist()) <= {0, -1}
        total -= int(column.sum())
        chip.tick()
    assert abs(total - 4096 * 70 / 512) < 5.5 * 22


def test_nearest_rounding_below_half_a_step_never_changes_a_weight() -> None:
    """The negative control: the same steps, rounded to nearest, learn nothing at all."""
    chip = learner(eta_shift=9, rounding=Rounding.NEAREST)
    for _ in range(50):
        chip.set_array(Region.TRACE_PQ, np.full(16, 10))
        chip.send_errors(np.arange(16), np.where(np.arange(16) % 2, 25, -25), ungated=True)
        chip.learn()
        chip.tick()
    assert not chip.weights.any()
    counters = chip.counters()
    assert (counters[Counter.VISITS], counters[Counter.UPDATES]) == (50 * 256, 0)
    chip.set_array(Region.TRACE_PQ, np.full(16, 10))
    chip.send_errors(np.array([0]), np.array([26]), ungated=True)
    chip.learn()
    assert chip.weights[:, 0].tolist() == [-1] * 16


def test_absent_synapses_never_learn_and_present_ones_saturate() -> None:
    chip = learner(eta_shift=0)
    weights = np.zeros((16, 16), dtype=np.int32)
    weights[2, 6] = -128
    chip.load_weights(weights)
    chip.send_errors(np.array([6, 7]), np.array([100, -100]))
    chip.learn()
    column = chip.weights[:, 6].tolist()
    assert column == [-128 if j == 2 else -127 for j in range(16)]
    assert chip.weights[:, 7].tolist() == [127] * 16
    assert chip.counters()[Counter.VISITS] == 31


def test_what_is_learned_is_integrated() -> None:
    chip = learner(eta_shift=0, w_exp=0, beta_n=0)
    chip.send_errors(np.array([1]), np.array([-2]))
    chip.learn()
    chip.send_spikes(np.array([0, 9]))
    chip.tick()
    assert chip.array(Region.CURRENT).tolist() == [0, 40, *[0] * 14]


def test_fixed_rows_have_no_factor_and_always_on_rows_a_constant_one() -> None:
    plastic = Row(groups=1, plastic=True)
    rows = (Row(groups=1), Row(groups=1, plastic=True, always_on=True), *(plastic,) * 14)
    chip = learner(rows, pq_on=33, q_inc=100, p_shift=0, pq_shift=2)
    chip.send_spikes(np.array([0, 2]))
    chip.tick()
    assert chip.array(Region.TRACE_PQ).tolist() == [0, 33, 25, *[0] * 13]
    assert chip.counters()[Counter.EVENTS] == 1 + 3


def test_learning_twice_is_refused_and_keeps_errors() -> None:
    chip = learner()
    chip.learn()
    chip.send_errors(np.array([1]), np.array([5]))
    with pytest.raises(ValueError, match="at most once after each tick"):
        chip.learn()
    assert chip.array(Region.GATED).tolist() == [0, 5, *[0] * 14]


def test_error_registers_wrap() -> None:
    chip = learner()
    chip.send_errors(np.full(260, 3), np.full(260, 127))
    assert chip.array(Region.GATED)[3] == 260 * 127 - 2**16
