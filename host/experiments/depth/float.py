"""The chain of `depth` in float: DECOLLE's blocks, each with a loss and a readout of its own.

The same data, sizes, decays, first weights and readouts as the chip's; exact errors, Adam, batches.
A spike reaches the next block a tick later. The readout's leak is left out of the gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits, Part
from axonloop.host.processing import one_thread
from axonloop.host.training import descend, encoder_of, layer_names, layers_of, parts_of, program_of
from axonloop.models.config import DECAY_ONE
from axonloop.models.reference.local import DecolleBlock


@dataclass(frozen=True)
class FloatDescent:
    """How the float chain learns: epochs, samples of a batch, Adam's rate."""

    epochs: int = 4
    batch: int = 100
    rate: float = 1e-2


class FloatChain:
    """The blocks of a network that `settings` describe."""

    def __init__(self, settings: Settings) -> None:
        self.settings, program = settings, program_of(settings)
        readers = layers_of([settings], [program]).readers
        projections = program.plan.network.projections
        kinds = settings.parameters_in(0)
        self.blocks = []
        for name, projection, kind in zip(layer_names(settings), projections, kinds, strict=True):
            unit = 2**kind.w_exp / kind.theta
            kept = kind.alpha_n / DECAY_ONE
            block = DecolleBlock(
                torch.tensor(projection.weights * unit).float(),
                torch.tensor(readers[name].readout.weights[0].T).float(),
                alpha=kept,
                beta=kind.beta_n / DECAY_ONE,
                gamma=kept,
                box=kind.box / kind.theta,
            )
            self.blocks.append(block)
        objective = settings.objective
        self._kept, self._scale = objective.readout_leak / DECAY_ONE, objective.logit_scale

    def raster(self, part: Part) -> Tensor:
        """The inputs of a part, `(ticks, samples, inputs)`."""
        encoder, random = encoder_of(self.settings), np.random.default_rng(0)
        every = np.stack([encoder.raster(image, random) for image in part.images], axis=1)
        return torch.from_numpy(every).float()

    def run(self, raster: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        """The votes of every block, `(samples, classes)` each; given labels, its gradients too."""
        burn_in, samples = self.settings.objective.burn_in, raster.shape[1]
        for block in self.blocks:
            block.clear()
        levels = votes = [torch.zeros(samples, self.settings.task.classes)] * len(self.blocks)
        spikes = [torch.zeros(samples, len(block.bias)) for block in self.blocks]
        for tick, arriving in enumerate(raster):
            wanted = labels if tick >= burn_in else None
            with torch.set_grad_enabled(wanted is not None):
                came = [arriving, *spikes[:-1]]
                heard = [block(own) for block, own in zip(self.blocks, came, strict=True)]
                levels = [
                    self._kept * level.detach() + each.prediction
                    for level, each in zip(levels, heard, strict=True)
                ]
                if wanted is not None:
                    losses = [cross_entropy(self._scale * level, wanted) for level in levels]
                    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            spikes = [each.spikes for each in heard]
            if tick >= burn_in:
                said = [each.prediction.detach() for each in heard]
                votes = [sum_ + own for sum_, own in zip(votes, said, strict=True)]
        return votes

    @one_thread()
    def accuracies(self, part: Part) -> list[float]:
        """The share that every block reads correctly, in 0..1."""
        labels = torch.from_numpy(part.labels)
        votes = self.run(self.raster(part))
        return [float((own.argmax(1) == labels).float().mean()) for own in votes]


@one_thread()
def descended(
    settings: Settings, digits: Digits, how: FloatDescent, progress: Progress
) -> list[float]:
    """Train the chain of `settings`; the share that each of its layers reads correctly."""
    chain, (part, scored) = FloatChain(settings), parts_of(settings, digits)
    random = torch.Generator().manual_seed(settings.run.seed)
    raster, labels = chain.raster(part), torch.from_numpy(part.labels).long()
    parameters = [each for block in chain.blocks for each in block.parameters()]
    rounds = (
        torch.split(torch.randperm(len(part), generator=random), how.batch)
        for _ in range(how.epochs)
    )

    def gradient(places: Tensor) -> None:
        chain.run(raster[:, places], labels[places])

    descend(torch.optim.Adam(parameters, how.rate), rounds, how.epochs, gradient, progress)
    return chain.accuracies(scored)
