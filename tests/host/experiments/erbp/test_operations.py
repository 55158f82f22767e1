"""Operations to reach an accuracy: how they are counted, and what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.data import split_digits
from axonloop.host.experiments.erbp import operations
from axonloop.host.experiments.erbp.digits import learn_erbp
from axonloop.host.experiments.erbp.float import PlainNetwork, macs_of
from axonloop.host.experiments.erbp.ways import WAYS
from axonloop.host.training import POPULATION

ROOT = Path(__file__).parents[4]
DIGITS = split_digits()


def run_of(*accuracies: float) -> list[dict[str, Any]]:
    """Points at 10, 20, ... samples, of 100 SynOps and 5 visits a sample."""
    return [
        {"samples": 10 * k, "accuracy": a, "synops": 1000 * k, "visits": 50 * k}
        for k, a in enumerate(accuracies, 1)
    ]


def test_a_bar_is_met_between_two_scores() -> None:
    runs = [run_of(0.5, 0.8, 0.9), run_of(0.5, 0.6, 0.9)]
    assert operations.reached(runs, 0.8) == pytest.approx(
        {"samples": 25, "synops": 2500, "visits": 125}
    )
    assert operations.reached(runs, 0.25) == pytest.approx(
        {"samples": 5, "synops": 500, "visits": 25}
    )
    assert operations.reached(runs, 0.95) is None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_every_way_learns_something(way: Any) -> None:
    settings = way.settings(11, 1, 30)
    (run,) = learn_erbp(POPULATION, [settings], DIGITS, lambda *_: None, way.teaching, (10,))
    first, last = run.points
    assert (first.samples, last.samples) == (10, 30)
    assert 2 < last.synops / first.synops < 5
    assert last.visits > first.visits > 0


def test_two_hidden_layers_take_the_gradient_of_both() -> None:
    """As differences of the loss say, of a network of 64-8-6-10."""
    settings = WAYS[-1].settings(1, 1, 10).changed({"network": {"layers": (8, 6, 10)}})
    assert macs_of(settings) == (64 * 8 + 48 + 60, 2 * (64 * 8 + 48 + 60) + 48 + 60)
    network, image = PlainNetwork(settings), np.linspace(0.1, 1, 64)

    def loss() -> float:
        logits = (network._heard(image[None])[-1] @ network.weights[-1])[0]
        return float(np.log(np.exp(logits).sum()) - logits[3])

    before = [weights.copy() for weights in network.weights]
    network.step(image, 3, 1.0)
    moved = [old - new for old, new in zip(before, network.weights, strict=True)]
    network.weights = before
    for layer, place in ((0, (5, 2)), (1, (3, 4)), (2, (6, 3))):
        step = 1e-6
        network.weights[layer][place] += step
        above = loss()
        network.weights[layer][place] -= 2 * step
        slope = (above - loss()) / (2 * step)
        network.weights[layer][place] += step
        # Central differences of step 1e-6: rounding of the loss, 1e-16, over the step.
        assert moved[layer][place] == pytest.approx(slope, abs=1e-8)


def test_macs_without_those_by_0() -> None:
    network = PlainNetwork(WAYS[0].settings(1, 1, 10))
    half = np.repeat([0.0, 1.0], 32)
    hidden = int((np.append(half, 1.0) @ network.weights[0] > 0).sum())
    assert network.macs_of_active(half[None]) == 32 * 100 + hidden * 10


def test_the_recorded_ratios_are_said_on_the_page() -> None:
    """The claim that events need fewer operations up to 90 % either holds or is denied."""
    metrics = json.loads((ROOT / "docs/results/erbp-operations.json").read_text())
    best = {}
    for bar in (0.8, 0.9):
        ratios = []
        for own in metrics["ways"].values():
            chip = operations.reached([run["points"] for run in own["chip"]], bar)
            plain = operations.reached(own["plain"], bar)
            if chip is not None and plain is not None:
                ratios.append(operations.operations(chip) / operations.operations(plain))
        best[bar] = min(ratios)
    page = (ROOT / "docs/references.md").read_text()
    for ratio in best.values():
        assert f"{ratio:.1f} times" in page
    assert ("does not hold here" in page) == (max(best.values()) > 1)
