"""Each stage that memristors, masks and noise at the threshold add, broken on purpose: it is seen.

The runs are those of `tests.support.random.beside`, on a core with all of it. A mutant of the naive
oracle shows that they reach the stage; one of the emulator, that its own stage is compared.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from axonloop.models.config import (
    Geometry,
)
from axonloop.sim.batched.tensors import learning, memristor, neurons, synapses
from tests.support import naive
from tests.support.mutation import mutate, mutated_kernels
from tests.support.random.batches import Batch
from tests.support.random.beside import Beside, lively

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
    "headroom": ("most - old if up else most + old\n        if", "most + old\n        if"),
    "headroom-of-pulses": ("most - old if up else most + old\n        n", "most + old\n        n"),
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


TORCH = {
    "gain": (memristor, "where(self.weighted, gain, 1)", "where(self.weighted, 1, gain)"),
    "gain-polarity": (memristor, "self.gain[side * 256 +", "self.gain[256 - side * 256 +"),
    "gain-index": (memristor, "(headroom >> self.coarse)", "headroom.clamp(max=255)"),
    "gain-shift": (memristor, "self.gain_shift[side], 0)", "self.gain_shift[1 - side], 0)"),
    "rounding-bits": (memristor, "noise & power - 1", "noise & (power >> 1)"),
    "rounding": (memristor, "half = power >> 1", "half = power >> 2"),
    "polarity": (memristor, "up = products < 0", "up = products > 0"),
    "headroom": (memristor, "self.most - old, self.most + old", "self.most + old, self.most - old"),
    "share": (memristor, "self.share[up * 256 + parts]", "self.share[parts]"),
    "clip-of-n": (memristor, "moved.abs().clamp_(max=MOST_PARTS)", "moved.abs()"),
    "clip-of-varied-n": (memristor, "128 >> 8).clamp_(max=MOST_PARTS)", "128 >> 8) % 256"),
    "v-below-0": (memristor, "return factor.clamp_(min=0)", "return factor"),
    "bits-of-u": (memristor, "_signed(drawn >> 12)", "_signed(drawn >> 11)"),
    "bits-of-d": (memristor, "where(up, fixed, fixed >> 8)", "where(up, fixed >> 8, fixed)"),
    "tick-0": (learning, "TickWords(seeds, 0, self", "TickWords(seeds, tick, self"),
    "purpose-of-writes": (memristor, "Purpose.PULSE + each.number", "Purpose.PULSE"),
    "fraction": (memristor, "1 << 11, drawn & 0xFFF", "1 << 10, drawn & 0x7FF"),
    "writes": (memristor, "self.pulsed & (parts > 0)", "self.pulsed & (parts >= 0)"),
    "row-loss": (synapses, "values * self._row_parts[axons, None]", "values * 256"),
    "mask-rounding": (synapses, "sums += 1 << 15", "sums += 1 << 14"),
    "temperature": (neurons, "torch.cat(drawn, 1)] >> 5", "torch.cat(drawn, 1)] >> 4"),
    "noise-index": (neurons, "self._code) & 0xFF)", "self._code) & 0x7F)"),
    "clip-of-v": (neurons, "masked_fill_(low, -self._limit)", "masked_fill_(low, 0)"),
    "clip-counted-twice": (neurons, "(low & ~clipped)", "low"),
}
"""Mutants of the emulator in torch: in which module what is replaced, and by what."""

COMPILED = {
    "gain": ("memristor.h", "gain[up * 256 +", "gain["),
    "gain-index": ("memristor.h", "(headroom >> chip.coarse)", "(headroom & 255)"),
    "gain-shift": ("memristor.h", "gain_shift[up] : 0", "gain_shift[!up] : 0"),
    "rounding-bits": ("memristor.h", "random & (one - 1)", "random & (one >> 1)"),
    "rounding": ("memristor.h", "? one >> 1 : random", "? one >> 2 : random"),
    "polarity": ("memristor.h", "up = product < 0", "up = product > 0"),
    "headroom": ("memristor.h", "up ? most - old : most + old", "up ? most + old : most - old"),
    "share": ("memristor.h", "share + up * 256", "share"),
    "clip-of-n": ("memristor.h", "size > MOST_PARTS ? MOST_PARTS : int32_t(size)", "int32_t(size)"),
    "clip-of-varied-n": ("memristor.h", "parts = MOST_PARTS;", "parts &= MOST_PARTS;"),
    "v-below-0": ("memristor.h", "factor < 0 ? 0 : factor", "factor"),
    "bits-of-u": ("memristor.h", "signed_byte(drawn, 12)", "signed_byte(drawn, 11)"),
    "bits-of-d": ("memristor.h", "up ? 0 : 8", "up ? 8 : 0"),
    "tick-0": ("learner.h", "tick_word(seed, 0, chip.first + core)", "word"),
    "purpose-of-writes": ("memristor.h", "Purpose::PULSE + term", "Purpose::PULSE"),
    "fraction": ("memristor.h", "1 << 11 : int32_t(drawn & 0xFFF)", "1 << 11 : int32_t(drawn & 1)"),
    "writes": ("memristor.h", "writes += parts > 0;", "writes += 1;"),
    "row-loss": ("synapses.h", "widen<Sums>(w) * rows.parts[k]", "widen<Sums>(w) * 256"),
    "mask-rounding": ("synapses.h", "(1 << 15)) >> 16", "(1 << 14)) >> 16"),
    "temperature": ("neurons.h", "x[k] & 255]) >> 5", "x[k] & 255]) >> 4"),
    "noise-index": ("neurons.h", "LOGISTIC[x[k] & 255]", "LOGISTIC[x[k] & 127]"),
    "clip-of-v": ("neurons.h", "less < -limit ? -limit : less", "less"),
    "clip-counted-twice": ("neurons.h", "free) | ((after", "free) + ((after"),
}  # fmt: skip
"""Mutants of the kernels: in which file what is replaced, and by what."""


def killed(ways: tuple[str, ...] = ()) -> bool:
    """Whether any of some random runs finds a difference, between golden and naive first of all."""
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, 77])
        try:
            Beside.with_emulators(rng, lively(rng, GEOMETRY), ways).live(rng, TICKS)
        except AssertionError:
            return True
    return False


def test_nothing_is_found_without_a_mutant() -> None:
    assert not killed(("float32", "compiled"))


@pytest.mark.parametrize("name", ORACLE)
def test_the_runs_reach_the_stage(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    mutate(monkeypatch, naive, *ORACLE[name])
    assert killed()


@pytest.mark.parametrize("name", TORCH)
def test_a_bug_in_torch_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    mutate(monkeypatch, *TORCH[name])
    assert killed(("float32",))


@pytest.mark.parametrize("mutant", [False, True], ids=["right", "mutant"])
def test_a_product_of_0_moves_nothing(monkeypatch: pytest.MonkeyPatch, mutant: bool) -> None:
    """Rows that are active in another copy alone: no parts of a pulse have a share too, K[0]."""
    if mutant:
        mutate(monkeypatch, memristor, "return steps * visited, w", "return steps, w")
    rng = np.random.default_rng(5)
    batch = Batch.of(rng, lively(rng, GEOMETRY), 3, False, "float32")
    with pytest.raises(AssertionError) if mutant else nullcontext():
        batch.live(rng, TICKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMPILED)
def test_a_bug_in_the_kernels_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    with mutated_kernels(monkeypatch, tmp_path, *COMPILED[name]):
        assert killed(("compiled",))
