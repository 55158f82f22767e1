"""What the files of a run say: what was scored, and the numbers behind its pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import Settings
from axonloop.host.report import Kept, SampleTrace, pairs_of
from axonloop.host.report.folder import RunFolder


@pytest.mark.parametrize(
    ("metrics", "scored"),
    [
        ({"baseline_mse": 0.5, "test_mse": 0.25}, ("mean squared error, test part", "0.25")),
        ({"seed": 1, "validation_accuracy": 0.5}, ("accuracy, validation part", "50.00 %")),
    ],
)
def test_what_was_scored_is_no_baseline(metrics: dict[str, Any], scored: tuple[str, str]) -> None:
    assert RunFolder(Path("run"), metrics, Settings()).scored == scored


def kept() -> Kept:
    spikes = pairs_of([np.array([2, 3], np.int32), np.array([], np.int32), np.array([1], np.int32)])
    errors = np.array([[0, 1, -5]], np.int32)
    trace = SampleTrace(spikes, spikes[:2], errors, np.ones((3, 4), np.float32), "A digit 3")
    weights = np.arange(24, dtype=np.int32).reshape(6, 4)
    return Kept(weights, -weights, 31, (2, 3), trace)


@pytest.mark.parametrize("image", [(2, 3), None])
def test_numbers_are_read_back(image: tuple[int, int] | None, tmp_path: Path) -> None:
    """Inputs that are no image stay none."""
    wanted = replace(kept(), image=image)
    wanted.save(tmp_path)
    found = Kept.load(tmp_path)
    assert (found.image, found.top, found.sample.title) == (image, 31, "A digit 3")
    assert np.array_equal(found.before, wanted.before)
    assert np.array_equal(found.after, wanted.after)
    for name in ("inputs", "spikes", "errors", "potential"):
        assert np.array_equal(getattr(found.sample, name), getattr(wanted.sample, name)), name


def test_pairs_are_of_tick_and_number() -> None:
    assert kept().sample.inputs.tolist() == [[0, 2], [0, 3], [2, 1]]
    assert pairs_of([]).shape == (0, 2)
