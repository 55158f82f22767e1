"""Errors through weights of their own: where they go, and how those are learned."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from axonloop.models.reference.local import TwoWayLinear, sign_concordant
from tests.support.random.float_networks import Draw, apart


def network_of(draw: Draw, learns: bool) -> nn.Sequential:
    """Two layers in float64, 5-8-3."""
    first = TwoWayLinear(0.5 * draw.normal(5, 8), 0.5 * draw.normal(8, 5), learns)
    last = TwoWayLinear(0.5 * draw.normal(8, 3), 0.5 * draw.normal(3, 8), learns)
    return nn.Sequential(first, nn.Tanh(), last)


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 4, 5)])
def test_gradients_are_those_through_the_backward_weights(shape: tuple[int, ...]) -> None:
    draw = Draw(0)
    layer = TwoWayLinear(draw.normal(5, 3), draw.normal(3, 5))
    x, above = draw.normal(*shape).requires_grad_(), draw.normal(*shape[:-1], 3)
    layer(x).backward(above)
    own = x.detach().reshape(-1, 5).T @ above.reshape(-1, 3)
    assert x.grad is not None
    assert layer.weights.grad is not None
    assert layer.back.grad is not None
    assert apart(x.grad, above @ layer.back.detach()) < 1e-12
    assert apart(layer.weights.grad, own) < 1e-12
    assert torch.equal(layer.back.grad, layer.weights.grad.T)


def test_with_transposed_weights_it_is_backpropagation() -> None:
    draw = Draw(1)
    weights = draw.normal(5, 3)
    x, above = draw.normal(4, 5).requires_grad_(), draw.normal(4, 3)
    (found,) = torch.autograd.grad(TwoWayLinear(weights, weights.T.clone())(x), x, above)
    (wanted,) = torch.autograd.grad(x @ weights, x, above)
    assert apart(found, wanted) < 1e-12


def task_of(draw: Draw) -> tuple[Tensor, Tensor]:
    """A teacher's answers to random inputs."""
    x = draw.normal(40, 5)
    return x, torch.tanh(x @ draw.normal(5, 8)) @ draw.normal(8, 3)


def test_kolen_pollack_brings_both_weights_together_by_the_decay() -> None:
    draw = Draw(2)
    network, (x, wanted) = network_of(draw, learns=True), task_of(draw)
    rate, decay = 0.02, 0.5
    layers = [layer for layer in network if isinstance(layer, TwoWayLinear)]
    optimiser = torch.optim.SGD(network.parameters(), lr=rate, weight_decay=decay)

    def differences() -> list[Tensor]:
        return [(layer.weights - layer.back.T).detach() for layer in layers]

    first = differences()
    for step in range(1, 61):
        before = differences()
        optimiser.zero_grad()
        (network(x) - wanted).square().mean().backward()
        optimiser.step()
        kept = 1 - rate * decay
        assert apart(differences(), [kept * each for each in before]) < 1e-9
        assert apart(differences(), [kept**step * each for each in first]) < 1e-9
    for weights, back in ((layer.weights.detach(), layer.back.detach()) for layer in layers):
        assert float(cosine_similarity(weights.ravel(), back.T.ravel(), dim=0)) > 0.1


def test_a_fixed_feedback_stays() -> None:
    network = network_of(Draw(3), learns=False)
    assert [name for name, _ in network.named_parameters()] == ["0.weights", "2.weights"]
    assert "0.back" in network.state_dict()
    network(torch.ones(5).double()).sum().backward()


def test_backward_weights_have_the_transposed_shape() -> None:
    with pytest.raises(ValueError, match=r"back must be of shape \(3, 5\), not \(5, 3\)"):
        TwoWayLinear(torch.zeros(5, 3), torch.zeros(5, 3))


def test_sign_concordant_noise_is_normal_around_the_readout_and_never_of_another_sign() -> None:
    readout = torch.sign(Draw(4).normal(400, 500)) * 2.0
    found = sign_concordant(readout, torch.Generator().manual_seed(5))
    share = found / readout.T
    assert found.shape == (500, 400)
    assert float(share.min()) == 0
    # Of N(1, 1/2) 2.275 % are below 0. 200,000 draws: 5 standard errors of each.
    assert float((share == 0).double().mean()) == pytest.approx(0.02275, abs=0.0017)
    assert float(share.median()) == pytest.approx(1, abs=0.007)
    assert float(share[share > 1].sub(1).square().mean().sqrt()) == pytest.approx(0.5, abs=0.006)
    assert torch.equal(found, sign_concordant(readout, torch.Generator().manual_seed(5)))
