"""Training with the chip in the loop: one sample at a time, one learning step per tick.

With error latency k the errors of a tick are sent behind the tick k later. So when the host waits
for a tick, the next k are under way already, and in the burn-in more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import torch

from axonloop.host.data import SHUFFLING, TRAINING, Digits, generator
from axonloop.host.devices import Device, SpikeChain
from axonloop.host.processing import Loss
from axonloop.host.training.from_settings import (
    CROSS_ENTROPY,
    chip_config,
    encoder_of,
    layers_of,
    program_of,
)
from axonloop.host.training.inputs import parts_of
from axonloop.host.training.scorer import Scorer
from axonloop.host.training.settings import Settings
from axonloop.host.training.telemetry import SampleCost
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.protocol import MODEL_COUNTERS, Counter


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

    def __add__(self, other: Times) -> Times:
        return Times(self.total + other.total, self.device + other.device, self.loss + other.loss)


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
    and `restore`, between samples. `costs` has an entry for every sample trained since, if there
    is a link to the chip.
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
        self.encoder = encoder_of(settings)
        self.scorer = Scorer(
            device, self.layers, self.program, self.encoder, settings.seed, SpikeChain()
        )
        self.position, self.times = Position(), Times()
        self.costs: list[SampleCost] = []
        self._coming: list[Int32Array] = []  # the next sample, if its first ticks are under way
        device.load_weights(self.program.weights)

    def run(
        self,
        after_sample: Callable[[], None] = lambda: None,
        rest: Callable[[], bool] = lambda: True,
    ) -> None:
        """Train to the end of the last epoch; score the validation part after each.

        `rest` is asked before a sample: shall the chip rest behind it? Only then can
        `after_sample` look at the device; else the next sample's first ticks are under way.
        """
        while self.position.epoch < self.settings.epochs:
            self._anneal()
            order = self._order(self.position.epoch)
            while self.position.sample < len(order):
                here = self.position.sample
                end = here + 1 if rest() else here + 2
                self._timed_sample(*order[here:end].tolist())
                after_sample()
            self._end_epoch()

    def _anneal(self) -> None:
        """Write this epoch's learning rate."""
        if self.settings.anneal is not None:
            self.device.configure(chip_config(self.settings, self.position.epoch))

    def _order(self, epoch: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        return generator(self.settings.seed, SHUFFLING, epoch).permutation(len(self.train))

    @property
    def at_rest(self) -> bool:
        """Is nothing under way? Else `state` must wait."""
        return not self._coming

    def _timed_sample(self, *indices: int) -> None:
        telemetry = self.device.telemetry
        start, loss, chip = perf_counter(), self.layers.loss_seconds, telemetry.chip_seconds
        use = telemetry.link_use
        self._sample(*indices)
        self.position.sample += 1
        spent = Times(
            perf_counter() - start,
            telemetry.chip_seconds - chip,
            self.layers.loss_seconds - loss,
        )
        self.times = self.times + spent
        if use is not None and (now := telemetry.link_use) is not None:
            cost = SampleCost(self.settings.ticks, spent.host, spent.loss, spent.device, now - use)
            self.costs.append(cost)

    def _sample(self, index: int, following: int | None = None) -> None:
        """Learn a sample; then the first ticks of the `following` one are under way."""
        latency, trains = self.settings.latency, self._coming or self._trains(index)
        if self.at_rest:
            self._send_first(trains)
        self._coming = [] if following is None or not latency else self._trains(following)
        self.layers.begin(int(self.train.labels[index]))
        self.scorer.chain.add(self._ticks(trains))

    def _trains(self, index: int) -> list[Int32Array]:
        """The spikes of one sample: axons of each tick."""
        place = int(self.train.indices[index])
        random = generator(self.settings.seed, TRAINING, self.position.epoch, place)
        return self.scorer.to_axons(self.encoder.encode(self.train.images[index], random))

    def _send_first(self, trains: list[Int32Array]) -> None:
        """Begin a sample on the chip: the burn-in makes no errors, so its ticks need not wait."""
        self.device.clear()
        for axons in trains[: self.settings.burn_in + self.settings.latency]:
            self.device.send_tick(axons)

    def _ticks(self, trains: list[Int32Array]) -> list[Int32Array]:
        """All ticks of a sample, of which the first are sent already; their spikes."""
        latency, spikes = self.settings.latency, []
        end = len(trains) - latency
        for tick in range(len(trains)):
            if self.settings.burn_in <= tick < end:
                self.device.send_tick(trains[tick + latency])
            elif tick == end and self._coming:
                self._send_first(self._coming)
            spikes.append(self.device.take_tick())
            self._teach(spikes[-1], late=tick >= end)
        return spikes

    def _teach(self, spikes: Int32Array, late: bool) -> None:
        """Send the errors that a tick made, unless they come too `late` for its sample."""
        neurons, values = self.layers.step(spikes, late)
        if len(neurons) and not late:
            self.device.send_errors(neurons, values)
            self.device.learn()

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
        """Everything that the rest of the run depends on, for `save_checkpoint`.

        ValueError unless the chip is `at_rest`.
        """
        require(self.at_rest, "chip", "at rest for a checkpoint", "with ticks under way")
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
