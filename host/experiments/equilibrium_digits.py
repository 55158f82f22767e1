"""Digits by rules that compare two states at rest, in float.

A network of 64-256-10 with connections both ways learns by equilibrium propagation (hard sigmoid,
symmetric nudge), by contrastive Hebbian learning, and by the same with random feedback (logistic
neurons); backpropagation in the logistic network without feedback stands beside them. Settings were
chosen on the validation part with seeds 11 and 12. How near the first gradients of a run are to
those of autograd is measured for several nudges and strengths of feedback.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy, one_hot

from axonloop.host.console import Progress
from axonloop.host.data import (
    BUILDING,
    CLASSES,
    PIXELS,
    SHUFFLING,
    WHITE,
    Part,
    generator,
    split_digits,
)
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, styled
from axonloop.host.processing import one_thread
from axonloop.models.reference.equilibrium import (
    ContrastiveHebbian,
    EquilibriumPropagation,
    Gradients,
    Settling,
    hard,
)

HIDDEN, EPOCHS, BATCH, KEPT = 256, 40, 10, 0.95
"""`KEPT` is what an epoch leaves of the steps."""
NUDGE, GAMMA, STEP = 0.5, 0.1, 0.5
SWEEPS, STILL = 10, 1e-4
STRENGTHS = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
"""Nudges, or gammas, at which gradients are compared, with `COMPARED` digits."""
COMPARED = 100
EP, CHL, RCHL, BP = (
    "equilibrium propagation",
    "contrastive Hebbian",
    "random contrastive Hebbian",
    "backpropagation",
)
PAPER = {EP: "97 to 98 % (MNIST)"}
Gradient = Callable[[Settling, Tensor, Tensor], Gradients]


@dataclass(frozen=True)
class LabelledDigits:
    """Pixels in 0..1, `(samples, 64)`, and labels."""

    pixels: Tensor
    labels: Tensor

    @property
    def wanted(self) -> Tensor:
        """1 for the label and 0 for the rest, `(samples, 10)`."""
        return one_hot(self.labels, CLASSES).to(self.pixels.dtype)


def task_of(part: Part, kind: torch.dtype = torch.float32) -> LabelledDigits:
    """A part of the digits as tensors."""
    return LabelledDigits(
        torch.tensor(part.images, dtype=kind) / WHITE, torch.tensor(part.labels).long()
    )


def network_of(rule: str, seed: int, kind: torch.dtype = torch.float32) -> Settling:
    """The network that learns by a rule, before it has."""
    random, sizes = generator(seed, BUILDING, 4), (PIXELS, HIDDEN, CLASSES)
    share = 0.5 if rule == EP else 1.0
    weights = [
        torch.tensor(random.uniform(-1, 1, (a, b)) * share * np.sqrt(6 / (a + b)), dtype=kind)
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]
    biases = [torch.zeros(n, dtype=kind) for n in sizes[1:]]
    back = torch.tensor(random.uniform(-1, 1, (CLASSES, HIDDEN)), dtype=kind)
    return Settling(
        weights,
        biases,
        hard if rule == EP else torch.sigmoid,
        1.0 if rule == EP else GAMMA,
        [back] if rule == RCHL else None,
        SWEEPS,
        STILL,
    )


def backpropagated(network: Settling, pixels: Tensor, wanted: Tensor) -> Gradients:
    """Of the cross-entropy of logistic outputs, without feedback."""
    return _autograd(
        network,
        lambda: binary_cross_entropy(network.forward(pixels)[-1], wanted, reduction="sum"),
    )


def _settled(network: Settling, pixels: Tensor, wanted: Tensor) -> Gradients:
    """Of half the squared distance of the settled output, through all sweeps."""

    def loss() -> Tensor:
        states = network.settle(pixels, network.forward(pixels))
        return (states[-1] - wanted).square().sum() / 2

    return _autograd(network, loss)


def _autograd(network: Settling, loss: Callable[[], Tensor]) -> Gradients:
    leaves = [*network.weights, *network.biases]
    for leaf in leaves:
        leaf.requires_grad_()
    found = torch.autograd.grad(loss(), leaves)
    for leaf in leaves:
        leaf.requires_grad_(False)
    return Gradients(list(found[: len(network.weights)]), list(found[len(network.weights) :]))


def nudged(network: Settling, pixels: Tensor, wanted: Tensor) -> Gradients:
    """Equilibrium propagation's, with the symmetric nudge."""
    return EquilibriumPropagation(network).gradients(pixels, wanted, -NUDGE, NUDGE)


def contrasted(network: Settling, pixels: Tensor, wanted: Tensor) -> Gradients:
    """Contrastive Hebbian learning's, with the feedback that the network has."""
    return ContrastiveHebbian(network).gradients(pixels, wanted)


RULES: dict[str, Gradient] = {EP: nudged, CHL: contrasted, RCHL: contrasted, BP: backpropagated}


def answers(rule: str, network: Settling, pixels: Tensor) -> Tensor:
    """The class with the largest output at rest, `(samples,)`."""
    states = network.forward(pixels)
    if rule != BP:
        states = network.settle(pixels, states)
    return states[-1].argmax(1)


def learned(
    rule: str, seed: int, train: LabelledDigits, test: LabelledDigits, report: Callable[[], None]
) -> list[float]:
    """Accuracies on `test` after every epoch, in 0..1."""
    network, curve = network_of(rule, seed), []
    for epoch in range(EPOCHS):
        order = torch.from_numpy(generator(seed, SHUFFLING, epoch).permutation(len(train.labels)))
        for chosen in (order[k : k + BATCH] for k in range(0, len(order), BATCH)):
            found = RULES[rule](network, train.pixels[chosen], train.wanted[chosen])
            step = STEP * KEPT**epoch / len(chosen)
            leaves = [*network.weights, *network.biases]
            for leaf, gradient in zip(leaves, [*found.weights, *found.biases], strict=True):
                leaf -= step * gradient
        right = answers(rule, network, test.pixels) == test.labels
        curve.append(float(right.double().mean()))
        report()
    return curve


def gradient_errors(part: Part) -> dict[str, list[float]]:
    """How far first gradients are from autograd's, relative to its length, at `STRENGTHS`."""
    task = task_of(part.first(COMPARED), torch.float64)
    both = {rule: network_of(rule, 1, torch.float64) for rule in (EP, CHL)}
    for network in both.values():
        network.sweeps, network.still = 1000, 1e-14
    settled, weak = both[EP], both[CHL]
    settled.activation = torch.sigmoid  # smooth, so that the order of the error can be seen
    given = task.pixels, task.wanted
    true, forward = _settled(settled, *given), backpropagated(weak, *given)
    errors: dict[str, list[float]] = {f"{EP}, one-sided": [], f"{EP}, symmetric": [], CHL: []}
    one, symmetric, contrastive = errors.values()
    for strength in STRENGTHS:
        rule = EquilibriumPropagation(settled)
        one.append(_apart(rule.gradients(*given, 0, strength), true))
        symmetric.append(_apart(rule.gradients(*given, -strength, strength), true))
        weak.gamma = strength
        contrastive.append(_apart(contrasted(weak, *given), forward))
    return errors


def _apart(found: Gradients, true: Gradients) -> float:
    one, other = (torch.cat([x.ravel() for kind in each for x in kind]) for each in (found, true))
    return float((one - other).norm() / other.norm())


@one_thread()
def measure(order: Order, progress: Progress) -> Metrics:
    """All rules with all seeds, and the errors of gradients."""
    digits, done = split_digits(), 0
    train = task_of(digits.train.join(digits.validation).first(order.limit))
    test = task_of(digits.test.first(order.limit))
    total = len(RULES) * len(order.seeds) * EPOCHS

    def report() -> None:
        nonlocal done
        done += 1
        progress("train", done, total)

    curves = {
        rule: [learned(rule, seed, train, test, report) for seed in order.seeds] for rule in RULES
    }
    rows = [
        ResultRow(rule, PAPER.get(rule, ""), percent([curve[-1] for curve in every]))
        for rule, every in curves.items()
    ]
    errors = gradient_errors(digits.train)
    return {"curves": curves, "strengths": STRENGTHS, "errors": errors, "rows": rows}


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy by epoch for each rule, and errors of gradients."""
    picture = Picture(10.5, 4.2)
    left, right = picture.subplots(1, 2)
    for (rule, curves), colour in zip(
        metrics["curves"].items(), (BLUE, ORANGE, INK, GREY), strict=True
    ):
        shown = 100 * np.array(curves)
        epochs = np.arange(1, shown.shape[1] + 1)
        left.fill_between(epochs, shown.min(0), shown.max(0), color=colour, alpha=0.2, lw=0)
        left.plot(epochs, shown.mean(0), color=colour, label=rule)
    left.set(xlabel="epoch", ylabel="test accuracy (%)", ylim=(85, 100), title="Digits, 64-256-10")
    for (rule, errors), colour, line in zip(
        metrics["errors"].items(), (BLUE, BLUE, ORANGE), ("--", "-", "-"), strict=True
    ):
        right.plot(metrics["strengths"], errors, "o" + line, color=colour, label=rule, markersize=4)
    right.set(xscale="log", yscale="log", xlabel="nudge, or strength of feedback")
    right.set(ylabel="distance to autograd, relative", title="Gradients of the first weights")
    for axes in (left, right):
        axes.grid(axis="y")
        legend(axes, below=True, ncols=2)
    return picture
