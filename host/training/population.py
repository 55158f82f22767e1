"""A population in training: many chips learn digits online at once, each as if it were alone.

Copy b ends with the weights, spikes and counters that `Trainer` gives with the settings of copy b
on any device: its own samples in its own order, its own readout, losses, errors, noise and seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import SCORING, SHUFFLING, TRAINING, Digits, Part, generator
from axonloop.host.devices import SpikeChain, weight_hash
from axonloop.host.network import Strategy
from axonloop.host.training.banks import CoreBank
from axonloop.host.training.from_settings import (
    chip_config,
    encoder_of,
    layers_of,
    program_of,
)
from axonloop.host.training.inputs import Raster, parts_of, rasters
from axonloop.host.training.settings import Settings
from axonloop.models.checks import require
from axonloop.models.protocol import MODEL_COUNTERS
from axonloop.sim.batched import BatchedChip

OWN = ("seed", "threshold", "event_rate", "error_limit")
"""Settings that copies may have of their own."""


@dataclass(frozen=True)
class Copy:
    """What became of a copy: the metrics that `train digits` writes under the same names."""

    settings: Settings
    accuracy: float
    weight_hash: str
    spike_hash: str
    counters: dict[str, int]


class PopulationTrainer:
    """Trains a copy of the chip for each of `settings`, which differ only in what `OWN` names.

    Raises ValueError where they differ in more, and for feedback or latency that it does not know.
    """

    def __init__(self, settings: Sequence[Settings], digits: Digits) -> None:
        # More threads cost time here, and sums in another order would be other bits.
        torch.set_num_threads(1)
        _require_alike(settings)
        self.settings, self.common = tuple(settings), settings[0]
        programs = [program_of(each) for each in settings]
        self._program = programs[0]
        self._seeds = [each.seed for each in settings]
        chip = chip_config(self.common)
        self.chip = BatchedChip(chip, len(settings), shared=False, seeds=self._seeds)
        self.chip.load_weights(np.stack([program.weights for program in programs]))
        every = [layers_of(each, program) for each, program in zip(settings, programs, strict=True)]
        self._banks = [
            (self._program.neurons[name], CoreBank([layers.readers[name] for layers in every]))
            for name in every[0].readers
        ]
        self.train, self.test = parts_of(self.common, digits)
        self.validation = digits.validation.first(self.common.limit)
        self.chains = [SpikeChain() for _ in settings]
        self.history: list[list[float]] = []
        common = self.common
        self._encoder = encoder_of(common)

    def load_weights(self, weights: NDArray[Any]) -> None:
        """Start from other weights: int `(copies, axons, neurons of a core)`."""
        self.chip.load_weights(weights)

    def run(self, progress: Progress = lambda *_: None) -> None:
        """Train all epochs; `history` gets the validation accuracies `(copies,)` after each."""
        samples = len(self.train)
        for epoch in range(self.common.epochs):
            self._anneal(epoch)
            orders = np.stack(
                [
                    generator(each.seed, SHUFFLING, epoch).permutation(samples)
                    for each in self.settings
                ]
            )
            for done, places in enumerate(orders.T):
                self._sample(places, epoch)
                progress("train", epoch * samples + done + 1, self.common.epochs * samples)
            self.history.append(self.score(self.validation))

    def _anneal(self, epoch: int) -> None:
        if self.common.anneal is not None:
            self.chip.configure(chip_config(self.common, epoch))
            # That wrote one seed into every copy.
            self.chip.restore(self.chip.snapshot() | {"seeds": self._seeds})

    def _sample(self, places: NDArray[np.int64], epoch: int) -> None:
        part = self.train.at(places)
        randoms = [
            generator(each.seed, TRAINING, epoch, index)
            for each, index in zip(self.settings, part.indices.tolist(), strict=True)
        ]
        raster = torch.from_numpy(rasters(self._program, self._encoder, part, randoms))
        self.chip.clear()
        for _, bank in self._banks:
            bank.begin(part.labels)
        self._chain(np.stack([self._tick(spikes) for spikes in raster]))

    def _tick(self, arriving: torch.Tensor) -> NDArray[np.bool_]:
        spikes: NDArray[np.bool_] = self.chip.tick(arriving).numpy()
        errors = np.zeros(spikes.shape, dtype=np.int32)
        for neurons, bank in self._banks:
            sent = bank.step(spikes[:, neurons])
            if sent is not None:
                errors[:, neurons] = sent
        if errors.any():
            self.chip.send_errors(torch.from_numpy(errors))
            self.chip.learn()
        return spikes

    def _chain(self, raster: Raster) -> None:
        for chain, own in zip(self.chains, raster.transpose(1, 0, 2), strict=True):
            chain.add_raster(own)

    def score(self, part: Part, progress: Progress = lambda *_: None) -> list[float]:
        """The accuracy of every copy on a part, in 0..1, by the last readout."""
        right = np.zeros(len(self.settings), dtype=np.int64)
        neurons, bank = self._banks[-1]
        for place in range(len(part)):
            one = part.at(np.full(len(self.settings), place))
            index = int(part.indices[place])
            randoms = [generator(each.seed, SCORING, index) for each in self.settings]
            self.chip.clear()
            raster = rasters(self._program, self._encoder, one, randoms)
            spikes = self.chip.run(torch.from_numpy(raster)).numpy()
            self._chain(spikes)
            right += bank.answers(spikes[:, :, neurons]) == one.labels
            progress("score", place + 1, len(part))
        accuracies: list[float] = (right / len(part)).tolist()
        return accuracies

    def finish(self, progress: Progress = lambda *_: None) -> list[Copy]:
        """Score the trained copies on what `Settings.tune` names, and tell what became of them."""
        accuracies = self.score(self.test, progress)
        weights = self.chip.read_weights().numpy()
        counters = self.chip.counters().tolist()
        geometry = self.chip.config.geometry
        return [
            Copy(
                settings,
                accuracies[b],
                weight_hash(weights[b], geometry),
                self.chains[b].hexdigest(),
                {c.name.lower(): int(counters[b][c]) for c in MODEL_COUNTERS},
            )
            for b, settings in enumerate(self.settings)
        ]


def _require_alike(settings: Sequence[Settings]) -> None:
    require(len(settings) > 0, "copies", "at least 1", 0)
    first = settings[0]
    for each in settings:
        same = replace(each, **{name: getattr(first, name) for name in OWN}) == first
        require(same, "settings of a population", f"alike but for {', '.join(OWN)}", each)
    local = first.strategy == Strategy.LOCAL
    require(local, "strategy of a population", repr(Strategy.LOCAL.value), first.strategy)
    require(first.latency == 0, "latency of a population", "0", first.latency)
