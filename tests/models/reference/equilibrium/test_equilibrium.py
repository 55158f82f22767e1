"""Two states at rest hold a gradient: against autograd through settling, and against each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from axonloop.models.reference.equilibrium import (
    ContrastiveHebbian,
    EquilibriumPropagation,
    Gradients,
    Settling,
    hard,
)

SIZES, SAMPLES = (6, 5, 4, 3), 3
SEEDS = [0, 1, 2]


def normal(seed: int, *shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def network_of(seed: int, sizes: tuple[int, ...] = SIZES, **options: object) -> Settling:
    """A network in float64 whose states are far from 0 and 1."""
    weights = [0.7 * normal(10 * seed + k, a, b) for k, (a, b) in enumerate(pairwise(sizes))]
    biases = [0.3 * normal(10 * seed + 5 + k, n) for k, n in enumerate(sizes[1:])]
    return Settling(weights, biases, **options)  # type: ignore[arg-type]


def task_of(seed: int, sizes: tuple[int, ...] = SIZES) -> tuple[Tensor, Tensor]:
    """Inputs, and what is wanted, in 0.1..0.9."""
    wanted = torch.sigmoid(normal(seed + 101, SAMPLES, sizes[-1])).clamp(0.1, 0.9)
    return normal(seed + 100, SAMPLES, sizes[0]), wanted


def distance(found: Gradients, wanted: Gradients) -> float:
    """The largest difference, in units of the largest entry."""
    pairs = [(x, y) for kind in zip(found, wanted, strict=True) for x, y in zip(*kind, strict=True)]
    scale = min(float(wanted.abs().max()) for _, wanted in pairs)
    assert scale > 0
    return max(float((x - y).abs().max()) for x, y in pairs) / scale


def rest(network: Settling, inputs: Tensor, output: Tensor | None = None) -> list[Tensor]:
    """States at rest by small steps of all layers at once: another way than `Settling`'s."""
    states = [torch.full((SAMPLES, len(b)), 0.5).double() for b in network.biases]
    for _ in range(600):
        heard = [network.drive(inputs, states, k + 1) for k in range(len(states))]
        states = [0.6 * x + 0.4 * network.activation(h) for x, h in zip(states, heard, strict=True)]
        if output is not None:
            states[-1] = output
    return states


def autograd(network: Settling, loss: Tensor) -> Gradients:
    """The gradients of a loss by all weights and biases."""
    found = torch.autograd.grad(loss, [*network.weights, *network.biases])
    count = len(network.weights)
    return Gradients(list(found[:count]), list(found[count:]))


def differentiable(network: Settling) -> Settling:
    for each in (*network.weights, *network.biases):
        each.requires_grad_()
    return network


def extrapolated(at: list[Gradients]) -> Gradients:
    """The limit of what was found at h, h/2, h/4, whose error is even in h."""
    while len(at) > 1:
        power = 4 ** (4 - len(at))
        at = [
            Gradients(
                *(
                    [(power * y - x) / (power - 1) for x, y in zip(*kind, strict=True)]
                    for kind in zip(coarse, fine, strict=True)
                )
            )
            for coarse, fine in pairwise(at)
        ]
    return at[0]


def cost_gradient(network: Settling, inputs: Tensor, wanted: Tensor) -> Gradients:
    states = rest(differentiable(network), inputs)
    return autograd(network, (states[-1] - wanted).square().sum() / 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_equilibrium_propagation_tends_to_the_gradient_of_the_loss(seed: int) -> None:
    inputs, wanted = task_of(seed)
    true = cost_gradient(network_of(seed), inputs, wanted)
    rule = EquilibriumPropagation(network_of(seed))
    at = [rule.gradients(inputs, wanted, -h, h) for h in (0.08, 0.04, 0.02)]
    assert distance(extrapolated(at), true) < 1e-9


def test_the_error_falls_with_the_nudge_and_with_its_square() -> None:
    inputs, wanted = task_of(0)
    true, rule = (
        cost_gradient(network_of(0), inputs, wanted),
        EquilibriumPropagation(network_of(0)),
    )
    one, both = (
        [distance(rule.gradients(inputs, wanted, low * h, h), true) for h in (0.02, 0.01)]
        for low in (0, -1)
    )
    assert one[0] / one[1] == pytest.approx(2, rel=0.02)
    assert both[0] / both[1] == pytest.approx(4, rel=0.02)
    assert both[0] < one[0] / 10


def test_equilibrium_propagation_with_the_papers_activation() -> None:
    """Inside of 0..1 the hard sigmoid is linear, and outside nothing flows."""
    network = network_of(3, activation=hard)
    for weights in network.weights:
        weights *= 0.5
    inputs, wanted = task_of(3)
    states = network.settle(inputs, network.forward(inputs))
    assert 0 < float(((states[0] > 0) & (states[0] < 1)).double().mean()) < 1
    at = [
        EquilibriumPropagation(network).gradients(inputs, wanted, -h, h)
        for h in (0.004, 0.002, 0.001)
    ]
    assert distance(extrapolated(at), cost_gradient(network, inputs, wanted)) < 1e-9


def energy(network: Settling, inputs: Tensor, states: list[Tensor]) -> Tensor:
    """E of the module's docstring, for the logistic function."""
    total, top = inputs.new_zeros(()), len(states) - 1
    for k, x in enumerate(states):
        below = states[k - 1] if k else inputs
        inside = torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)
        heard = below @ network.weights[k] + network.biases[k]
        total = total + network.gamma ** (k - top) * (inside - x * heard).sum()
    return total


@pytest.mark.parametrize("gamma", [1.0, 0.3])
@pytest.mark.parametrize("seed", SEEDS)
def test_contrastive_hebbian_descends_the_difference_of_energies(seed: int, gamma: float) -> None:
    inputs, wanted = task_of(seed)
    found = ContrastiveHebbian(network_of(seed, gamma=gamma)).gradients(inputs, wanted)
    network = differentiable(network_of(seed, gamma=gamma))
    phases = (rest(network, inputs, wanted), rest(network, inputs))
    clamped, free = (energy(network, inputs, states) for states in phases)
    assert distance(found, autograd(network, clamped - free)) < 1e-9


def weak(seed: int, feedback: list[Tensor] | None) -> Gradients:
    """What the rule tends to with weak feedback, of either sign so that the error is even."""
    inputs, wanted = task_of(seed)
    at = []
    for gamma in (0.04, 0.02, 0.01):
        both = [
            ContrastiveHebbian(
                network_of(seed, SIZES[1:], gamma=sign, feedback=feedback)
            ).gradients(inputs[:, : SIZES[1]], wanted)
            for sign in (gamma, -gamma)
        ]
        at.append(
            Gradients(
                *(
                    [(x + y) / 2 for x, y in zip(*kind, strict=True)]
                    for kind in zip(*both, strict=True)
                )
            )
        )
    return extrapolated(at)


@pytest.mark.parametrize("seed", SEEDS)
def test_with_weak_feedback_contrastive_hebbian_is_backpropagation(seed: int) -> None:
    """Of the cross-entropy of logistic outputs."""
    inputs, wanted = task_of(seed)
    network = differentiable(network_of(seed, SIZES[1:]))
    output = network.forward(inputs[:, : SIZES[1]])[-1]
    loss = torch.nn.functional.binary_cross_entropy(output, wanted, reduction="sum")
    assert distance(weak(seed, None), autograd(network, loss)) < 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_with_weak_feedback_random_contrastive_hebbian_is_feedback_alignment(seed: int) -> None:
    """Errors go back through G where backpropagation has the transposed weights."""
    inputs, wanted = task_of(seed)
    inputs, back = inputs[:, : SIZES[1]], normal(seed + 200, SIZES[3], SIZES[2])
    network = network_of(seed, SIZES[1:])
    hidden, output = network.forward(inputs)
    error = output - wanted
    below = (error @ back) * hidden * (1 - hidden)
    wanted_of = Gradients([inputs.T @ below, hidden.T @ error], [below.sum(0), error.sum(0)])
    assert distance(weak(seed, [back]), wanted_of) < 1e-9


def test_random_feedback_that_is_the_transposed_is_the_plain_rule() -> None:
    inputs, wanted = task_of(4)
    plain, other = network_of(4, gamma=0.5), network_of(4, gamma=0.5)
    other.feedback = [weights.T.clone() for weights in other.weights[1:]]
    rules = (ContrastiveHebbian(each).gradients(inputs, wanted) for each in (plain, other))
    assert distance(*rules) < 1e-12


def test_equilibrium_propagation_refuses_a_feedback_of_its_own() -> None:
    with pytest.raises(ValueError, match="network must be one with F = W"):
        EquilibriumPropagation(network_of(0, gamma=0.5))
