"""Training with the chip in the loop: one sample at a time, one learning step per tick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import torch

from axonloop.host.building import CROSS_ENTROPY, chip_config, layers_of, program_of
from axonloop.host.chain import SpikeChain
from axonloop.host.data.digits import WHITE, Digits, Part
from axonloop.host.device import Array, Device
from axonloop.host.evaluation import Scorer
from axonloop.host.processing import Loss
from axonloop.host.settings import Settings
from axonloop.host.spikes import SHUFFLING, TRAINING, generator, spike_encoder
from axonloop.models.config import require_range
from axonloop.models.registers import MODEL_COUNTERS, Counter


def parts_of(settings: Settings, digits: Digits) -> tuple[Part, Part]:
    """What to train on, and what to score in the end."""
    if settings.tune:
        parts = digits.train, digits.validation
    else:
        parts = digits.train.join(digits.validation), digits.test
    return parts[0].first(settings.limit), parts[1].first(settings.limit)


@dataclass
class Times:
    """Seconds of a run by who spent them; `host` is everything else."""

    total: float = 0.0
    device: float = 0.0
    loss: float = 0.0

    @property
    def host(self) -> float:
        """Seconds of the host's own work."""
        return self.total - self.device - self.loss


@dataclass
class Position:
    """Where a run stands: `sample` samples of epoch `epoch` are done.

    `history` has one entry per epoch: the accuracy on the validation part after it, of every
    layer with a readout and of the last one, and the chip's counters at that time.
    """

    epoch: int = 0
    sample: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        require_range("epoch of the run", self.epoch, 0, 1_000_000)
        require_range("sample of the run", self.sample, 0, 1_000_000)


class Trainer:
    """Trains on a device that is configured for `settings`; loads the first weights.

    `position`, `times` and everything that the next sample depends on come and go with `state`
    and `restore`, between samples.
    """

    def __init__(
        self, device: Device, settings: Settings, digits: Digits, loss: Loss = CROSS_ENTROPY
    ) -> None:
        # More threads cost time here, and sums in another order would be other bits.
        torch.set_num_threads(1)
        self.device, self.settings = device, settings
        self.program = program_of(settings)
        self.layers = layers_of(settings, self.program, loss)
        self.train, self.test = parts_of(settings, digits)
        self.validation = digits.validation.first(settings.limit)
        self.encoder = spike_encoder(settings.encoding, settings.ticks, WHITE, settings.peak)
        self.scorer = Scorer(
            device, self.layers, self.program, self.encoder, settings.seed, SpikeChain()
        )
        self.position, self.times = Position(), Times()
        device.load_weights(self.program.weights)

    def run(self, after_sample: Callable[[], None] = lambda: None) -> None:
        """Train to the end of the last epoch; score the validation part after each."""
        while self.position.epoch < self.settings.epochs:
            self._anneal()
            order = self._order(self.position.epoch)
            while self.position.sample < len(order):
                self._timed_sample(int(order[self.position.sample]))
                after_sample()
            self._end_epoch()

    def _anneal(self) -> None:
        """Write this epoch's learning rate."""
        if self.settings.anneal is not None:
            self.device.configure(chip_config(self.settings, self.position.epoch))

    def _order(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        return generator(self.settings.seed, SHUFFLING, epoch).permutation(len(self.train))

    def _timed_sample(self, index: int) -> None:
        start, loss, chip = perf_counter(), self.layers.loss_seconds, self.device.chip_seconds
        self._sample(index)
        self.position.sample += 1
        self.times.loss += self.layers.loss_seconds - loss
        self.times.device += self.device.chip_seconds - chip
        self.times.total += perf_counter() - start

    def _sample(self, index: int) -> None:
        place = int(self.train.indices[index])
        random = generator(self.settings.seed, TRAINING, self.position.epoch, place)
        trains = self.scorer.to_axons(self.encoder.encode(self.train.images[index], random))
        self.device.clear()
        self.layers.begin(int(self.train.labels[index]))
        self.scorer.chain.add([self._tick(axons) for axons in trains])

    def _tick(self, axons: Array) -> Array:
        spikes = self.device.tick(axons)
        neurons, values = self.layers.step(spikes)
        if len(neurons):
            self.device.send_errors(neurons, values)
            self.device.learn()
        return spikes

    def _end_epoch(self) -> None:
        position = self.position
        counters = {counter.name.lower(): count for counter, count in self.counters().items()}
        score = self.scorer.score(self.validation)
        accuracies = {"validation_accuracy": score.accuracy, "layer_accuracies": list(score.layers)}
        position.history.append({**accuracies, **counters})
        position.epoch, position.sample = position.epoch + 1, 0

    def counters(self) -> dict[Counter, int]:
        """The counters that every device has, with equal values."""
        found = self.device.counters()
        return {counter: found[counter] for counter in MODEL_COUNTERS}

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on, for `save_checkpoint`."""
        self.device.clear()
        return {
            "settings": self.settings.to_dict(),
            "position": asdict(self.position),
            "times": asdict(self.times),
            "spike_hash": self.scorer.chain.hexdigest(),
            "layers": self.layers.state(),
            "device": self.device.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, on this device or another."""
        self.device.restore(state["device"])
        self.layers.restore(state["layers"])
        self.scorer.chain = SpikeChain(state["spike_hash"])
        self.position = Position(**state["position"])
        self.times = Times(**{who: float(spent) for who, spent in state["times"].items()})
