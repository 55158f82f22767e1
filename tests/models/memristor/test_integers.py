"""The integer tables of a memristor, beside its floats, and in the golden model."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Geometry,
    MemristorTables,
    ParameterSet,
    Rounding,
    Row,
    Term,
    ThirdFactor,
)
from axonloop.models.golden import Chip
from axonloop.models.memristor import (
    ONE,
    Gain,
    find_memristor,
    gain_tables,
    memristor_tables,
    power_gains,
    sigmoid_gains,
    soft_bound_gains,
    soft_bounds,
)
from axonloop.models.protocol import Counter
from axonloop.models.rules import Rule, matched, weight_decay

KIND = find_memristor("mo-tiox-tin")
STATES = np.arange(-127, 128)
PER_STEP = KIND.range / 254
AT = KIND.low + (STATES + 127) * PER_STEP
"""The conductances of all weights of 8 bits."""
SPREAD = np.sqrt((256**2 - 1) / 12) / 128 / 256
"""The standard deviation of a register's 1: 8 bits u, over 128, in parts of 256."""


def chip_of(tables: MemristorTables, shift: int = 0, pulsed: bool = True, **registers: int) -> Chip:
    """256 always-on axons with the weights -127..127 (and one more) onto a single neuron."""
    geometry = Geometry(axons=256, neurons=1, lanes=1, update_lanes=1, trace_lanes=1, terms=1,
                        multipliers=1, memristor=2)  # fmt: skip
    term = Term(
        AxonFactor.ONE,
        third=ThirdFactor.ERROR,
        sign=1,
        shift=shift,
        weighted=not pulsed,
        pulsed=pulsed,
    )
    rows = (Row(groups=1, plastic=True, always_on=True),) * 256
    sets = (ParameterSet(terms=(term,), box=0, **registers),)
    return Chip(ChipConfig((CoreConfig(geometry, sets, rows, memristor=tables),)))


def moved(chip: Chip, error: int) -> np.ndarray:
    """The weights behind a step with this error in all synapses, which held all 255 weights."""
    chip.load_weights(np.append(STATES, 0)[:, None].astype(np.int32))
    chip.tick()
    chip.send_errors(np.array([0]), np.array([error]), ungated=True)
    chip.learn()
    return chip.weights[:255, 0].astype(np.int64)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("parts", [16, 64])
def test_every_weight_moves_as_the_memristor_does(up: bool, parts: int) -> None:
    """Fouda et al. 2019, equation 13 within one step: all 255 weights, 1 to 127 parts."""
    chip = chip_of(memristor_tables(KIND, parts=parts))
    branch, sign = (KIND.up, 1) if up else (KIND.down, -1)
    share = memristor_tables(KIND, parts=parts)
    for pulses in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 127):
        found = moved(chip, sign * pulses)
        exact = STATES + branch.step(AT, pulses / parts) / PER_STEP
        assert np.abs(found - exact).max() < 1 + 254 / 2**13  # shares are rounded to 2^-13
        assert np.abs(found).max() <= 127
        taken = (share.up_share if up else share.down_share)[pulses]
        headroom = 127 - STATES if up else 127 + STATES
        low = headroom * taken >> 12
        assert set((sign * (found - STATES) - low).tolist()) <= {0, 1}


@pytest.mark.parametrize("sign", [1, -1])
def test_every_weight_moves_by_its_share_exactly(sign: int) -> None:
    """To the nearest: all 255 weights, all numbers of parts that an error can ask for."""
    tables = memristor_tables(KIND)
    chip = chip_of(tables, rounding=Rounding.NEAREST)
    share, headroom = (
        (tables.up_share, 127 - STATES) if sign > 0 else (tables.down_share, 127 + STATES)
    )
    for parts in range(1, 128):
        change = headroom * share[parts] + (1 << 11) >> 12
        assert moved(chip, sign * parts).tolist() == (STATES + sign * change).tolist()


def test_memristors_differ_for_good_and_writes_each_time() -> None:
    """The spread between synapses stays with the seed; up and down have their own."""
    tables = memristor_tables(KIND)

    def parts_of(seed: int, error: int = 64, **registers: int) -> np.ndarray:
        """The changes of two steps, over those of equal memristors: `(2, 255)`."""
        chip = chip_of(tables, rounding=Rounding.NEAREST, **registers)
        even = moved(chip_of(tables, rounding=Rounding.NEAREST), error) - STATES
        chip.seed = seed
        both = np.array([moved(chip, error) - STATES for _ in range(2)])
        return both / np.where(even == 0, np.nan, even)

    fixed, other = (parts_of(seed, device_to_device=120) for seed in (1, 2))
    assert np.array_equal(*fixed, equal_nan=True)
    assert not np.array_equal(fixed, other, equal_nan=True)
    assert np.nanstd(fixed[0][:200]) == pytest.approx(120 * SPREAD, rel=0.15)
    down = parts_of(1, -8, device_to_device=120)
    several = np.isfinite(fixed[0]) & np.isfinite(down[0]) & (np.abs(STATES) < 80)
    assert abs(np.corrcoef(fixed[0][several], down[0][several])[0, 1]) < 0.3
    fresh = parts_of(1, cycle_to_cycle=120)
    assert not np.array_equal(*fresh, equal_nan=True)
    several = np.isfinite(fresh[0]) & (np.arange(255) < 200)
    assert np.std(fresh[0][several]) == pytest.approx(120 * SPREAD, rel=0.15)
    assert abs(np.corrcoef(fresh[:, several])[0, 1]) < 0.25


def test_pulses_are_right_in_the_mean() -> None:
    """Stochastic rounding leaves the mean; what is left is the rounding of shares to 2^-13."""
    chip = chip_of(memristor_tables(KIND))
    for error in (3, -3, 40, -1):
        mean = np.mean([moved(chip, error) for _ in range(400)], axis=0)
        branch = KIND.up if error > 0 else KIND.down
        exact = STATES + branch.step(AT, abs(error) / 64) / PER_STEP
        assert np.abs(mean - exact).max() < 254 / 2**13 + 4 * 0.5 / np.sqrt(400)


def test_compensation_makes_the_wanted_change_in_the_mean() -> None:
    """Equations 16 and 17: as much of every weight, where that does not ask for too much."""
    tables = memristor_tables(KIND)
    chip = chip_of(tables)
    both = Term(AxonFactor.ONE, third=ThirdFactor.ERROR, sign=1, weighted=True, pulsed=True)
    core = chip.config.cores[0]
    chip.configure(
        ChipConfig(
            (
                CoreConfig(
                    core.geometry,
                    (ParameterSet(terms=(both,), box=0),),
                    core.rows,
                    memristor=tables,
                ),
            )
        )  # fmt: skip
    )
    for wanted in (1, 4, -1, -4):
        headroom = 127 - STATES if wanted > 0 else 127 + STATES
        inside = headroom > 12 * abs(wanted)
        mean = np.mean([moved(chip, wanted) - STATES for _ in range(300)], axis=0)
        assert mean[inside] == pytest.approx(wanted, abs=0.35 + 0.03 * abs(wanted))
        assert mean[inside].mean() == pytest.approx(wanted, rel=0.04)


def test_a_gain_of_one_is_no_gain() -> None:
    """Bit for bit, with stochastic rounding: what the page promises of a table of ones."""
    weighted = chip_of(gain_tables(ONE, ONE), shift=3, pulsed=False)
    plain = chip_of(gain_tables(ONE, ONE), shift=3, pulsed=False)
    core = plain.config.cores[0]
    term = Term(AxonFactor.ONE, third=ThirdFactor.ERROR, sign=1, shift=3)
    sets = (ParameterSet(terms=(term,), box=0),)
    plain.configure(ChipConfig((CoreConfig(core.geometry, sets, core.rows),)))
    for error in (5, -5, 100, -1):
        assert moved(weighted, error).tolist() == moved(plain, error).tolist()


def test_writes_are_counted() -> None:
    chip = chip_of(memristor_tables(KIND))
    moved(chip, 2)
    assert chip.counters()[Counter.WRITES] == 256
    moved(chip_of(memristor_tables(KIND), pulsed=False), 2)
    assert chip.counters()[Counter.WRITES] == 256


def test_other_write_rules() -> None:
    gain, same = (memristor_tables(KIND, rule=rule) for rule in ("gain", "same"))
    for tables in (gain, same):
        assert len(set(tables.up_gain)) == len(set(tables.down_gain)) == 1

    def ratio(tables: MemristorTables) -> float:
        up = tables.up_gain[0] / 2**tables.up_gain_shift
        return up / (tables.down_gain[0] / 2**tables.down_gain_shift)

    up, down = KIND.exponential
    assert ratio(gain) == pytest.approx(down.rate / up.rate, rel=1e-3)
    assert ratio(same) == 1


def test_even_branches_are_plain_weights() -> None:
    assert memristor_tables(find_memristor("ideal")) == gain_tables(ONE, ONE)


def test_soft_bounds() -> None:
    table = soft_bounds(8)
    words = np.array(table.words)[[0, 127, 254]] / 2**table.shift
    assert words == pytest.approx([0, 0.5, 1], abs=1e-3)
    hard = soft_bounds(8, 0)
    assert set(hard.words) == {1 << hard.shift}


def stepped(rule: Rule, tables: MemristorTables, spiking: bool = True) -> np.ndarray:
    """The mean change of all 255 weights by a rule in a tick with an error of 64 in the neuron."""
    geometry = Geometry(axons=256, neurons=1, lanes=1, update_lanes=1, trace_lanes=1, terms=2,
                        multipliers=1, memristor=1)  # fmt: skip
    sets = (ParameterSet(terms=rule, box=0, theta=1, alpha_n=0, w_exp=0),)
    rows = (Row(groups=1, plastic=True, always_on=spiking),) * 256
    config = CoreConfig(geometry, sets, rows, bias=(20000,), memristor=tables)
    chip, found = Chip(ChipConfig((config,))), []
    for _ in range(300):
        found.append(moved(chip, 64) - STATES)
    return np.mean(found, axis=0)


def test_weight_decay_is_proportional_to_the_weight() -> None:
    found = stepped(weight_decay(0), soft_bound_gains(8))
    assert found == pytest.approx(-STATES / 127, abs=0.17)  # 0.03 of noise, times 5


def test_the_matched_update_subtracts_a_sigmoid() -> None:
    """Neftci 2018, equation 7, by an error: 64 / 2^4 times s - sigma(alpha w + beta)."""
    alpha, beta = 6.0, 1.0
    sigma = 1 / (1 + np.exp(-alpha * STATES / 127 - beta))
    for spiking, seen in ((True, 1.0), (False, 0.0)):
        found = stepped(matched(4, sign=1), sigmoid_gains(8, alpha, beta), spiking)
        wanted = 4 * (seen - sigma)
        inside = np.abs(STATES) < 120
        assert np.abs(found - wanted)[inside].max() < 0.25


def test_the_power_is_of_the_room_above_either_way() -> None:
    tables = power_gains(8, 0.5)
    room = 127 - STATES
    up, down = (
        np.array(words) / 2**tables.up_gain_shift for words in (tables.up_gain, tables.down_gain)
    )
    exact = np.sqrt(room / 254)
    assert up[127 - STATES] == pytest.approx(exact, abs=1e-3)
    assert down[127 + STATES] == pytest.approx(exact, abs=1e-3)


def test_wide_weights_share_words() -> None:
    tables = memristor_tables(KIND, weight_bits=12)
    first, last = (tables.up_gain[k] / 2**tables.up_gain_shift for k in (20, 200))
    headroom = [16 * k + 7.5 for k in (20, 200)]
    assert first / last == pytest.approx(headroom[1] / headroom[0], rel=0.1)
    assert tables.up_share == memristor_tables(KIND).up_share


REFUSED = [
    (lambda: Gain.of(np.full(256, 7e4)), r"^gain must be at most 65535, not 70000"),
    (lambda: Gain.of(-1.0), "^gain must be finite, 0 or more"),
    (lambda: memristor_tables(KIND, rule="x"), "^write rule must be one of compensation, gain"),
    (lambda: memristor_tables(KIND, parts=2000), r"^parts of a pulse must be .* 1\.\.1024"),
    (lambda: memristor_tables(KIND, weight_bits=4), r"^weight bits must be .* 8\.\.16, not 4"),
    (lambda: soft_bounds(8, 9), r"^power of a soft bound must be in 0\.\.8"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED)
def test_tables_out_of_range_are_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
