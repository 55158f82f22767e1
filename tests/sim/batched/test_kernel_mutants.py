"""Each stage that convolutions add to the kernels, broken on purpose: it is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.models.config import ChipConfig, CoreConfig, Mesh
from axonloop.sim.stimulus import CONVOLUTIONS, random_chip
from tests.sim.batched.test_convolution import beside, learned
from tests.support.mutation import mutated_kernels
from tests.support.random.convolutions import beyond_the_hash, loud_core, wide_core

MUTANTS = {
    "no-synapse": ("convolution/integrate.h", "w &= w != Weights{} + W(none);", ""),
    "rest-of-a-row": ("convolution/integrate.h", "row[at] == none ? 0 : row[at]", "row[at]"),
    "down": ("convolution/integrate.h", "v * reach.row_down", "0"),
    "right": ("convolution/integrate.h", "row += reach.row_right", "row += 0"),
    "visited": ("convolution/integrate.h", "* reach.wide * reach.channels", "* reach.wide"),
    "first-largest": ("convolution/pools.h", "open &= ~won;", ""),
    "largest": ("convolution/pools.h", "more = x > best;", "more = x < best;"),
    "left-over-right": ("convolution/pools.h", "(shape.wide - wide) * right", "0"),
    "left-over-down": ("convolution/pools.h", "(shape.high - high) * down", "0"),
    "parts-of-a-line": ("convolution/images.h", "x % shape.stride * part + x", "x"),
    "padding": ("convolution/images.h", "at(c, y + shape.padding, x +", "at(c, y, x +"),
    "stride": ("convolution/images.h", "v * shape.stride * line", "v * line"),
    "bias": ("convolution/images.h", "memset(to + shape.in_channels * plane, ", "memset(to, "),
    "alive": ("convolution/images.h", "alive.back() |= factors[pixels];", ""),
    "rest-of-a-line": ("convolution/sums.h", "std::min(4, shape().wide - u)", "4"),
    "pairs": ("convolution/sums.h", "is_value[k] = value[k] != 0", "is_value[k] = value[k] > 0"),
    "last-rows": ("convolution/sums.h", "if (count) add_rows", "if (count == ROWS) add_rows"),
    "fours": ("convolution/sums.h", "if (!any) continue;", "if (any <= 0) continue;"),
    "32-bits": ("convolution/learner.h", "x = total[o]", "x = int32_t(total[o])"),
    "chunk": ("convolution/learner.h", "take_values(own, k - begin)", "take_values(own, 0)"),
    "sums-of-before": ("convolution/learner.h", "if (!any) kernel.clear();", ""),
    "hashed-rows": ("convolution/learner.h", "codes[row % HASHED_ROWS]", "codes[r % HASHED_ROWS]"),
    "hashed-part": ("convolution/learner.h", "draw(drawn * HASHED_ROWS,", "draw(0,"),
    "purpose": ("convolution/learner.h", "Purpose::TERM + term, x", "Purpose::TERM, x"),
    "nearest": ("convolution/learner.h", "? one >> 1 : 0;", "? one >> 2 : 0;"),
    "absent": ("convolution/learner.h", "fresh = old == none ? old :", "fresh ="),
    "visits": ("convolution/learner.h", "old == none ? 0 : pairs[o]", "pairs[o]"),
    "kernels-of-a-core": ("convolution/learner.h", "shape().core == core &&", "shape().kernel &&"),
}  # fmt: skip
"""In which file of the kernels what is replaced, and by what."""


def killed() -> bool:
    """Whether any of some runs finds a difference, beside golden chips or torch."""
    try:
        for seed in range(6):
            for name in CONVOLUTIONS:
                rng = np.random.default_rng([seed, len(name)])
                config = random_chip(rng, CONVOLUTIONS[name], Mesh(1 + seed % 2, 1))
                beside(rng, config, 2, False, "compiled").live(rng, 6)
        for core in (beyond_the_hash(), wide_core()):
            rng = np.random.default_rng(7)
            beside(rng, ChipConfig.of(core), 2, False, "compiled").live(rng, 6)
        return differs(wide_core(), 9) or differs(loud_core(), 40)
    except AssertionError:
        return True


def differs(core: CoreConfig, copies: int) -> bool:
    """Whether copies that share kernels learn otherwise than in torch."""
    compiled, judge = (learned(core, copies, way) for way in ("compiled", "float64"))
    same = bool((judge.read_weights() == compiled.read_weights()).all())
    return not (same and bool((judge.counter_table() == compiled.counter_table()).all()))


def test_nothing_is_found_without_a_mutant() -> None:
    assert not killed()


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_in_the_kernels_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    with mutated_kernels(monkeypatch, tmp_path, *MUTANTS[name]):
        assert killed()
