"""Memristors: by name, varied, worn, aged; and what none is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.models.memristor import (
    NAMED,
    Drift,
    Exponential,
    Memristor,
    MemristorArray,
    Retention,
    Spread,
    find_memristor,
)

KIND = find_memristor("mo-tiox-tin")
PLAIN = replace(KIND, spread=Spread())
TRIED = {
    "up": {10: (213, 35), 30: (421, 55), 50: (532, 50), 94: (632, 28)},
    "down": {1: (479, 42), 2: (346, 57), 5: (146, 48), 10: (56, 19)},
}
"""Means and sds in nS after pulses, of a trial with 1,000 devices and other random numbers."""


@pytest.mark.parametrize("name", NAMED)
def test_every_named_memristor_moves_within_its_range(name: str) -> None:
    kind = find_memristor(name)
    array = MemristorArray(kind, (50,), np.random.default_rng(1))
    for pulses in (1, 20, -1, -40, 3):
        array.pulse(pulses)
        assert (array.low <= array.conductance).all()
        assert (array.conductance <= array.high).all()
    assert (array.writes == 5).all()
    assert kind.about


def test_pulses_of_a_kind_are_its_branches() -> None:
    at = np.array([100.0, 300.0, 600.0])
    for pulses in (-2.5, 0.5, 4.0):
        branch = PLAIN.up if pulses > 0 else PLAIN.down
        assert PLAIN.step(at, pulses) == pytest.approx(branch.step(at, abs(pulses)))
        change = PLAIN.step(at, pulses)
        assert PLAIN.pulses_for(at, change) == pytest.approx(pulses)
    array = MemristorArray(PLAIN, (3,), np.random.default_rng(1), at)
    array.pulse([1.0, 0.0, -2.0])
    assert array.conductance == pytest.approx(at + PLAIN.step(at, [1, 0, -2]))
    assert array.writes.tolist() == [1, 0, 1]


@pytest.mark.parametrize("name", TRIED)
def test_the_spread_of_devices_is_as_tried(name: str) -> None:
    """Figure 7b: 25 % of a, 1 % of Gmax, 5 % of Gmin; means and sds within 3 sigma of both."""
    devices = 1000
    kind = replace(KIND, spread=Spread(rate=0.25, high=0.01, low=0.05))
    sign, start = (1, KIND.up.start) if name == "up" else (-1, KIND.high)
    for pulses, (mean, sd) in TRIED[name].items():
        array = MemristorArray(kind, (devices,), np.random.default_rng(pulses), start)
        array.pulse(sign * pulses)
        found = array.conductance
        # two samples: the error of a mean is sd / sqrt n, that of an sd sd / sqrt 2n, each twice
        assert found.mean() == pytest.approx(mean, abs=3 * sd * np.sqrt(2 / devices) + 0.5)
        assert found.std() == pytest.approx(sd, abs=3 * sd / np.sqrt(devices) + 0.5)


@pytest.mark.parametrize("normal", [False, True])
def test_rates_vary_around_the_kinds(normal: bool) -> None:
    factors = Spread(rate=0.25, normal=normal).rates(np.random.default_rng(1), (20_000,))
    assert np.median(factors) == pytest.approx(1, abs=0.01)
    assert (np.log(factors).std(), factors.std())[normal] == pytest.approx(0.25, rel=0.03)
    assert factors.min() > 0


def test_writes_vary_anew_each_time() -> None:
    kind = replace(KIND, spread=Spread(write=0.25))
    array = MemristorArray(kind, (4000,), np.random.default_rng(1), 300.0)
    array.pulse(1)
    first = array.conductance - 300
    array.conductance = np.full(4000, 300.0)
    array.pulse(1)
    second = array.conductance - 300
    assert first.mean() == pytest.approx(float(KIND.step(300, 1)), rel=0.02)
    assert first.std() / first.mean() == pytest.approx(0.25, rel=0.1)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05


def test_write_verify_corrects() -> None:
    array = MemristorArray(KIND, (500,), np.random.default_rng(1))
    wanted = np.linspace(100, 600, 500)
    array.change(wanted - array.conductance)
    assert np.abs(array.conductance - wanted).max() > 50
    rounds = array.verify(wanted, 2.0, 60)
    assert 1 < rounds < 60
    assert np.abs(array.conductance - wanted).max() <= 2
    with pytest.raises(ValueError, match="^tolerance must be above 0 nS, not 0"):
        array.verify(wanted, 0)


def test_worn_devices_are_stuck() -> None:
    kind = replace(PLAIN, endurance=3)
    array = MemristorArray(kind, (2,), np.random.default_rng(1))
    for _ in range(3):
        array.pulse([1, 0])
    held = array.conductance.copy()
    assert array.stuck.tolist() == [True, False]
    array.pulse([5, 5])
    assert array.conductance[0] == held[0]
    assert array.conductance[1] > held[1]
    assert array.writes.tolist() == [3, 1]


def test_two_states_switch_by_chance() -> None:
    kind = find_memristor("stt-mram")
    plain = replace(kind, spread=Spread())
    array = MemristorArray(plain, (20_000,), np.random.default_rng(1))
    array.pulse(1)
    assert set(np.unique(array.conductance)) == {kind.low, kind.high}
    share = (array.conductance == kind.high).mean()
    assert share == pytest.approx(1 - np.exp(-0.7), abs=0.01)


def test_retention_runs_faster_in_the_heat() -> None:
    law = Retention(1e4, rest=100, celsius=85, activation=1.0)
    assert law.kept(1e4, 85) == pytest.approx(np.exp(-1))
    assert law.aged(600, 1e4, 85) == pytest.approx(100 + 500 * np.exp(-1))
    assert law.kept(0, 85) == 1
    # Arrhenius by hand: 1 eV between 85 C and 25 C is a factor of about 680
    factor = np.log(law.kept(1e4, 85)) / np.log(law.kept(1e4, 25))
    assert factor == pytest.approx(np.exp(1 / 8.617333e-5 * (1 / 298.15 - 1 / 358.15)), rel=1e-4)
    assert 600 < factor < 750
    array = MemristorArray(
        replace(PLAIN, retention=law), (3,), np.random.default_rng(1), [100.0, 200.0, 600.0]
    )
    array.age(1e4, 85)
    assert array.conductance == pytest.approx(100 + np.exp(-1) * np.array([0, 100, 500]))


def test_phase_change_drifts_by_a_power_of_time() -> None:
    kind = find_memristor("pcm")
    assert kind.aged(1000, 0) == 1000
    later = [float(kind.aged(1000, seconds)) for seconds in (9, 99, 999)]
    assert np.diff(np.log(later)) == pytest.approx([-0.05 * np.log(10)] * 2)


def test_current_bends_with_the_voltage() -> None:
    bent = replace(PLAIN, bend=4.0)
    assert bent.current(100, 1e-6) == pytest.approx(1e-4)
    assert bent.current(100, 0.5) == pytest.approx(100 * np.sinh(2) / 4)
    assert PLAIN.current(100, 0.5) == 50


UP, DOWN = Exponential(1, 10, 0.1), Exponential(10, 1, 0.1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Memristor("m", DOWN, DOWN), "^potentiation must be rising, not 'from 10 to 1 nS'"),
        (lambda: Memristor("m", UP, UP), "^depression must be falling"),
        (lambda: Memristor("m", UP, Exponential(30, 20, 1)), "^Gmin must be below Gmax, not '20"),
        (lambda: Memristor("m", UP, DOWN, endurance=0), "^endurance must be 1 write or more"),
        (
            lambda: Memristor("m", UP, DOWN, levels=1),
            r"^levels must be a whole number in 2",
        ),
        (lambda: Memristor("m", UP, DOWN, bend=-1), "^bend must be 0 per volt or more"),
        (lambda: Memristor("m", UP, DOWN, retention=Retention(1, 11)), "^rest must be Gmax, 10"),
        (lambda: Retention(0, 1), "^retention must be above 0 s"),
        (lambda: Retention(1, 1, celsius=-300), "^temperature must be above -273.15 C"),
        (lambda: Retention(1, 1).kept(-1, 25), "^seconds must be 0 or more, not -1"),
        (lambda: Drift(1.5), r"^drift exponent must be in 0\.\.1, not 1.5"),
        (lambda: Spread(rate=-0.1), r"^spread of rate must be in 0\.\.10 of the mean, not -0.1"),
        (lambda: find_memristor("tin"), r"^memristor must be one of ideal, .* file, not 'tin'"),
        (
            lambda: MemristorArray(PLAIN, (2,), np.random.default_rng(1)).pulse(np.nan),
            "^pulses must be finite",
        ),
    ],
)
def test_what_is_no_memristor_is_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
