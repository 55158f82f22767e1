"""Each stage that memristors, masks and noise at the threshold add, broken on purpose: it is seen.

The runs are those of `tests.support.random.beside`, on a core with all of it. A mutant of the naive
oracle shows that they reach the stage; one of the emulator, that its own stage is compared.
"""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.config import Geometry
from tests.support import naive
from tests.support.mutation import mutate
from tests.support.random.beside import Beside
from tests.support.random.cores import random_config

Rng = np.random.Generator

GEOMETRY = Geometry(
    8, 8, lanes=4, update_lanes=1, trace_lanes=1, multipliers=1, weight_bits=9, state_bits=12,
    terms=2, entries=128, memristor=2, mask=1, threshold_noise=1,
)  # fmt: skip
SEEDS, TICKS = 8, 6

ORACLE = {
    "gain": ("x *= self.gain[up]", "x *= 1 + 0 * self.gain[up]"),
    "gain-polarity": ("x *= self.gain[up]", "x *= self.gain[not up]"),
    "gain-index": ("headroom >> (self.geometry.weight_bits - 8)", "min(headroom, 255)"),
    "gain-shift": ("shift += self.gain_shift[up]", "shift += 0"),
    "gain-shift-polarity": ("self.gain_shift[up]\n", "self.gain_shift[not up]\n"),
    "rounding": ("(x + (2**shift // 2 if nearest", "(x + (0 if nearest"),
    "rounding-bits": ("core, i, j, k) % 2**shift", "core, i, j, k) % 2 ** (word >> 11 & 31)"),
    "polarity": ("up, shift = x < 0", "up, shift = x > 0"),
    "headroom": ("old if up else most + old\n        if", "old if not up else most + old\n        if"),
    "headroom-of-pulses": ("old if up else most + old\n        n", "old if not up else most + old\n        n"),
    "share": ("self.share[up][n]", "self.share[up][n // 2]"),
    "share-polarity": ("self.share[up][n]", "self.share[not up][n]"),
    "clip-of-n": ("n = min(abs(m), 255)", "n = abs(m)"),
    "sign-of-n": ("n = min(abs(m), 255)", "n = min(max(m, 0), 255)"),
    "clip-of-varied-n": ("+ 128 >> 8, 255)", "+ 128 >> 8, 127)"),
    "rounding-of-varied-n": ("max(v, 0) + 128 >> 8", "max(v, 0) >> 8"),
    "v-below-0": ("max(v, 0)", "abs(v)"),
    "bits-of-u": ("wrapped(g >> 12, 8)", "wrapped(g >> 13, 8)"),
    "sign-of-u": ("wrapped(g >> 12, 8)", "(g >> 12) % 256"),
    "bits-of-d": (">> (0 if up else 8)", ">> (8 if up else 0)"),
    "tick-0": ("h(seed, 0, core, i, j, 8)", "h(seed, t, core, i, j, 8)"),
    "purpose-of-writes": ("core, i, j, 4 + k)", "core, i, j, 4)"),
    "fraction": ("else g % 2**12", "else g % 2**11"),
    "nearest-fraction": ("random = 2**11 if", "random = 0 if"),
    "writes": ('["writes"] += n > 0', '["writes"] += 1'),
    "row-loss": ("256 - self.config.row_loss[j]", "255 - self.config.row_loss[j]"),
    "column-loss": ("256 - self.config.column_loss[i]", "256 - self.config.column_loss[i] // 2"),
    "mask-rounding": ("+ 2**15) >> 16", ") >> 16"),
    "logistic": ("32 * log((2", "31 * log((2"),
    "temperature": ("draw) >> 5", "draw) >> 6"),
    "noise-of-box": ("abs(u - p.theta)", "abs(u + noise - p.theta)"),
    "noise-by-core": ("self.config.core, i, 0, 14)", "self.config.core, i, 0, 13)"),
    "clip-of-v": ("sat(v1, top), clipped or abs(v1) > top", "wrapped(v1, 12), clipped"),
    "clip-counted-twice": ("clipped or abs(v1) > top", "clipped + (abs(v1) > top)"),
}  # fmt: skip
"""Mutants of the naive oracle: what is replaced, and by what."""


def lively_term(rng: Rng) -> Term:
    """A term that moves weights, most often by pulses."""
    return Term(
        axon=AxonFactor(rng.integers(1, len(AxonFactor))),
        third=ThirdFactor(rng.integers(0, len(ThirdFactor))),
        sign=int(rng.choice([-1, 1])),
        shift=int(rng.integers(0, 10)),
        weighted=rng.random() < 0.7,
        pulsed=rng.random() < 0.7,
    )


def lively(rng: Rng) -> ChipConfig:
    """A random chip in which all rows learn, and neurons spike or not by their noise."""
    core = random_config(rng, GEOMETRY)
    state = GEOMETRY.state_max
    sets = tuple(
        replace(
            each,
            theta=int(rng.integers(0, state + 1)) >> int(rng.choice([0, 3])),
            reset_mode=ResetMode.SUBTRACT,
            temperature=int(rng.integers(0, state + 1)),
            refractory=0,
            cycle_to_cycle=int(rng.integers(128, 256)),
            device_to_device=int(rng.integers(128, 256)),
            rounding=Rounding(rng.random() < 0.3),
            terms=(lively_term(rng), lively_term(rng)),
        )
        for each in core.parameter_sets
    )
    rows = tuple(replace(row, first_group=0, groups=2, plastic=True) for row in core.rows)
    return ChipConfig.of(replace(core, parameter_sets=sets, rows=rows))


def killed(ways: tuple[str, ...] = ()) -> bool:
    """Whether any of some random runs finds a difference, between golden and naive first of all."""
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, 77])
        try:
            Beside.with_emulators(rng, lively(rng), ways).live(rng, TICKS)
        except AssertionError:
            return True
    return False


def test_nothing_is_found_without_a_mutant() -> None:
    assert not killed(("float32", "compiled"))


@pytest.mark.parametrize("name", ORACLE)
def test_the_runs_reach_the_stage(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    mutate(monkeypatch, naive, *ORACLE[name])
    assert killed()
