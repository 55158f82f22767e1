"""Compartments: their traces are autograd's, and two of them are the usual neuron."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import Lif, LifConstants, SynapseTraces, online_gradient
from axonloop.models.reference.neurons import (
    CompartmentConstants,
    Compartments,
    CompartmentTraces,
    two_compartments,
)
from tests.support.random.float_networks import Draw, apart, squared

INPUTS, NEURONS, TICKS = 6, 4, 30
FULL = CompartmentConstants(steepness=1.0, through_reset=True)
DETACHED = replace(FULL, through_recurrence=False)
COUPLINGS = {
    1: torch.tensor([[0.9]]).double(),
    2: two_compartments(0.9, 0.7, forth=0.5, back=0.1),
    3: torch.tensor([[0.85, 0.1, 0.0], [0.3, 0.8, 0.1], [0.2, 0.2, 0.6]]).double(),
}


def case(
    seed: int, count: int, constants: CompartmentConstants, recurrent: bool
) -> tuple[Compartments, Tensor, Tensor]:
    """A layer of neurons of so many compartments, its input, wanted spikes."""
    draw = Draw(seed)
    weights = draw.normal(count, INPUTS, NEURONS)
    back = 0.5 * draw.normal(count, NEURONS, NEURONS) if recurrent else None
    network = Compartments(COUPLINGS[count], weights, back, constants)
    return network, draw.spikes(TICKS, INPUTS, 0.4), draw.spikes(TICKS, NEURONS, 0.3)


def by_traces(network: Compartments, raster: Tensor, wanted: Tensor) -> Tensor:
    rule, total = CompartmentTraces(network), torch.zeros(()).double()
    for arriving, target in zip(raster, wanted, strict=True):
        total = total + rule.gradient(rule.step(arriving) - target)
    return total


def autograd(network: Compartments, raster: Tensor, wanted: Tensor) -> Tensor:
    both = [each for each in (network.weights, network.recurrent) if each is not None]
    leaves = [each.clone().requires_grad_() for each in both]
    unrolled = Compartments(network.coupling, leaves[0], *leaves[1:], constants=network.constants)
    state, loss = unrolled.rest(), torch.zeros(()).double()
    for arriving, target in zip(raster, wanted, strict=True):
        state = unrolled.step(state, arriving)
        loss = loss + (state.spikes - target).square().sum() / 2
    return torch.cat(torch.autograd.grad(loss, leaves), dim=1)


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("count", COUPLINGS)
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
def test_traces_are_the_gradient_with_recurrent_spikes_detached(
    recurrent: bool, count: int, seed: int
) -> None:
    network, raster, wanted = case(seed, count, DETACHED, recurrent)
    found = by_traces(network, raster, wanted)
    assert found.shape == (count, INPUTS + NEURONS * recurrent, NEURONS)
    assert apart(found, autograd(network, raster, wanted)) < 1e-9


def test_without_gradient_through_the_reset_they_are_that_gradient() -> None:
    linear = replace(DETACHED, through_reset=False)
    network, raster, wanted = case(3, 2, linear, True)
    found = by_traces(network, raster, wanted)
    assert apart(found, autograd(network, raster, wanted)) < 1e-9
    network.constants = DETACHED
    assert apart(found, autograd(network, raster, wanted)) > 1e-3


def test_recurrent_paths_are_left_out() -> None:
    network, raster, wanted = case(0, 2, FULL, True)
    found = by_traces(network, raster, wanted)
    assert apart(found, autograd(network, raster, wanted)) > 1e-2


def test_a_weight_has_a_derivative_for_every_compartment() -> None:
    network, _, _ = case(0, 3, DETACHED, True)
    assert network.recurrent is not None
    weights = network.weights.numel() + network.recurrent.numel()
    assert CompartmentTraces(network).trace.numel() == 3 * weights


def test_current_and_membrane_are_two_compartments() -> None:
    """U' = alpha U + beta I + x W hears what I' = beta I + x W does."""
    usual = LifConstants(alpha=0.9, beta=0.75, steepness=1.0, through_reset=True)
    draw = Draw(5)
    lif = Lif(0.6 * draw.normal(INPUTS, NEURONS), None, usual)
    raster, wanted = draw.spikes(TICKS, INPUTS, 0.4), draw.spikes(TICKS, NEURONS, 0.3)
    coupling = two_compartments(usual.alpha, usual.beta, forth=usual.beta)
    network = Compartments(coupling, lif.weights.expand(2, -1, -1), None, FULL)
    state, found = network.rest(), []
    for arriving in raster:
        state = network.step(state, arriving)
        found.append(state.spikes)
    assert torch.stack(found).sum() > 5
    assert torch.equal(torch.stack(found), lif.run(raster))
    expected = online_gradient(SynapseTraces(lif), raster, squared(wanted))
    assert apart(by_traces(network, raster, wanted).sum(0), expected) < 1e-9
