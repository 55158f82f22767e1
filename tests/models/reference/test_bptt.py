"""Truncated backpropagation: all of it in long windows, only direct paths in short ones."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import AxonTraces, Lif, bptt_gradient, online_gradient
from axonloop.models.reference.lif import surrogate
from tests.support.random.float_networks import Draw, apart, chain_of, squared

TICKS = 40


def case(seed: int) -> tuple[Lif, Tensor, Tensor]:
    """A recurrent network, its input, wanted spikes."""
    draw = Draw(seed)
    (network,) = chain_of(draw, (7, 5)).layers
    return network, draw.spikes(TICKS, 7, 0.3), draw.spikes(TICKS, 5, 0.2)


@pytest.mark.parametrize("window", [TICKS, TICKS + 1])
def test_a_window_of_all_ticks_leaves_nothing_out(window: int) -> None:
    network, raster, wanted = case(0)
    found = bptt_gradient(network, raster, squared(wanted), window)
    assert torch.equal(found, bptt_gradient(network, raster, squared(wanted)))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("window", [3, 8, 39])
def test_windows_are_differentiated_one_by_one(window: int, seed: int) -> None:
    """Each from its first states on as numbers; the gradients of all add up."""
    network, raster, wanted = case(seed)
    assert network.recurrent is not None
    state, total = network.rest(), torch.zeros(12, 5).double()
    for start in range(0, TICKS, window):
        leaves = [network.weights.clone(), network.recurrent.clone()]
        own = Lif(*(leaf.requires_grad_() for leaf in leaves), network.constants)
        loss = torch.zeros(()).double()
        for arriving, target in zip(
            raster[start : start + window], wanted[start : start + window], strict=True
        ):
            state = own.step(state, arriving)
            loss = loss + (state.spikes - target).square().sum() / 2
        total += torch.cat(torch.autograd.grad(loss, leaves))
        state = type(state)(*(x.detach() for x in state))
    found = bptt_gradient(network, raster, squared(wanted), window)
    assert apart(found, total) < 1e-12
    assert apart(found, bptt_gradient(network, raster, squared(wanted))) > 1e-3


def test_a_window_of_one_tick_leaves_what_arrives_in_it() -> None:
    network, raster, wanted = case(1)
    state, total = network.rest(), torch.zeros(12, 5).double()
    for arriving, target in zip(raster, wanted, strict=True):
        source = torch.cat([arriving, state.spikes])
        state = network.step(state, arriving)
        slope = surrogate(state.potential, network.constants.steepness)
        total += torch.outer(source, (state.spikes - target) * slope)
    assert apart(bptt_gradient(network, raster, squared(wanted), 1), total) < 1e-12


def test_traces_remember_what_short_windows_forget() -> None:
    network, raster, wanted = case(2)
    exact = online_gradient(AxonTraces(network), raster, squared(wanted))
    assert apart(bptt_gradient(network, raster, squared(wanted), 2), exact) > 0.1
