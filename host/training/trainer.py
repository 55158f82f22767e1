"""Training the network that settings describe on images or vectors with class labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.host.configuration import Settings
from axonloop.host.data import SCORING, Digits, Part
from axonloop.host.devices import Device, weight_hash
from axonloop.host.processing import CROSS_ENTROPY, Layers, Loss
from axonloop.host.training.copies import BatchedCopies, Copies, SingleCopy
from axonloop.host.training.from_settings import (
    INPUT,
    chip_config,
    encoder_of,
    layers_of,
    program_of,
)
from axonloop.host.training.inputs import parts_of
from axonloop.host.training.loop import Score, TrainingLoop
from axonloop.host.training.task import EncodedPart, Samples, Task
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig

OWN = {"run": ("seed",), "objective": ("threshold", "event_rate", "error_limit")}
"""Settings that copies may have of their own."""


class Trainer(TrainingLoop):
    """Trains on copies of a chip that are open for `every` settings; loads the first weights.

    Settings differ only in what `OWN` names: ValueError where they differ in more. All learn from
    the same `digits`, or each from its own, with as many samples; `train`, `validation` and `test`
    are those of the first copy. After each epoch the validation part is scored and an entry goes to
    the history, `validation_accuracy` and `layer_accuracies` of the first copy,
    `validation_accuracies` of all, and what its chip counted.
    """

    def __init__(
        self,
        copies: Copies,
        every: Sequence[Settings],
        digits: Digits | Sequence[Digits],
        loss: Loss = CROSS_ENTROPY,
    ) -> None:
        _require_alike(every)
        require(len(every) == copies.count, "settings", f"one for each of {copies.count}", every)
        self.every, self.settings = tuple(every), every[0]
        programs = [program_of(each) for each in every]
        self.layers: Layers = layers_of(every, programs, loss)
        data = [digits] * copies.count if isinstance(digits, Digits) else list(digits)
        require(len(data) == copies.count, "data", f"one for each of {copies.count}", len(data))
        parts = [self._encoded_parts(own) for own in data]
        self.train, self.validation, self.test = parts[0]
        sizes = {tuple(len(part) for part in own) for own in parts}
        require(len(sizes) == 1, "samples", "as many for every copy", sorted(sizes))
        require(len(self.validation) > 0, "samples for validation", "at least 1", 0)
        self._validations: list[Samples] = [validation for _, validation, _ in parts]
        self._tests: list[Samples] = [test for _, _, test in parts]
        super().__init__(
            copies,
            programs[0],
            [Task(train, (INPUT,)) for train, _, _ in parts],
            self.layers,
            [each.run.seed for each in every],
            self.settings.run.epochs,
            self._config_of,
        )
        copies.load_weights(np.stack([program.weights for program in programs]))

    def _encoded_parts(self, digits: Digits) -> tuple[EncodedPart, EncodedPart, EncodedPart]:
        """What to train on, what to score after epochs, what to score in the end."""
        train, test = parts_of(self.settings, digits)
        validation = digits.validation.first(self.settings.task.limit)
        return self._encoded(train), self._encoded(validation), self._encoded(test)

    def _encoded(self, part: Part) -> EncodedPart:
        return EncodedPart(part, encoder_of(self.settings), self.settings.task.classes)

    def _config_of(self, epoch: int) -> ChipConfig | None:
        """The chip with this epoch's learning rate; None where that never changes."""
        return None if self.settings.run.anneal is None else chip_config(self.settings, epoch)

    @property
    def device(self) -> Device:
        """The device of a lone chip; ValueError for a population."""
        if not isinstance(self.copies, SingleCopy):
            raise ValueError("device must be asked of a lone chip, not of a population")
        return self.copies.device

    def scored(self) -> dict[str, Any]:
        """Score the validation part: the epoch's entry of the history."""
        counted = self.copies.counters()
        scores = self.scores(self._validations)
        return {
            "validation_accuracy": scores[0].accuracy,
            "layer_accuracies": list(scores[0].layers),
            "validation_accuracies": [score.accuracy for score in scores],
            **counted[0],
        }

    def final_accuracies(self) -> list[float]:
        """How every copy does on its part to score in the end."""
        return [score.accuracy for score in self.scores(self._tests)]

    def score(self, samples: EncodedPart, traced: int = 0) -> Score:
        """How the first copy does on `samples`."""
        return self.scores(samples, traced)[0]

    def trains(self, samples: EncodedPart, place: int) -> list[Int32Array]:
        """The axons of each tick of a sample that is scored, for the first copy."""
        own = [samples] * self.copies.count
        raster = self.arriving(own, [place] * self.copies.count, SCORING)
        return [row[0].nonzero()[0].astype(np.int32) for row in raster]

    def weight_hashes(self) -> list[str]:
        """The hash of every copy's weights."""
        geometry = self.copies.config.geometry
        return [weight_hash(weights, geometry) for weights in self.copies.weights()]

    def spike_hashes(self) -> list[str]:
        """The hash of all spikes of every copy."""
        return [chain.hexdigest() for chain in self.chains]

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on, for `save_checkpoint`."""
        return {"settings": self.settings.to_dict()} | super().state()


def lone_trainer(
    device: Device, settings: Settings, digits: Digits, loss: Loss = CROSS_ENTROPY
) -> Trainer:
    """A trainer of one chip, on a device that is configured for `settings`."""
    return Trainer(SingleCopy(device), [settings], digits, loss)


def population_trainer(every: Sequence[Settings], digits: Digits | Sequence[Digits]) -> Trainer:
    """A trainer of many chips at once, on the batched emulator."""
    _require_alike(every)
    copies = BatchedCopies(chip_config(every[0]), [each.run.seed for each in every])
    return Trainer(copies, every, digits)


def _require_alike(settings: Sequence[Settings]) -> None:
    require(len(settings) > 0, "copies", "at least 1", 0)
    first, own = settings[0], ", ".join(name for names in OWN.values() for name in names)
    tables = {table: getattr(first, table) for table in OWN}
    shared = {table: {n: getattr(tables[table], n) for n in names} for table, names in OWN.items()}
    for each in settings:
        same = each.changed(shared) == first
        require(same, "settings of a population", f"alike but for {own}", each)
