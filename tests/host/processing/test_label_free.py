"""Objectives that send no errors: when the chip learns, and with what third factor."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.processing import SILENCE, LabelFree, Modulated

NONE = np.zeros((2, 4), dtype=bool)


def test_the_first_ticks_learn() -> None:
    objective = LabelFree(3)
    objective.begin(["any", None])
    assert [objective.learns(tick) for tick in range(5)] == [True, True, True, False, False]
    assert {objective.modulation(tick) for tick in range(5)} == {None}
    assert objective.step(NONE) is SILENCE
    with pytest.raises(ValueError, match=r"^ticks with learning must be a whole number in 0\.\."):
        LabelFree(-1)
    with pytest.raises(ValueError, match="^LabelFree has no score"):
        objective.score(NONE[None], [0, 0])


@pytest.mark.parametrize(("factors", "learns"), [([2, 2], True), ([0, 0], False), ([-1, 2], True)])
def test_the_target_is_the_third_factor(factors: list[int], learns: bool) -> None:
    objective = Modulated()
    objective.begin([5, 5])
    objective.begin(factors)
    first, *later = [objective.modulation(tick) for tick in range(3)]
    assert first is not None
    assert first.tolist() == factors
    assert later == [None, None]
    assert [objective.learns(tick) for tick in range(3)] == [learns] * 3
    assert objective.step(NONE) is SILENCE


def test_copies_learn_in_step() -> None:
    with pytest.raises(ValueError, match=r"^modulation must be 0 in all copies or in none, not"):
        Modulated().begin([1, 0])
