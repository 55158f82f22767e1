"""`axonloop bench convolution`: convolutions in integers, beside the same network in float.

The three layers of `decolle-events` (2 x 12 x 12, then 16, 32 and 64 channels), a batch of 32, 30
ticks; and those of DECOLLE's paper (2 x 32 x 32, then 64, 128 and 128 channels), a batch of 4, 10
ticks. 5 % of the pixels spike per tick, one thread. As in `axonloop bench batched` all contenders
run in turn, and figures are medians of CPU seconds. Float learns as DECOLLE's authors write it;
the chip learns from the same local errors, as events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d

from axonloop.host.bench.batched import Timing as Timing
from axonloop.host.bench.batched import compare, time_all
from axonloop.host.bench.figure import Figure
from axonloop.host.bench.images import PAPER, PARAMETERS, SMALL, Images
from axonloop.host.bench.images import make_images as make_images
from axonloop.host.bench.peers import FloatNetwork, Step, layer_by_layer
from axonloop.host.bench.sides import (
    DECOLLE,
    FLOAT_STEP,
    OURS,
    ChipInference,
    ChipLearning,
    Contender,
    Workload,
    run_by,
)
from axonloop.host.console import Progress, steps
from axonloop.host.network import Convolution
from axonloop.host.order import Metrics, Order
from axonloop.host.processing import one_thread
from axonloop.models.config import DECAY_ONE
from axonloop.sim.batched import BatchedChip

SIZES = (SMALL, PAPER)
BAR = 1.5
"""Largest share of the float network's time."""


@dataclass(frozen=True, eq=False)
class ConvolutionNetwork(FloatNetwork):
    """Weights as of `conv2d`, `(out, in, kernel, kernel)`, paddings, and pools behind them."""

    paddings: tuple[int, ...] = ()
    pools: tuple[int, ...] = ()

    def driven(self, layer: int, spikes: Tensor) -> Tensor:
        """What kernels make of images of all ticks: `(ticks, copies, channels, height, width)`."""
        found = self.convolved(layer, spikes.flatten(0, 1))
        return found.view(*spikes.shape[:2], *found.shape[1:])

    def heard(self, layer: int, spikes: Tensor) -> Tensor:
        """The spikes of pools."""
        found = self.pooled(layer, spikes.flatten(0, 1))
        return found.view(*spikes.shape[:2], *found.shape[1:])

    def convolved(self, layer: int, images: Tensor) -> Tensor:
        """A layer's kernels on images."""
        return conv2d(images, self.weights[layer], padding=self.paddings[layer])

    def pooled(self, layer: int, images: Tensor) -> Tensor:
        """The largest of every pool behind a layer."""
        return max_pool2d(images, self.pools[layer]) if self.pools[layer] > 1 else images


def float_images(task: Workload) -> ConvolutionNetwork:
    """The same weights and decays, in units of the threshold."""
    unit, network = (1 << PARAMETERS.w_exp) / PARAMETERS.theta, task.program.plan.network
    kernels = [own for own in network.projections if isinstance(own, Convolution)]
    return ConvolutionNetwork(
        [torch.from_numpy(own.weights * unit).float() for own in kernels],
        beta=PARAMETERS.beta_n / DECAY_ONE,
        alpha=PARAMETERS.alpha_n / DECAY_ONE,
        trace_beta=PARAMETERS.beta_p / DECAY_ONE,
        trace_alpha=PARAMETERS.alpha_p / DECAY_ONE,
        box=PARAMETERS.box / PARAMETERS.theta,
        paddings=tuple(own.padding for own in kernels),
        pools=tuple(own.pool for own in network.populations),
    )


def images_of(task: Workload) -> Tensor:
    """The input as images, float `(ticks, copies, channels, height, width)`."""
    shape = task.program.plan.network.sources[0].unit_shape
    return task.spikes.float().view(task.ticks, task.copies, *shape)


class ChipImages(ChipLearning):
    """The chip's side of learning: its readout hears pools, all of whose neurons hear the error."""

    def __init__(self, task: Workload) -> None:
        names = task.program.neurons
        self._units = [torch.from_numpy(task.program.units_of(name)).long() for name in names]
        super().__init__(task)

    def readout_of(self, task: Workload) -> Tensor:
        """The readout of the pools."""
        return task.readout

    def heard(self, spikes: Tensor) -> Tensor:
        """The spikes of the pools, float `(copies, pools)`."""
        return torch.cat([spikes[:, own].any(-1) for own in self._units], 1).float()

    def errors(self, spikes: Tensor) -> Tensor:
        """Error events, int32 `(copies, neurons)`, after a tick's `spikes`."""
        found = torch.zeros(spikes.shape, dtype=torch.int32)
        sizes = [len(own) for own in self._units]
        units = torch.split(super().errors(spikes), sizes, 1)
        for own, errors in zip(self._units, units, strict=True):
            found[:, own] = errors[..., None]
        return found


class DecolleImages:
    """Online learning in float, every tick: local losses, autograd (Kaiser et al. 2020).

    As `DecolleLoop`: membranes are U = P * W - R; traces and R are constants to autograd. A spike
    reaches the next layer a tick later.
    """

    def __init__(self, network: ConvolutionNetwork, task: Workload) -> None:
        self._first, self._task, self._step = network, task, FLOAT_STEP / task.copies
        self.prepare()

    def prepare(self) -> None:
        """Put back the first weights."""
        weights = [own.clone().requires_grad_() for own in self._first.weights]
        self._network = replace(self._first, weights=weights)

    def run(self) -> list[Tensor]:
        """All ticks from rest, with a learning step after each; what each layer's pools told."""
        network, task = self._network, self._task
        state: list[list[Tensor]] = [[torch.zeros(())] * 3 for _ in network.weights]
        heard = self._silent
        found: list[list[Tensor]] = [[] for _ in network.weights]
        for arrived in images_of(task).unbind(0):
            told, kept = [], []
            for layer, images in enumerate([arrived, *heard[:-1]]):
                q, p, taken = state[layer]
                q = images + network.beta * q
                p = q + network.alpha * p
                potential = network.convolved(layer, p) - taken
                taken = network.alpha * taken + (potential.detach() >= 1)
                largest = network.pooled(layer, potential)
                told.append(Step.apply(largest, network.box))  # type: ignore[no-untyped-call]
                kept.append([q, p, taken])
            units = torch.cat([own.flatten(1) for own in told], 1)
            loss = (task.target - units @ task.readout).square().sum() / 2
            gradients = torch.autograd.grad(loss, network.weights)
            with torch.no_grad():
                for own, gradient in zip(network.weights, gradients, strict=True):
                    own.sub_(gradient, alpha=self._step)
            state, heard = kept, [own.detach() for own in told]
            for layer, own in enumerate(heard):
                found[layer].append(own)
        return [torch.stack(own) for own in found]

    @property
    def _silent(self) -> list[Tensor]:
        """What the pools of each layer told before the first tick."""
        populations = self._task.program.plan.network.populations
        return [torch.zeros((self._task.copies, *own.unit_shape)) for own in populations]


def figures_of(size: Images, report: Callable[[str], None]) -> list[Figure]:
    """The figures of a network: inference, learning, and the memory of the chip's side."""
    task = make_images(size=size)
    network, given = float_images(task), images_of(task)
    learning, theirs = ChipImages(task), DecolleImages(network, task)
    title = f"{size.name}, inference, batch {size.copies}"
    report(title)
    others = run_by({"torch, layer by layer": layer_by_layer}, network, given)
    figures = compare(title, BAR, time_all([Contender(OURS, ChipInference(task).run), *others], 1))
    title = f"{size.name}, learning, batch {size.copies}"
    report(title)
    sides = [
        Contender(OURS, learning.run, learning.prepare),
        Contender(DECOLLE, theirs.run, theirs.prepare),
    ]
    figures += compare(title, BAR, time_all(sides, 1), DECOLLE)
    taken = BatchedChip.memory(task.program.config, size.copies, shared=True) / 1e6
    return [*figures, Figure(f"{title}: memory", taken, "MB of weights and state", "")]


def measure(order: Order, progress: Progress) -> Metrics:
    """All figures."""
    report = steps(progress, "measuring")
    with one_thread():
        return {"rows": [row for size in SIZES for row in figures_of(size, report)]}
