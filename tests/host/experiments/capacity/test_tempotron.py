"""Tempotrons on the chip: each step against the float rule, devices alike, and what is held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.host.experiments.capacity import latencies, tempotron
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION, open_copies
from axonloop.models.config import DECAY_ONE
from axonloop.models.reference import Tempotron

THETA = latencies.NEURON.theta


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.mark.parametrize("seed", [1, 2])
def test_a_mistake_moves_weights_as_in_float(seed: int) -> None:
    """Every tick of the largest membrane is found, and P of that tick is learned from."""
    program, patterns = latencies.program_of(seed, 16), latencies.drawn(seed, 1.0)
    neurons, axons = program.neurons[latencies.NAME], program.axons["input"]
    own = latencies.NEURON
    with open_copies(POPULATION, program.config, [seed]) as copies:
        copies.load_weights(program.weights[None])
        room = latencies.Classroom(copies, program, [patterns])
        mistakes = room.learn([0], 4)[0]
        rows = [int(axons_of[0]) for axons_of in axons]
        change = (copies.weights()[0] - program.weights)[np.ix_(rows, neurons)]
    before = torch.from_numpy(program.weights[np.ix_(rows, neurons)] / THETA)
    rule = Tempotron(before, own.alpha_n / DECAY_ONE, own.beta_n / DECAY_ONE)
    traces = rule.traces(torch.from_numpy(patterns.raster(0)).double())
    wanted = torch.from_numpy(patterns.labels[0])
    wrong = rule.learn(traces, wanted, 4 * tempotron.RATE)
    assert (mistakes != 0).tolist() == wrong.tolist()
    assert 10 < int(wrong.sum()) < latencies.NEURONS
    exact = (rule.weights - before).numpy() * THETA
    # Pq is cut by less than 2 steps, decays and shift together, of 4 / 2 each; rounding by 1
    assert np.abs(change - exact).max() <= 5
    assert np.abs(exact).max() > 100


@pytest.mark.parametrize(
    "device", ["golden", "batched", pytest.param("rtl", marks=pytest.mark.slow)]
)
def test_devices_hold_the_same(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latencies, "NEURONS", 16)
    both = [latencies.learned(each, 16, 0.3, [1, 2], 2, quiet) for each in (POPULATION, device)]
    assert both[0] == both[1]
    assert both[0][0].weight_hash != both[0][1].weight_hash
    assert 0 < both[0][0].passes[0] < 1


@pytest.mark.slow
def test_few_patterns_are_learned_and_too_many_are_not() -> None:
    few, many = (latencies.learned(POPULATION, 16, load, [1], 20, quiet)[0] for load in (0.4, 3.0))
    assert few.faultless > 0.95
    assert few.right > few.passes[0] + 0.2
    assert many.faultless < 0.1


def test_tempotrons_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempotron, "EPOCHS", 2)
    monkeypatch.setattr(tempotron, "LOADS", (0.4, 1.0))
    metrics = tempotron.measure(Order(POPULATION), quiet)
    assert [row.what for row in metrics["rows"]][::2] == [
        "right answers, 0.4 patterns a weight",
        "dichotomies learned, 0.4 patterns a weight",
    ]
    assert {len(run["passes"]) for run in metrics["runs"]} == {2}
    save(tempotron.draw(metrics), tmp_path / "picture.png")
