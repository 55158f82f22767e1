"""The integer tables of a memristor, beside its floats."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.memristor import (
    DeviceTables,
    Headroom,
    device_tables,
    find_memristor,
    soft_bounds,
)

KIND = find_memristor("mo-tiox-tin")
TABLES = device_tables(KIND)
STATES = np.arange(-127, 128)
NOISE = np.random.default_rng(1)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("parts", [16, 64])
def test_every_state_steps_as_in_float(up: bool, parts: int) -> None:
    """Equation 13 within one step, for all 255 states and all numbers of pulses."""
    tables = device_tables(KIND, parts=parts)
    branch = KIND.up if up else KIND.down
    states, pulses = np.meshgrid(STATES, np.arange(256), indexing="ij")
    found = tables.stepped(states, pulses, up, NOISE.integers(0, 1 << 12, states.shape))
    per_step = KIND.range / 254
    at = KIND.low + (states + 127) * per_step
    exact = states + branch.step(at, pulses / parts) / per_step
    assert np.abs(found - np.rint(exact)).max() <= 1
    assert found.min() >= -127
    assert found.max() <= 127


def test_steps_are_right_in_the_mean() -> None:
    """Stochastic rounding leaves the mean; what is left is the rounding of K to 2^-13."""
    noise = np.arange(1 << 12)
    for state, pulses, up in ((0, 3, True), (0, 3, False), (-100, 40, True), (90, 1, False)):
        mean = TABLES.stepped(np.full(1 << 12, state), pulses, up, noise).mean()
        branch = KIND.up if up else KIND.down
        at = KIND.low + (state + 127) * KIND.range / 254
        exact = state + branch.step(at, pulses / 64) / KIND.range * 254
        assert mean == pytest.approx(float(exact), abs=254 / 2**13 + 1e-3)


def test_compensation_is_equations_16_and_17() -> None:
    """The pulses for a wanted change, at every state, within half a percent and rounding."""
    for wanted in (1, 5, -1, -5):
        kept = STATES[(127 - STATES if wanted > 0 else 127 + STATES) > 5 * abs(wanted)]
        noise = np.arange(256)
        states, k = np.meshgrid(kept, noise, indexing="ij")
        mean = TABLES.pulses(states, np.full(states.shape, wanted), k).mean(1)
        at, change = KIND.low + (kept + 127) * KIND.range / 254, wanted * KIND.range / 254
        branch = KIND.exponential[wanted < 0]
        exact = 64 * branch.linear_pulses_for(at, change)
        assert mean == pytest.approx(np.minimum(exact, 255), rel=0.005, abs=0.05)


def test_other_rules() -> None:
    gain, same = (device_tables(KIND, rule=rule) for rule in ("gain", "same"))
    for tables in (gain, same):
        assert len(set(tables.rise.words.tolist())) == 1
    up, down = KIND.exponential
    ratio = lambda t: (t.rise.words[0] / 2**t.rise.shift) / (t.fall.words[0] / 2**t.fall.shift)  # noqa: E731
    assert ratio(gain) == pytest.approx(down.rate / up.rate, rel=1e-3)
    assert ratio(same) == 1


def test_soft_bounds() -> None:
    table = soft_bounds(8)
    assert table.words[[0, 127, 254]] / 2**table.shift == pytest.approx([0, 0.5, 1], abs=1e-4)
    hard = soft_bounds(8, 0)
    assert (hard.words == 1 << hard.shift).all()
    assert hard.pulses([3, -7], [1, 200], [5, 5]).tolist() == [3, 7]


def test_wide_weights_share_words() -> None:
    tables = device_tables(KIND, weight_bits=12)
    assert tables.limit == 2047
    steps = tables.stepped([2047, -2047, 0], [255, 255, 255], [True, False, True], [4095] * 3)
    assert steps[0] == 2047
    assert steps[1] == -2047
    assert steps[2] > 0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: Headroom(np.zeros(8, int), 0),
            "^headroom table must be of 256 words",
        ),
        (lambda: Headroom(np.full(256, 70_000), 0), r"^headroom table must be in 0\.\.65535"),
        (lambda: Headroom.of(np.full(256, 7e4)), r"^headroom table must be in 0\.\.65535"),
        (lambda: Headroom.of(np.full(256, -1.0)), "^headroom table must be finite, 0 or more"),
        (
            lambda: DeviceTables(
                TABLES.rise, TABLES.fall, TABLES.rise_steps[::-1], TABLES.fall_steps, 8, 64
            ),
            "^rise_steps must be rising with the pulses",
        ),
        (
            lambda: DeviceTables(
                TABLES.rise, TABLES.fall, TABLES.rise_steps, TABLES.fall_steps * 99, 8, 64
            ),
            r"^fall_steps must be in 0\.\.4095",
        ),
        (lambda: device_tables(KIND, rule="x"), "^rule must be one of compensation, gain, same"),
        (
            lambda: device_tables(find_memristor("ideal")),
            "^branches of ideal must be exponential; fit measured ones, not 'Even and Even'",
        ),
        (lambda: device_tables(KIND, weight_bits=4), r"^weight bits must be .* 8\.\.16, not 4"),
        (lambda: soft_bounds(8, 9), r"^power of a soft bound must be in 0\.\.8"),
    ],
)
def test_tables_out_of_range_are_refused(make: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()  # type: ignore[operator]
