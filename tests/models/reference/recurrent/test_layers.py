"""Rules of several layers: exact, or without the paths that they are said to leave out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import (
    Chain,
    Lif,
    LifConstants,
    SynapseTraces,
    chain_gradients,
)
from axonloop.models.reference.lif import LifState
from axonloop.models.reference.recurrent import ChainRtrl, Ostl, chain_online_gradients
from tests.support.random.float_networks import FULL, Draw, apart, chain_of, squared

SIZES, TICKS, SEEDS = (6, 5, 4, 3), 20, [0]
DETACHED = replace(FULL, through_recurrence=False)
LINEAR = replace(DETACHED, through_reset=False)
FORGETFUL = replace(FULL, alpha=0.0, beta=0.0, reset=0.0)


def case(
    seed: int, constants: LifConstants = FULL, recurrent: bool = True
) -> tuple[Chain, Tensor, Tensor]:
    """A chain, its input, wanted spikes of the last layer."""
    draw = Draw(seed)
    chain = chain_of(draw, SIZES, constants, recurrent)
    return chain, draw.spikes(TICKS, SIZES[0], 0.4), draw.spikes(TICKS, SIZES[-1], 0.3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
@pytest.mark.parametrize("constants", [FULL, DETACHED, LINEAR], ids=["full", "detached", "linear"])
def test_rtrl_of_layers_is_backpropagation_through_time(
    constants: LifConstants, recurrent: bool, seed: int
) -> None:
    chain, raster, wanted = case(seed, constants, recurrent)
    found = chain_online_gradients(ChainRtrl(chain), raster, squared(wanted))
    assert apart(found, chain_gradients(chain, raster, squared(wanted))) < 1e-9


def test_rtrl_keeps_derivatives_of_every_pair_of_layers() -> None:
    rule = ChainRtrl(case(0)[0])
    shapes = {pair: tuple(kept.shape) for pair, kept in rule.current.items()}
    assert shapes == {
        (0, 0): (11, 5, 5),
        (1, 0): (11, 5, 4),
        (2, 0): (11, 5, 3),
        (1, 1): (9, 4, 4),
        (2, 1): (9, 4, 3),
        (2, 2): (7, 3, 3),
    }


def detached(states: list[LifState]) -> list[LifState]:
    return [LifState(*(x.detach() for x in state)) for state in states]


def without_residual(chain: Chain, raster: Tensor, wanted: Tensor) -> list[Tensor]:
    """Autograd of each layer through its own time, and through those above it within a tick."""
    found = []
    for m, layer in enumerate(chain.layers):
        leaves = [layer.weights.clone().requires_grad_()]
        if layer.recurrent is not None:
            leaves.append(layer.recurrent.clone().requires_grad_())
        own = Lif(leaves[0], *leaves[1:], constants=layer.constants)
        states, total = chain.rest(), raster.new_zeros(())
        for arriving, target in zip(raster, wanted, strict=True):
            heard, after = arriving, []
            for k, other in enumerate(chain.layers):
                state = (own if k == m else other).step(states[k], heard)
                after.append(state)
                heard = state.spikes if k >= m else state.spikes.detach()
            total = total + (heard - target).square().sum() / 2
            states = [state if k == m else detached([state])[0] for k, state in enumerate(after)]
        found.append(torch.cat(torch.autograd.grad(total, leaves)))
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
def test_ostl_is_the_gradient_without_paths_that_go_up_and_then_through_time(
    recurrent: bool, seed: int
) -> None:
    chain, raster, wanted = case(seed, FULL, recurrent)
    found = chain_online_gradients(Ostl(chain), raster, squared(wanted))
    assert apart(found, without_residual(chain, raster, wanted)) < 1e-9
    true = chain_gradients(chain, raster, squared(wanted))
    assert apart(found[-1:], true[-1:]) < 1e-9
    assert apart(found[:1], true[:1]) > 1e-2


@pytest.mark.parametrize("seed", SEEDS)
def test_ostl_is_exact_below_layers_without_memory(seed: int) -> None:
    draw = Draw(seed)
    first = chain_of(draw, SIZES[:2]).layers
    upper = chain_of(draw, SIZES[1:], FORGETFUL, recurrent=False, scale=1.5).layers
    chain = Chain([*first, *upper])
    raster, wanted = draw.spikes(TICKS, SIZES[0], 0.4), draw.spikes(TICKS, SIZES[-1], 0.3)
    found = chain_online_gradients(Ostl(chain), raster, squared(wanted))
    assert apart(found, chain_gradients(chain, raster, squared(wanted))) < 1e-9


def test_ostl_with_a_trace_per_synapse_is_its_form_without_recurrent_paths() -> None:
    chain, raster, wanted = case(0, DETACHED)
    found = chain_online_gradients(Ostl(chain, SynapseTraces), raster, squared(wanted))
    assert apart(found, without_residual(chain, raster, wanted)) < 1e-9
