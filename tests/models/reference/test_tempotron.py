"""The tempotron's step is down the gradient of the membrane at its highest tick."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import Lif, LifConstants, Tempotron
from tests.support.random.float_networks import Draw, apart

INPUTS, NEURONS, TICKS = 9, 6, 40
CONSTANTS = LifConstants(alpha=0.8, beta=0.4, reset=0.0)


def case(seed: int) -> tuple[Tensor, Tensor]:
    """Weights and a pattern; about half of the neurons spike."""
    draw = Draw(seed)
    return 0.5 * draw.normal(INPUTS, NEURONS), draw.spikes(TICKS, INPUTS, 0.1)


def tempotron(weights: Tensor) -> Tempotron:
    return Tempotron(weights.clone(), CONSTANTS.alpha, CONSTANTS.beta)


def membranes(weights: Tensor, raster: Tensor) -> Tensor:
    """U of all ticks of the unrolled neuron, `(ticks, neurons)`."""
    network = Lif(weights, None, CONSTANTS)
    state, found = network.rest(), []
    for arriving in raster:
        state = network.step(state, arriving)
        found.append(state.potential)
    return torch.stack(found)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_is_down_the_gradient_of_the_distance_to_the_threshold(seed: int) -> None:
    weights, raster = case(seed)
    own = tempotron(weights)
    traces = own.traces(raster)
    spiked, _ = own.decide(traces)
    assert 0 < int(spiked.sum()) < NEURONS
    wanted = torch.arange(NEURONS) % 2 == 0
    leaf = weights.clone().requires_grad_()
    heights = membranes(leaf, raster)
    loss = torch.zeros(()).double()
    for neuron in range(NEURONS):
        crossed = (heights[:, neuron] >= 1).nonzero()
        at = int(crossed[0]) if len(crossed) else int(heights[:, neuron].argmax())
        if bool(wanted[neuron]) != bool(len(crossed)):
            loss = loss + (1 - heights[at, neuron]).abs()
    loss.backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    wrong = own.learn(traces, wanted, 0.25)
    assert wrong.tolist() == (spiked != wanted).tolist()
    assert apart((weights - own.weights) / 0.25, leaf.grad) < 1e-9


def test_who_is_right_keeps_its_weights() -> None:
    weights, raster = case(0)
    own = tempotron(weights)
    traces = own.traces(raster)
    spiked, _ = own.decide(traces)
    assert not own.learn(traces, spiked, 0.25).any()
    assert torch.equal(own.weights, weights)


def test_it_learns_patterns_at_random() -> None:
    own = tempotron(0.3 * Draw(1).normal(INPUTS, NEURONS))
    patterns = [own.traces(case(seed)[1]) for seed in range(6)]
    labels = torch.rand((6, NEURONS), generator=torch.Generator().manual_seed(1)) < 0.5
    mistakes = []
    for _ in range(200):
        pairs = zip(patterns, labels, strict=True)
        mistakes.append(sum(int(own.learn(traces, wanted, 0.05).sum()) for traces, wanted in pairs))
    assert mistakes[0] > 12
    assert mistakes[-1] == 0
