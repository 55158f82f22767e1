"""Training the network that settings describe, on samples whose targets are classes or numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.data import SCORING, Data, Digits
from axonloop.host.devices import Device, TraceHash, weight_hash
from axonloop.host.network import Program
from axonloop.host.processing import Layers, Loss, baseline_mse, mean_target
from axonloop.host.training.copies import BatchedCopies, Copies, SharedCopies, SingleCopy
from axonloop.host.training.from_settings import (
    OwnNetwork,
    chip_config,
    layers_of,
    program_of,
)
from axonloop.host.training.loop import Score, TrainingLoop
from axonloop.host.training.on_chip import (
    ChipProcessor,
    Processor,
    place_on_chip,
    require_processor,
)
from axonloop.host.training.parts import TaskParts, task_parts
from axonloop.host.training.task import Order, Samples, Task
from axonloop.host.wear import Wear, WriteAccount, by_population
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig
from axonloop.models.memristor import find_memristor

OWN = {"run": ("seed",), "objective": ("threshold", "event_rate", "error_limit")}
"""Settings that copies may have of their own."""


class Trainer(TrainingLoop):
    """Trains on copies of a chip that are open for `every` settings; loads the first weights.

    Settings differ only in what `OWN` names: ValueError where they differ in more. All learn from
    the same parts of `data`, or each from its own, with as many samples; `parts`, and of them
    `train`, `validation` and `test`, which is scored in the end, are the first copy's. `loss`, of a
    copy's logits `(classes,)` and a target, takes the place of that of the settings. After each
    epoch the validation part is scored and an entry goes to the history, `validation_accuracy` and
    `layer_accuracies` of the first copy, `validation_accuracies` of all, and what its chip counted;
    where targets are numbers, `validation_mse`, `layer_mses` and `validation_mses`. On memristors
    `wear` has the writes of each synapse; None where the device cannot count them: ValueError if
    the settings have an endurance then.
    """

    def __init__(
        self,
        copies: Copies,
        every: Sequence[Settings],
        data: TaskParts | Sequence[TaskParts],
        loss: Loss | None = None,
        own: OwnNetwork | None = None,
    ) -> None:
        _require_alike(every)
        require(len(every) == copies.count, "settings", f"one for each of {copies.count}", every)
        self.every, self.settings = tuple(every), every[0]
        self.own = own
        parts = [data] * copies.count if isinstance(data, TaskParts) else list(data)
        require(len(parts) == copies.count, "data", f"one for each of {copies.count}", len(parts))
        goal = parts[0].goal(self.settings, loss)
        if own is None:
            programs = [program_of(each) for each in every]
            self.layers: Layers = layers_of(every, programs, goal)
        else:
            alike = all(each == self.settings for each in every)
            require(alike, "settings of an own network", "the same for all copies", every)
            programs = [own.program(self.settings)] * copies.count
            self.layers = own.layers(every, programs[0], goal)
        sources = parts[0].sources(programs[0].plan.network)
        sizes = {(len(own.train), len(own.validation), len(own.final)) for own in parts}
        require(len(sizes) == 1, "samples", "as many for every copy", sorted(sizes))
        self.parts = parts[0]
        self.train, self.validation, self.test = (
            self.parts.train,
            self.parts.validation,
            self.parts.final,
        )
        self._validations = [own.validation for own in parts]
        self._tests = [own.final for own in parts]
        super().__init__(
            copies,
            programs[0],
            [Task(each.train, sources, order=each.order) for each in parts],
            self.layers,
            [each.run.seed for each in every],
            self.settings.run.epochs,
            self._config_of,
        )
        self._on_chip: ChipProcessor | None = None
        copies.load_weights(np.stack([program.weights for program in programs]))
        self.wear = self._wear(programs[0])

    def _wear(self, program: Program) -> Wear | None:
        endurance = self.settings.network.endurance
        if self.copies.count_writes():
            return Wear((self.copies.count, *program.weights.shape), endurance)
        told = "left out where no writes are counted by synapse; golden and batched do, of pulses"
        require(endurance is None, "network.endurance", told, endurance)
        return None

    def place_processor(self, where: str) -> None:
        """Compute losses and errors in the host, or, with "chip", in nodes beside a lone chip.

        Raises ValueError where that cannot be.
        """
        device = self.device
        require_processor(where, device.name, self.settings.objective)
        chip = where == Processor.CHIP
        self._on_chip = place_on_chip(device, self.program, self.layers) if chip else None

    def _sample(self, places: NDArray[np.int64], following: NDArray[np.int64] | None = None) -> int:
        """Learn a sample, on the chip alone if the processor is there."""
        if self._on_chip is None:
            return super()._sample(places, following)
        raster = self._training_raster(places)
        target = self.tasks[0].train.target(int(places[0]))
        own = [each.own_target for each in self.layers.layers]
        targets = [target[k] if has else target for k, has in enumerate(own)]
        spikes = self._on_chip.learn(raster, targets, following is not None)
        if spikes is None:  # they stayed on the chip
            self.spikes = self.spikes[:0]
        else:
            self._chain(spikes)
            self.rates.add(self.spikes)
        return len(raster)

    @property
    def at_rest(self) -> bool:
        """Is nothing under way? Else `state` must wait."""
        return super().at_rest and (self._on_chip is None or self._on_chip.at_rest)

    def _timed_sample(self, places: NDArray[np.int64]) -> None:
        """Learn a sample; then worn memristors get back the weights that they are stuck at."""
        wear = self.wear
        if wear is None or wear.endurance is None:
            super()._timed_sample(places)
            return
        super()._timed_sample(places[:1])
        held = wear.held(self.copies.writes(), self.copies.weights)
        if held is not None:
            self.copies.load_weights(held)

    def _config_of(self, epoch: int) -> ChipConfig | None:
        """The chip with this epoch's learning rate; None where that never changes."""
        if self.settings.run.anneal is None:
            return None
        return chip_config(self.settings, epoch, self.own)

    @property
    def device(self) -> Device:
        """The device of a lone chip; ValueError for a population."""
        if not isinstance(self.copies, SingleCopy):
            raise ValueError("device must be asked of a lone chip, not of a population")
        return self.copies.device

    def scored(self) -> dict[str, Any]:
        """Score the validation part: the epoch's entry of the history."""
        if self._on_chip is not None:
            self._on_chip.fetch()
        entries, measure = self.scored_each(), self.layers.measure
        own = [entry[f"validation_{measure.name}"] for entry in entries]
        return entries[0] | {f"validation_{measure.plural}": own}

    def scored_each(self) -> list[dict[str, Any]]:
        """Score the validation part: what the history of each copy, were it alone, would hold."""
        counted = self.copies.counters()
        scores, measure = self.scores(self._validations), self.layers.measure
        return [
            {
                f"validation_{measure.name}": score.value,
                f"layer_{measure.plural}": list(score.layers),
                f"validation_{measure.plural}": [score.value],
                **own,
            }
            for score, own in zip(scores, counted, strict=True)
        ]

    @cached_property
    def _mean(self) -> NDArray[np.float64]:
        return mean_target(self.train.target(place) for place in range(len(self.train)))

    def baseline(self, samples: Samples) -> float | None:
        """The mean squared error of who answers the mean of the training targets, always.

        Of a series, over the ticks behind the burn-in; None where targets are classes.
        """
        if self.parts.of_classes:
            return None
        quiet = self.settings.objective.burn_in if self.parts.per_tick else 0
        targets = (samples.target(place)[quiet:] for place in range(len(samples)))
        return baseline_mse(self._mean, targets)

    def final_scores(self) -> list[float]:
        """How every copy does on its part to score in the end."""
        return [score.value for score in self.final_each()]

    def final_each(self) -> list[Score]:
        """The scores of every copy on its part to score in the end, layer by layer."""
        return self.scores(self._tests)

    def score(self, samples: Samples, traced: int = 0) -> Score:
        """How the first copy does on `samples`."""
        return self.scores(samples, traced)[0]

    def trains(self, samples: Samples, place: int) -> list[Int32Array]:
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

    def write_accounts(self) -> list[WriteAccount]:
        """How often the memristors of each copy were written; none where no pulses are sent."""
        if self.copies.config.geometry.memristor < 2:
            return []
        name = self.settings.network.memristor
        bears = float("inf") if name is None else find_memristor(name).endurance
        common = name, None if bears == float("inf") else bears, self.settings.network.endurance
        weights, wear, found = self.copies.weights(), self.wear, []
        counted = None if wear is None else wear.writes(self.copies.writes())
        for copy, counters in enumerate(self.copies.counters()):
            every = by_population(self.program, weights[copy], weights[copy])
            total, size = counters["writes"], sum(own.size for own in every.values())
            # A run that was on a device without counts by synapse for a while has but the total.
            known = counted is not None and int(counted[copy].sum(dtype=np.int64)) == total
            own = None
            if counted is not None and known:
                own = by_population(self.program, weights[copy], counted[copy])
            worn = 0 if wear is None else int(np.count_nonzero(wear.worn[copy]))
            found.append(WriteAccount(total, size, own, *common, worn))
        return found

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on, for `save_checkpoint`."""
        if self._on_chip is not None:
            self._on_chip.fetch()
        own = {"settings": self.settings.to_dict(), "data": self.parts.fingerprint}
        network = None if self.own is None else self.own.fingerprint
        found = own | {"network": network} | super().state()
        return (
            found if self.wear is None else found | {"wear": self.wear.state(self.copies.writes())}
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, on this device or another."""
        super().restore(state)
        if self.wear is not None and "wear" in state:
            self.wear.restore(state["wear"])
            self.copies.count_writes()


def lone_trainer(
    device: Device,
    settings: Settings,
    data: Digits | Data,
    loss: Loss | None = None,
    own: OwnNetwork | None = None,
) -> Trainer:
    """A trainer of one chip, on a device that is configured for `settings` or an `own` network."""
    return Trainer(SingleCopy(device), [settings], task_parts(settings, data), loss, own)


def population_trainer(
    every: Sequence[Settings], data: Digits | Data | Sequence[Digits | Data]
) -> Trainer:
    """A trainer of many chips at once, on the batched emulator."""
    _require_alike(every)
    copies = BatchedCopies(chip_config(every[0]), [each.run.seed for each in every])
    return Trainer(copies, every, parts_for(every[0], data))


def batch_trainer(
    settings: Settings, data: Digits | Data, batch: int, own: OwnNetwork | None = None
) -> Trainer:
    """A trainer of one chip that learns `batch` samples at once, on the batched emulator.

    Every copy takes each `batch`-th sample of an epoch's order; what is left over of an epoch is
    not learned in it. So an epoch has as many times fewer learning steps, each the exact sum of all
    samples'. With an `own` network copies also share out what is scored. Raises ValueError for a
    batch larger than the training part.
    """
    parts = task_parts(settings, data)
    require_range("batch", batch, 1, len(parts.train))
    copies = SharedCopies(chip_config(settings, own=own), batch)
    shares = [replace(parts, order=_share(parts, place, batch)) for place in range(batch)]
    kind = Trainer if own is None else BatchTrainer
    return kind(copies, [settings] * batch, shares, own=own)


class BatchTrainer(Trainer):
    """A trainer whose copies are one network: each scores a share of the samples."""

    def scores(
        self,
        samples: Samples | list[Samples],
        traced: int = 0,
        progress: Callable[[int], None] = lambda done: None,
    ) -> list[Score]:
        """Score the samples, `copies` of them at a time: as many times the same score.

        A list must be of the same samples for every copy; none can be traced.
        """
        require(traced == 0, "samples to trace", "0 in a batch", traced)
        own = samples[0] if isinstance(samples, list) else samples
        count = self.copies.count
        found: list[NDArray[np.float64]] = []
        for first in range(0, len(own), count):
            places = [min(first + copy, len(own) - 1) for copy in range(count)]
            spikes = self.response([own] * count, places)
            scored = self.objective.score(spikes, [own.target(place) for place in places])
            found.append(scored[:, : len(own) - first])
            progress(min(first + count, len(own)))
        table = np.concatenate(found, axis=1)  # (layers, samples)
        wrong = tuple(self._worst(table[-1]))
        score = Score(tuple(table.mean(axis=1).tolist()), len(own), TraceHash().hexdigest(), wrong)
        return [score] * count


def _share(parts: TaskParts, place: int, batch: int) -> Order:
    """The order of a copy of a batch: its share of an epoch's."""

    def order(seed: int, epoch: int) -> NDArray[np.int64]:
        whole = Task(parts.train, (), order=parts.order).places(seed, epoch)
        return whole[place : len(whole) // batch * batch : batch]

    return order


def parts_for(
    settings: Settings, data: Digits | Data | Sequence[Digits | Data]
) -> TaskParts | list[TaskParts]:
    """The parts of data for all copies, or of those that each copy has of its own."""
    if isinstance(data, Digits | Data):
        return task_parts(settings, data)
    return [task_parts(settings, own) for own in data]


def _require_alike(settings: Sequence[Settings]) -> None:
    require(len(settings) > 0, "copies", "at least 1", 0)
    first, own = settings[0], ", ".join(name for names in OWN.values() for name in names)
    tables = {table: getattr(first, table) for table in OWN}
    shared = {table: {n: getattr(tables[table], n) for n in names} for table, names in OWN.items()}
    for each in settings:
        same = each.changed(shared) == first
        require(same, "settings of a population", f"alike but for {own}", each)
