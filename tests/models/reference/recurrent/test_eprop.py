"""e-prop is autograd with the spikes' way back detached, through adaptation and readout."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import AxonTraces, Lif
from axonloop.models.reference.neurons import Alif
from axonloop.models.reference.recurrent import EProp
from tests.support.random.float_networks import FULL, Draw, apart, chain_of

INPUTS, NEURONS, READOUTS, TICKS = 6, 5, 3, 30
DETACHED = replace(FULL, through_recurrence=False, through_reset=False)
SEEDS = [0, 1]


def case(seed: int, recurrent: bool) -> tuple[Lif, Tensor, Tensor, Tensor]:
    """A layer, its input, a readout `(neurons, readouts)`, wanted values of it."""
    draw = Draw(seed)
    (layer,) = chain_of(draw, (INPUTS, NEURONS), DETACHED, recurrent).layers
    raster = draw.spikes(TICKS, INPUTS, 0.5)
    return layer, raster, draw.normal(NEURONS, READOUTS), draw.normal(TICKS, READOUTS)


def autograd(
    network: Alif, raster: Tensor, readout: Tensor, wanted: Tensor, leak: float
) -> tuple[Tensor, float]:
    """The gradient of half the squared distance of all ticks, and spikes a tick."""
    lif = network.lif
    leaves = [
        each.clone().requires_grad_() for each in (lif.weights, lif.recurrent) if each is not None
    ]
    unrolled = Alif(
        Lif(leaves[0], *leaves[1:], constants=lif.constants), network.kept, network.strength
    )
    state, level = unrolled.rest(), torch.zeros(READOUTS).double()
    loss, count = torch.zeros(()).double(), 0.0
    for arriving, target in zip(raster, wanted, strict=True):
        state = unrolled.step(state, arriving)
        level = leak * level + state.membrane.spikes @ readout
        loss = loss + (level - target).square().sum() / 2
        count += float(state.membrane.spikes.detach().sum())
    return torch.cat(torch.autograd.grad(loss, leaves)), count / len(raster)


def by_eprop(network: Alif, raster: Tensor, readout: Tensor, wanted: Tensor, leak: float) -> Tensor:
    rule, level = EProp(network, leak), torch.zeros(READOUTS).double()
    total = torch.zeros(()).double()
    for arriving, target in zip(raster, wanted, strict=True):
        level = leak * level + rule.step(arriving) @ readout
        total = total + rule.gradient(readout @ (level - target))
    return total


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("leak", [0.0, 0.8])
@pytest.mark.parametrize("strength", [0.0, 0.3], ids=["lif", "alif"])
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
def test_eprop_is_the_gradient_with_recurrent_spikes_detached(
    recurrent: bool, strength: float, leak: float, seed: int
) -> None:
    layer, *task = case(seed, recurrent)
    network = Alif(layer, kept=0.95, strength=strength)
    wanted, spikes = autograd(network, *task, leak)
    assert spikes > 0.1
    assert apart(by_eprop(network, *task, leak), wanted) < 1e-9


def test_adaptation_and_filter_matter() -> None:
    layer, *task = case(0, True)
    exact, _ = autograd(Alif(layer, kept=0.95, strength=0.3), *task, 0.8)
    assert apart(by_eprop(Alif(layer, 0.95, 0.3), *task, 0.0), exact) > 1e-2
    assert apart(by_eprop(Alif(layer, 0.95, 0.0), *task, 0.8), exact) > 1e-2


@pytest.mark.parametrize("seed", SEEDS)
def test_without_adaptation_and_filter_it_is_a_trace_per_axon(seed: int) -> None:
    layer, raster, *_ = case(seed, True)
    rule, traces = EProp(Alif(layer, 0.9, 0.0)), AxonTraces(layer)
    errors = Draw(seed + 10).normal(TICKS, NEURONS)
    for arriving, error in zip(raster, errors, strict=True):
        assert torch.equal(rule.step(arriving), traces.step(arriving))
        assert apart(rule.gradient(error), traces.gradient(error)) < 1e-12


def test_a_threshold_rises_with_spikes_and_falls_again() -> None:
    layer = Lif(torch.ones(1, 1).double(), None, replace(DETACHED, alpha=0.0, beta=0.0, reset=0.0))
    network = Alif(layer, kept=0.5, strength=0.75)
    state, found = network.rest(), []
    for _ in range(6):
        state = network.step(state, torch.full((1,), 1.5).double())
        found.append((float(state.membrane.spikes), float(state.adaptation)))
    # Where a is 0, 0.5 and 0.625 the threshold is below 1.5.
    assert found == [(1, 0), (0, 1), (1, 0.5), (0, 1.25), (1, 0.625), (0, 1.3125)]
