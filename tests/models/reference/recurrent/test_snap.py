"""SnAp: RTRL inside of a mask, held against Jacobians by autograd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from axonloop.models.reference import Lif, SynapseTraces, bptt_gradient, online_gradient
from axonloop.models.reference.lif import LifState
from axonloop.models.reference.recurrent import Snap
from tests.support.random.float_networks import FULL, Draw, apart, chain_of, squared

INPUTS, NEURONS, TICKS = 4, 5, 15
SEEDS = [0, 1]


def case(seed: int, links: Tensor | None = None) -> tuple[Lif, Tensor, Tensor]:
    """A network with synapses V where `links` has, its input, wanted spikes."""
    draw = Draw(seed)
    (network,) = chain_of(draw, (INPUTS, NEURONS)).layers
    assert network.recurrent is not None
    if links is not None:
        network.recurrent = network.recurrent * links
    return network, draw.spikes(TICKS, INPUTS, 0.4), draw.spikes(TICKS, NEURONS, 0.3)


def ring() -> Tensor:
    """Each neuron onto the next, and some onto themselves."""
    links = torch.eye(NEURONS).roll(1, 1)
    links[0, 0] = links[3, 3] = 1
    return links.double()


def masked_jacobians(network: Lif, raster: Tensor, wanted: Tensor, mask: Tensor) -> Tensor:
    """The rule by definition: J' = M (D J + I), where autograd of a tick has D and I."""
    assert network.recurrent is not None
    sources = INPUTS + NEURONS
    weights = torch.cat([network.weights, network.recurrent])
    state = torch.zeros(3 * NEURONS).double()
    held = torch.zeros(3 * NEURONS, sources, NEURONS).double()
    inside = mask.T.repeat(3, 1)[:, None].expand(held.shape)  # (3 k, sources, i)
    total = torch.zeros_like(weights)
    for arriving, target in zip(raster, wanted, strict=True):

        def tick(state: Tensor, weights: Tensor, arriving: Tensor = arriving) -> Tensor:
            own = Lif(weights[:INPUTS], weights[INPUTS:], network.constants)
            return torch.cat(own.step(LifState(*state.split(NEURONS)), arriving))  # type: ignore[no-untyped-call]

        both: Callable[..., Tensor] = tick
        through, direct = jacobian(both, (state, weights))
        # I and U alone are states of the neuron; S is what its U says.
        held = inside * (torch.einsum("ab,bji->aji", through, held) + direct)
        state = tick(state, weights).detach()
        errors = state[2 * NEURONS :] - target
        total += torch.einsum("k,kji->ji", errors, held[2 * NEURONS :])
    return total


@pytest.mark.parametrize("seed", SEEDS[:1])
@pytest.mark.parametrize("reach", [1, 2, 3])
def test_snap_is_the_masked_recursion(reach: int, seed: int) -> None:
    network, raster, wanted = case(seed, ring())
    rule = Snap(network, reach)
    assert int(rule.mask.sum()) == reach * NEURONS
    found = online_gradient(rule, raster, squared(wanted))
    assert apart(found, masked_jacobians(network, raster, wanted, rule.mask.double())) < 1e-9
    assert apart(found, bptt_gradient(network, raster, squared(wanted))) > 1e-8


@pytest.mark.parametrize("seed", SEEDS)
def test_snap_is_exact_where_no_neuron_is_further_than_it_reaches(seed: int) -> None:
    links = torch.zeros(NEURONS, NEURONS).double()
    links[:2, 2:] = 1  # two neurons onto three, which end there
    network, raster, wanted = case(seed, links)
    exact = bptt_gradient(network, raster, squared(wanted))
    assert apart(online_gradient(Snap(network, 2), raster, squared(wanted)), exact) < 1e-9
    assert apart(online_gradient(Snap(network, 1), raster, squared(wanted)), exact) > 1e-6


def test_snap_2_of_a_dense_network_is_everything() -> None:
    network, raster, wanted = case(0)
    found = online_gradient(Snap(network, 2), raster, squared(wanted))
    assert apart(found, bptt_gradient(network, raster, squared(wanted))) < 1e-9


def test_snap_1_is_a_trace_per_synapse_without_loops() -> None:
    network, raster, wanted = case(1, torch.ones(NEURONS, NEURONS).double() - torch.eye(NEURONS))
    detached = Lif(network.weights, network.recurrent, replace(FULL, through_recurrence=False))
    found = online_gradient(Snap(network, 1), raster, squared(wanted))
    assert apart(found, online_gradient(SynapseTraces(detached), raster, squared(wanted))) < 1e-9


def test_memory_is_that_of_the_mask() -> None:
    network, _, _ = case(0, ring())
    sizes = [sum(kept.numel() for kept in Snap(network, reach).kept()) for reach in (1, 2, 3)]
    assert sizes == [2 * (INPUTS + NEURONS) * NEURONS * reach for reach in (1, 2, 3)]


def test_a_reach_of_no_tick_is_refused() -> None:
    with pytest.raises(ValueError, match="reach must be 1 or more, not 0"):
        Snap(case(0)[0], 0)
