"""The ladder from backpropagation to the chip: what each rung takes, and that it is one thing."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from statistics import mean

import pytest
import torch
from torch.nn.functional import cross_entropy

from axonloop.host.data import split_digits
from axonloop.host.experiments.erbp.digits import settings_of
from axonloop.host.experiments.obstacles import experiment
from axonloop.host.experiments.obstacles.network import (
    ALPHA,
    KEPT,
    THRESHOLD,
    ErrorSide,
    LadderNetwork,
    _Spike,
    slope,
)
from axonloop.host.experiments.obstacles.rungs import LADDER, Rung
from axonloop.host.order import Order
from axonloop.host.training import POPULATION

ROOT = Path(__file__).parents[4]
ONLINE = Rung("online", unrolling=False)


def tiny(seed: int = 1) -> tuple[LadderNetwork, torch.Tensor, torch.Tensor]:
    """A network, a raster of 6 ticks and 3 samples, and labels."""
    random = torch.Generator().manual_seed(seed)
    weights = [1.5 * torch.rand(each, generator=random) for each in ((5, 7), (7, 4))]
    feedback = torch.rand(4, 7, generator=random) - 0.5
    raster = (torch.rand(6, 3, 5, generator=random) < 0.6).float()
    return LadderNetwork(weights, feedback, 2), raster, torch.tensor([0, 3, 1])


def test_every_rung_lacks_one_thing_more() -> None:
    needs = [f.name for f in fields(Rung) if f.type == "bool"]
    counts = [sum(getattr(rung, name) for name in needs) for rung in LADDER]
    assert counts == list(range(len(needs), -1, -1))
    for above, below in zip(LADDER, LADDER[1:], strict=False):
        assert all(getattr(above, name) >= getattr(below, name) for name in needs)


def test_output_gradients_are_autograds_tick_by_tick() -> None:
    """The loss of a tick through this tick's spikes; resets and readouts of before are numbers."""
    network, raster, labels = tiny()
    found = network.gradients(ONLINE, raster, labels)[1]
    below, above = network.layers
    weights = above.weights.clone().requires_grad_()
    below.clear(3)
    above.clear(3)
    readout, wanted = torch.zeros(3, 4), torch.zeros_like(weights)
    for tick, arriving in enumerate(raster):
        with torch.no_grad():
            spikes = above.step(below.step(arriving))
            before = above.reset / ALPHA - spikes
        if tick < 2:
            continue
        potential = above.trace @ weights - before
        smooth = spikes + slope(potential.detach()) * (potential - potential.detach())
        loss = cross_entropy(KEPT * readout + smooth, labels)
        wanted += torch.autograd.grad(loss, weights)[0]
        readout = KEPT * readout + spikes
    assert found.abs().max() > 0.01
    # Rounding of float32 in sums of at most 12 terms of size 1.
    assert torch.allclose(found, wanted, atol=1e-5)


def test_feedback_that_is_the_transpose_is_symmetric() -> None:
    network, raster, labels = tiny()
    random = replace(ONLINE, symmetric=False)
    wanted = network.gradients(ONLINE, raster, labels)
    assert not torch.equal(network.gradients(random, raster, labels)[0], wanted[0])
    network._feedback = network.layers[1].weights.T
    found = network.gradients(random, raster, labels)
    assert all(torch.equal(*pair) for pair in zip(found, wanted, strict=True))


def test_late_errors_meet_the_next_tick() -> None:
    """An error of the last tick alone is never heard by a rung without a second pass."""
    network, raster, labels = tiny()
    network._quiet = len(raster) - 1
    late = replace(ONLINE, two_passes=False)
    assert network.gradients(ONLINE, raster, labels)[1].abs().sum() > 0
    assert network.gradients(late, raster, labels)[1].abs().sum() == 0


@pytest.mark.parametrize("signs", [True, False])
def test_events_add_up_to_the_error(signs: bool) -> None:
    """One error neuron of both signs keeps what it did not send; two forget below 0."""
    rung = replace(ONLINE, targets=False, floats=False, signs=signs)
    side = ErrorSide(rung, torch.tensor([2]), 4)
    random = torch.Generator().manual_seed(3)
    total = torch.zeros(1, 4)
    for _ in range(50):
        spikes = (torch.rand(1, 4, generator=random) < 0.3).float()
        events = side.step(spikes)
        assert set(events.unique().tolist()) <= {-1.0, 0.0, 1.0}
        total += spikes - 0.8 * torch.tensor([[0.0, 0, 1, 0]]) - THRESHOLD * events
    if signs:
        assert torch.allclose(total, side.up, atol=1e-4)
        assert side.up.abs().max() < THRESHOLD + 1
    else:
        assert min(side.up.min(), side.down.min()) >= 0


def test_obstacles_in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "EPOCHS", 1)
    metrics = experiment.measure(Order(POPULATION, limit=20), lambda *_: None)
    names = [*(rung.name for rung in LADDER), experiment.CHIP]
    assert [row.what for row in metrics["rows"]] == names == list(metrics["accuracies"])


def test_feedback_and_first_weights_fill_their_spans() -> None:
    network = experiment.network_of(settings_of(11, 1, 20))
    spans = [float(layer.weights.abs().max()) for layer in network.layers]
    assert spans == pytest.approx(experiment.SPANS, rel=0.02)
    assert [list(layer.weights.shape) for layer in network.layers] == [[64, 100], [100, 10]]
    assert list(network._feedback.shape) == [10, 100]
    assert float(network._feedback.abs().max()) == pytest.approx(experiment.FEEDBACK, rel=0.02)
    assert float(network._feedback.mean()) == pytest.approx(0, abs=0.1 * experiment.FEEDBACK)


def test_a_rung_learns() -> None:
    settings = settings_of(11, 2, 300).changed({"task": {"tune": True}})
    assert experiment.climbed(LADDER[-1], settings, split_digits()) > 0.6


def test_the_recorded_ladder() -> None:
    found = json.loads((ROOT / "docs/results/obstacles.json").read_text())["accuracies"]
    means = {name: mean(shares) for name, shares in found.items()}
    assert all(len(shares) == 3 for shares in found.values())
    assert list(means) == [*(rung.name for rung in LADDER), experiment.CHIP]
    assert min(means.values()) > 0.85


def test_the_gradient_of_a_spike_is_the_one_behind_it_times_the_slope() -> None:
    potential = torch.tensor([0.5, 1.0, 3.0], requires_grad=True)
    _Spike.apply(potential).backward(torch.tensor([2.0, 3.0, -4.0]))
    wanted = torch.tensor([2.0, 3.0, -4.0]) * slope(potential.detach())
    assert torch.equal(potential.grad, wanted)
