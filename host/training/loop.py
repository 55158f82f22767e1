"""The training loop: chips in the loop, one sample at a time, one learning step per tick.

All training on a chip runs here: a lone chip or many copies in step, on any device, from errors
that any objective makes. With error latency k the errors of a tick are sent behind the tick k
later. So when the host waits for a tick, the next k are under way already, and in the quiet
beginning of a sample more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import notice
from axonloop.host.data import SCORING, TRAINING, generator
from axonloop.host.devices import SpikeChain, TraceHash
from axonloop.host.network import Program
from axonloop.host.processing import FiringRates, Flags, Objective, one_thread
from axonloop.host.training.copies import Copies, SingleCopy
from axonloop.host.training.inputs import wire
from axonloop.host.training.task import Samples, Task
from axonloop.host.training.telemetry import SampleCost
from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import state_regions

TRACED = 20
"""Samples whose whole state goes into trace_hash."""


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

    `history` has one entry per epoch: what was scored after it.
    """

    epoch: int = 0
    sample: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        require_range("epoch of the run", self.epoch, 0, 1_000_000)
        require_range("sample of the run", self.sample, 0, 1_000_000)


@dataclass(frozen=True)
class Score:
    """How a copy did on `samples` samples: the mean score of every layer; the last is `value`.

    What it is says the objective's `measure`. `trace_hash` is over the state of the traced samples;
    `wrong` are the places of the samples that the last layer did not get wholly right, the worst
    first.
    """

    layers: tuple[float, ...]
    samples: int
    trace_hash: str
    wrong: tuple[int, ...]

    @property
    def value(self) -> float:
        """That of the last layer."""
        return self.layers[-1]


class TrainingLoop:
    """Trains `copies` of a chip on their `tasks`, with errors from one `objective`.

    `config_in` gives what to write into the registers when an epoch begins, or None. `seeds` of the
    copies decide about the random numbers of their samples. `position`, `times` and everything that
    the next sample depends on come and go with `state` and `restore`, between samples. `costs` has
    an entry for every sample trained since, if there is a link to the chip; `spikes` are those of
    the last sample run, `(ticks, copies, neurons of the chip)`; `rates` counts those of the epoch,
    and warns, once and on stderr, of populations that are silent or always on.
    """

    def __init__(
        self,
        copies: Copies,
        program: Program,
        tasks: Sequence[Task],
        objective: Objective,
        seeds: Sequence[int],
        epochs: int,
        config_in: Callable[[int], ChipConfig | None] = lambda epoch: None,
    ) -> None:
        self.copies, self.program, self.objective = copies, program, objective
        self.tasks, self.seeds, self.epochs = tuple(tasks), tuple(seeds), epochs
        self.chains = [SpikeChain() for _ in tasks]
        self.position, self.times = Position(), Times()
        self.costs: list[SampleCost] = []
        self.spikes: Flags = np.zeros((0, copies.count, copies.config.neurons), dtype=bool)
        self.rates = FiringRates(program, copies.count)
        self._config_in = config_in
        self._coming: Flags | None = None  # the next sample, if its first ticks are under way

    @property
    def at_rest(self) -> bool:
        """Is nothing under way? Else `state` must wait."""
        return self._coming is None

    @one_thread()
    def run(
        self,
        after_sample: Callable[[], bool | None] = lambda: None,
        rest: Callable[[], bool] = lambda: True,
        after_epoch: Callable[[dict[str, Any]], bool | None] = lambda scored: None,
    ) -> None:
        """Train to the end of the last epoch.

        `rest` is asked before a sample: shall the chip rest behind it? Only then can
        `after_sample` look at the device; else the next sample's first ticks are under way.
        `after_epoch` gets the epoch's entry of the history, while the chip rests. Where one of the
        two returns False, the chip resting, training ends.
        """
        while self.position.epoch < self.epochs:
            epoch = self.position.epoch
            config = self._config_in(epoch)
            if config is not None:
                self.copies.configure(config)
            pairs = zip(self.tasks, self.seeds, strict=True)
            order = np.stack([task.places(seed, epoch) for task, seed in pairs], axis=1)
            while self.position.sample < len(order):
                here = self.position.sample
                self._timed_sample(order[here : here + (1 if rest() else 2)])
                if after_sample() is False:
                    return
            for text in self.rates.judge().values():
                notice(f"warning: {text}")
            self.position.history.append(self.scored())
            self.position.epoch, self.position.sample = epoch + 1, 0
            if after_epoch(self.position.history[-1]) is False:
                return

    def scored(self) -> dict[str, Any]:
        """What the history holds of an epoch whose samples are all done; here nothing."""
        return {}

    def _timed_sample(self, places: NDArray[np.int64]) -> None:
        """Learn the sample at the first of `places`, `(1 or 2, copies)`; the other one follows."""
        start, loss = perf_counter(), self.objective.loss_seconds
        chip, use = self.copies.chip_seconds, self.copies.link_use
        ticks = self._sample(*places)
        self.position.sample += 1
        spent = Times(
            perf_counter() - start,
            self.copies.chip_seconds - chip,
            self.objective.loss_seconds - loss,
        )
        self.times = self.times + spent
        if use is not None and (now := self.copies.link_use) is not None:
            cost = SampleCost(ticks, spent.host, spent.loss, spent.device, now - use)
            self.costs.append(cost)

    def _sample(self, places: NDArray[np.int64], following: NDArray[np.int64] | None = None) -> int:
        """Learn a sample; then the first ticks of the `following` one are under way."""
        raster = self._coming
        if raster is None:
            raster = self._training_raster(places)
            self._send_first(raster)
        ahead = following is not None and self.objective.latency > 0
        self._coming = self._training_raster(following) if ahead else None
        pairs = zip(self.tasks, places.tolist(), strict=True)
        self.objective.begin([task.train.target(place) for task, place in pairs])
        self._chain(self._ticks(raster))
        self.rates.add(self.spikes)
        return len(raster)

    def _training_raster(self, places: NDArray[np.int64] | None) -> Flags:
        assert places is not None
        samples = [task.train for task in self.tasks]
        return self.arriving(samples, places.tolist(), TRAINING, self.position.epoch)

    def arriving(self, samples: Sequence[Samples], places: Sequence[int], *purpose: int) -> Flags:
        """The spikes on all axons, bool `(ticks, copies, axons)`, of a sample for each copy."""
        found: Flags | None = None
        for b, (own, place) in enumerate(zip(samples, places, strict=True)):
            random = generator(self.seeds[b], *purpose, own.number(place))
            raster = own.raster(place, random)
            if found is None:
                shape = (len(raster), len(samples), self.program.config.axons)
                found = np.zeros(shape, dtype=bool)
            wire(self.program, self.tasks[b].sources, raster, found[:, b])
        assert found is not None
        return found

    def _refresh(self) -> None:
        if self.tasks[0].fresh:
            self.copies.clear()

    def _send_first(self, raster: Flags) -> None:
        """Begin a sample on the chips: its quiet ticks make no errors, so they need not wait."""
        self._refresh()
        for tick in range(min(len(raster), self.objective.quiet + self.objective.latency)):
            self._send(raster, tick)

    def _send(self, raster: Flags, tick: int) -> None:
        modulation = self.objective.modulation(tick)
        if modulation is not None:
            self.copies.modulate(modulation)
        self.copies.send_tick(raster[tick], self.objective.learns(tick))

    def _ticks(self, raster: Flags) -> Flags:
        """All ticks of a sample, of which the first are sent already; their spikes."""
        quiet, latency, spikes = self.objective.quiet, self.objective.latency, []
        end = len(raster) - latency
        for tick in range(len(raster)):
            if quiet <= tick < end:
                self._send(raster, tick + latency)
            elif tick == end and self._coming is not None:
                self._send_first(self._coming)
            spikes.append(self.copies.take_tick())
            events = self.objective.step(spikes[-1], late=tick >= end)
            if tick < end:
                self.copies.teach(events)
        return np.stack(spikes)

    def _chain(self, raster: Flags) -> None:
        self.spikes = raster
        for chain, own in zip(self.chains, raster.transpose(1, 0, 2), strict=True):
            chain.add(own)

    @one_thread()
    def scores(
        self,
        samples: Samples | list[Samples],
        traced: int = 0,
        progress: Callable[[int], None] = lambda done: None,
    ) -> list[Score]:
        """Run all samples without learning, on every copy, and score them.

        Copies may have samples of their own, as many each. The state of the first `traced` samples
        is read tick by tick: for a lone chip.
        """
        found, trace, own = [], TraceHash(), self._for_each(samples)
        for place, spikes in enumerate(self._responses(own, traced, trace)):
            targets = [each.target(place) for each in own]
            found.append(self.objective.score(spikes, targets))
            progress(place + 1)
        table = np.array(found)  # (samples, layers, copies)
        return [
            Score(
                tuple(table[:, :, b].mean(axis=0).tolist()),
                len(found),
                trace.hexdigest(),
                tuple(self._worst(table[:, -1, b])),
            )
            for b in range(self.copies.count)
        ]

    def _worst(self, scores: NDArray[np.float64]) -> list[int]:
        """The places of samples with a fault, those with the largest first."""
        faults = np.abs(scores - self.objective.measure.right)
        order = np.argsort(-faults, kind="stable")
        found: list[int] = order[faults[order] > 0].tolist()
        return found

    def responses(self, samples: Samples | list[Samples]) -> Iterator[Flags]:
        """Run all samples without learning, on every copy: the spikes of one after the other.

        Each is `(ticks, copies, neurons of the chip)`. Copies may have samples of their own.
        """
        return self._responses(self._for_each(samples), 0, TraceHash())

    def _responses(self, samples: list[Samples], traced: int, trace: TraceHash) -> Iterator[Flags]:
        for place in range(len(samples[0])):
            into = trace if place < traced else None
            yield self.response(samples, [place] * self.copies.count, into)

    @one_thread()
    def response(
        self, samples: Sequence[Samples], places: Sequence[int], trace: TraceHash | None = None
    ) -> Flags:
        """Run a sample for each copy without learning: `(ticks, copies, neurons of the chip)`.

        Its state, tick by tick, goes into a `trace`.
        """
        raster = self.arriving(samples, places, SCORING)
        self._refresh()
        spikes = self.copies.run(raster) if trace is None else self._traced(raster, trace)
        self._chain(spikes)
        return spikes

    def _for_each(self, samples: Samples | list[Samples]) -> list[Samples]:
        """Samples for each copy; what is no list of them serves all."""
        if isinstance(samples, list):
            return samples
        return [samples] * self.copies.count

    def _traced(self, raster: Flags, trace: TraceHash) -> Flags:
        require(isinstance(self.copies, SingleCopy), "chips to trace", "a lone one", self.copies)
        assert isinstance(self.copies, SingleCopy)
        device = self.copies.device
        regions = state_regions(self.copies.config.geometry)
        for arriving in raster:
            self.copies.send_tick(arriving)
            device.send_read(regions)
        spikes = []
        for _ in raster:
            spikes.append(self.copies.take_tick())
            trace.update(device.take_read())
        return np.stack(spikes)

    def state(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on, for `save_checkpoint`.

        ValueError unless the chip is `at_rest`.
        """
        require(self.at_rest, "chip", "at rest for a checkpoint", "with ticks under way")
        self._refresh()
        return {
            "position": asdict(self.position),
            "times": asdict(self.times),
            "spike_hashes": [chain.hexdigest() for chain in self.chains],
            "objective": self.objective.state(),
            "rates": self.rates.state(),
            "device": self.copies.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, on this device or another."""
        self.copies.restore(state["device"])
        self.objective.restore(state["objective"])
        self.rates.restore(state["rates"])
        self.chains = [SpikeChain(link) for link in state["spike_hashes"]]
        self.position = Position(**state["position"])
        self.times = Times(**{who: float(spent) for who, spent in state["times"].items()})
