"""SpikeProp: its gradient is that of the spike times, which finite differences have too."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import SpikeProp
from tests.support.random.float_networks import Draw, apart

SIZES = (3, 3, 2)
DELAYS = torch.tensor([1.0, 4.0]).double()
TAU, THETA = 7.0, 1.0


def network_of(weights: list[Tensor]) -> SpikeProp:
    return SpikeProp(weights, DELAYS, TAU, THETA, horizon=30.0, step=0.5)


def case(seed: int) -> tuple[SpikeProp, Tensor, Tensor]:
    """A network, input times, wanted output times."""
    draw = Draw(seed)
    weights = [
        (1.2 / a) * (0.5 + draw.normal(a, b, len(DELAYS)).abs())
        for a, b in zip(SIZES, SIZES[1:], strict=False)
    ]
    weights[0][1] *= -0.4  # an inhibitory input
    return network_of(weights), 4 * draw.normal(3).abs(), 15 + draw.normal(2)


def loss_of(weights: list[Tensor], times: Tensor, wanted: Tensor) -> float:
    return float((network_of(weights).run(times)[-1] - wanted).square().sum() / 2)


def numeric(weights: list[Tensor], times: Tensor, wanted: Tensor) -> list[Tensor]:
    """Central differences at h and h/2, extrapolated: wrong by h^4."""
    found = []
    for each in weights:
        slopes = torch.zeros_like(each)
        for place in range(each.numel()):
            at, differences = each.view(-1), []
            for h in (2e-3, 1e-3):
                start = float(at[place])
                ends = []
                for value in (start + h, start - h):
                    at[place] = value
                    ends.append(loss_of(weights, times, wanted))
                at[place] = start
                differences.append((ends[0] - ends[1]) / (2 * h))
            slopes.view(-1)[place] = (4 * differences[1] - differences[0]) / 3
        found.append(slopes)
    return found


@pytest.mark.parametrize("seed", [0])
def test_the_gradient_is_that_of_the_spike_times(seed: int) -> None:
    network, times, wanted = case(seed)
    reached = network.run(times)
    assert all(bool(layer.isfinite().all()) for layer in reached)
    found = network.gradients(reached, reached[-1] - wanted)
    assert apart(found, numeric(network.weights, times, wanted)) < 1e-9


def test_spikes_are_where_the_potential_first_reaches_theta() -> None:
    """With one input and w = 2, u = 2 s exp(1 - s) is 1 where s exp(-s) = 1/(2 e)."""
    network = SpikeProp([torch.full((1, 1, 1), 2.0).double()], DELAYS[:1], 1.0, 1.0, 10.0, 0.1)
    (spike,) = network.run(torch.tensor([3.0]).double())[-1].tolist()
    since = spike - 3.0 - 1.0
    assert 0 < since < 1
    assert since * math.exp(-since) == pytest.approx(1 / (2 * math.e), rel=1e-13)


def test_what_is_silent_has_no_time_and_no_gradient() -> None:
    network, times, wanted = case(2)
    network.weights[0][:, 1] = 0.0
    network.weights[1][:, 1] = 0.0
    reached = network.run(times)
    assert reached[1].isinf().tolist() == [False, True, False]
    assert reached[2].isinf().tolist() == [False, True]
    lower, upper = network.gradients(reached, torch.ones(2).double())
    assert (upper[1] == 0).all()
    assert (upper[:, 1] == 0).all()
    assert (lower[:, 1] == 0).all()
    assert float(lower.abs().max()) > 0
    assert wanted.isfinite().all()


def test_it_learns_wanted_times() -> None:
    network, times, wanted = case(0)
    before = (network.run(times)[-1] - wanted).abs().max()
    for _ in range(60):
        reached = network.run(times)
        found = network.gradients(reached, reached[-1] - wanted)
        for weights, gradient in zip(network.weights, found, strict=True):
            weights -= 4e-3 * gradient
    assert (network.run(times)[-1] - wanted).abs().max() < 0.2 * before
