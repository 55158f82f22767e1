"""Branches: each way to ask them agrees with the others; fits; bad curves."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.memristor import (
    DOWN,
    DOWN_RATE,
    PRINTED_DOWN_RATE,
    UP,
    Branch,
    Even,
    Exponential,
    Measured,
    down_at,
    down_rate,
    find_memristor,
    fit_branch,
    up_at,
)

UP_CURVE, DOWN_CURVE = Exponential(47.2, 674, 0.03058), Exponential(954.85, 32.95, 0.3534)
PULSES = tuple(float(n) for n in range(95))
TABLE = Measured(PULSES, tuple(UP_CURVE.after(PULSES).tolist()))
BRANCHES: dict[str, Branch] = {
    "up": UP_CURVE,
    "down": DOWN_CURVE,
    "even": Even(0, 100, 50),
    "even down": Even(100, 0, 50),
    "measured": TABLE,
}


@pytest.mark.parametrize("name", BRANCHES)
def test_steps_and_pulses_are_inverses(name: str) -> None:
    """Equations 13, 14 and 15 of the chapter, and the same of the other kinds."""
    branch = BRANCHES[name]
    at = branch.start + np.linspace(0.05, 0.6, 12) * (branch.goal - branch.start)
    for pulses in (0.1, 1.0, 3.7):
        back = branch.pulses_for(at, branch.step(at, pulses))
        assert back == pytest.approx(pulses, rel=1e-9)
    two = branch.step(at, 1.3) + branch.step(at + branch.step(at, 1.3), 2.0)
    assert branch.step(at, 3.3) == pytest.approx(two, rel=1e-9)
    assert branch.after(3.3) == pytest.approx(branch.start + branch.step(branch.start, 3.3))


def test_an_exponential_is_the_papers() -> None:
    n = np.arange(10)
    assert UP_CURVE.after(n) == pytest.approx(674 - 626.8 * np.exp(-0.03058 * n))
    assert DOWN_CURVE.after(n) == pytest.approx(32.95 + 921.9 * np.exp(-0.3534 * n))


def test_the_linear_compensation_falls_short() -> None:
    """Equations 16 and 17 reach 1 - exp(-x) of the headroom where x is wanted."""
    branch = Exponential(0, 1, 0.3534)
    wanted = np.array([0.05, 0.1, 0.2, 0.5])
    reached = branch.step(0, branch.linear_pulses_for(0, wanted))
    assert reached.round(4).tolist() == [0.0488, 0.0952, 0.1813, 0.3935]


@pytest.mark.parametrize("name", BRANCHES)
def test_a_change_beyond_the_goal_takes_for_ever(name: str) -> None:
    branch = BRANCHES[name]
    way = branch.goal - branch.start
    assert branch.pulses_for(branch.start, [way, 1.5 * way]).tolist() == [np.inf, np.inf]
    assert np.isnan(branch.pulses_for(branch.start, -way / 10))
    assert branch.pulses_for(branch.goal, 0.0) == 0


def test_every_curve_is_fitted_again() -> None:
    n = np.arange(95)
    for sign, table in ((1, UP), (-1, DOWN)):
        for goal, swing, rate in table.values():
            branch = Exponential(goal - sign * swing, goal, rate)
            found = fit_branch(n, branch.after(n))
            for field in ("start", "goal", "rate"):
                assert getattr(found.branch, field) == pytest.approx(getattr(branch, field), 1e-6)
            assert found.error < 1e-6 < found.straight


@pytest.mark.parametrize("seed", range(3))
def test_a_fit_of_noise_is_near_and_says_its_error(seed: int) -> None:
    n = np.arange(95)
    noisy = UP_CURVE.after(n) + np.random.default_rng(seed).normal(0, 9, 95)
    found = fit_branch(n, noisy)
    assert found.branch.rate == pytest.approx(UP_CURVE.rate, rel=0.1)
    assert found.branch.goal == pytest.approx(674, rel=0.02)
    assert found.error == pytest.approx(9, rel=0.2)
    assert found.error == pytest.approx(np.std(noisy - found.branch.after(n)), rel=1e-3)


def test_the_printed_rate_of_depression_misses_its_table() -> None:
    rate = DOWN[-3.0][2]
    assert down_rate(-3, PRINTED_DOWN_RATE) / rate == pytest.approx(0.376, abs=0.001)
    for volts, (_, _, table) in DOWN.items():
        assert down_rate(volts, DOWN_RATE) == pytest.approx(table, rel=0.002)
        assert down_at(volts).goal == pytest.approx(DOWN[volts][0], abs=1)
    for volts, (goal, _, _) in UP.items():
        assert up_at(volts).goal == pytest.approx(goal, abs=0.5)


def test_the_papers_nonlinearities() -> None:
    up, down = find_memristor("mo-tiox-tin").nonlinearity(94)
    assert (up, down, up + down) == pytest.approx((0.32, 0.45, 0.77), abs=0.005)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Exponential(1, -2, 0.1), "^goal must be 0 nS or more, not -2"),
        (lambda: Exponential(1, 2, 0), "^rate must be above 0 per pulse, not 0"),
        (lambda: Exponential(2, 2, 1), "^goal must be another conductance than start"),
        (lambda: Exponential(float("nan"), 2, 1), "^start must be a finite number"),
        (lambda: Even(0, 1, 0), "^pulses must be above 0, not 0"),
        (
            lambda: Measured((0, 1, 2), (1, 3, 2)),
            r"^measured conductances must be rising at every pulse; fit it else, not \(3",
        ),
        (lambda: Measured((0, 1, 2), (3, 1, 2)), "^measured conductances must be falling"),
        (lambda: Measured((0, 0), (1, 3)), "^pulses of a measured curve must be rising"),
        (lambda: Measured((0, 1), (-1, 3)), "^measured conductances must be 0 nS or more"),
        (lambda: Measured((0,), (1,)), "^measured curve must be two points or more"),
        (lambda: fit_branch([0, 1, 2], [1, 2, 3]), "^curve must be at four different pulses"),
        (lambda: fit_branch(range(5), [1, -1, 1, 1, 2]), "^conductances must be 0 nS or more"),
        (lambda: fit_branch(range(5), [2] * 5), "^conductances must be changing with the pulses"),
        (lambda: fit_branch(range(5), [9, 7, 5, 3, 1]), "^goal of the curve must be 0 nS or more"),
        (lambda: fit_branch(range(4), [1, np.inf, 2, 3]), "^curve must be of finite numbers"),
        (lambda: up_at(1.9), r"^voltage of potentiation must be in 2\.\.3 V, not 1.9"),
        (lambda: down_at(3), r"^voltage of depression must be in -3\.\.-2 V, not 3"),
    ],
)
def test_what_is_no_branch_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
