"""Spikes at wanted times: learning from error events, many chips in step.

The host filters the difference between output and wanted spikes; its square is van Rossum's
distance:

    fast' = decay(fast, rise) + (S - wanted)        slow' = decay(slow, fall) + fast'
    distance = sum over ticks and neurons of slow^2
    E = sign(slow) where |slow| >= C peak           an error event; peak: slow's largest of a spike

The chip does the rest: E meets the boxcar and the axon's trace. The pattern is shown again and
again, from silence, and every tick with an event is a tick with an update.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.devices import SpikeChain, weight_hash
from axonloop.host.experiments.spike_timing.chip import (
    NAME,
    SpikeTimes,
    pattern_of,
    program_of,
    wanted_of,
)
from axonloop.host.processing import Integers, ThresholdEncoder
from axonloop.host.training import Copies, ErrorBank, Flags
from axonloop.models.config import DECAY_ONE

ONE = 1 << 12
"""A spike in steps of the filters."""


class VanRossum:
    """The filtered difference `slow` of each neuron, in steps of 1/ONE: int64 of any one shape."""

    def __init__(self, shape: tuple[int, ...], rise: int, fall: int) -> None:
        self._rise, self._fall = rise, fall
        self.fast = self.slow = np.zeros(shape, dtype=np.int64)

    def step(self, difference: NDArray[np.int64]) -> Integers:
        """Take S - wanted of a tick."""
        self.fast = _decay(self.fast, self._rise) + ONE * difference
        self.slow = _decay(self.slow, self._fall) + self.fast
        return self.slow

    @classmethod
    def peak(cls, rise: int, fall: int) -> int:
        """What a single spike raises `slow` to."""
        one = cls((), rise, fall)
        return max(int(one.step(np.array(int(tick == 0)))) for tick in range(1000))


def _decay(values: Integers, kept: int) -> Integers:
    decayed: Integers = np.sign(values) * (np.abs(values) * kept // DECAY_ONE)
    return decayed


@dataclass
class LoopTiming:
    """What a copy did: distance and ticks with an update of every pass, spikes of the ends.

    The last pass is without learning.
    """

    task: SpikeTimes
    threshold: float
    distances: list[float]
    updates: list[int]
    first_spikes: Flags
    spikes: Flags
    weight_hash: str
    spike_hash: str
    counters: dict[str, int]

    @property
    def solved(self) -> int | None:
        """Passes before the first one without a fault; None if all had some."""
        return next((k for k, distance in enumerate(self.distances) if distance == 0), None)

    @property
    def share(self) -> float:
        """Share of ticks with an update, in all passes with learning."""
        return sum(self.updates) / (self.task.ticks * len(self.updates))

    @property
    def share_before(self) -> float:
        """The same in the passes before the first one without a fault; all if there is none."""
        passes = len(self.updates) if self.solved is None else max(1, self.solved)
        return sum(self.updates[:passes]) / (self.task.ticks * passes)


def learn_times(
    copies: Copies,
    tasks: Sequence[SpikeTimes],
    thresholds: Sequence[float],
    epochs: int,
    progress: Progress,
) -> list[LoopTiming]:
    """Show the pattern `epochs` times with learning and once without; a task for each copy.

    Thresholds C are in shares of the peak. Tasks differ in their seeds only.
    """
    every = _Learning(copies, tasks, thresholds)
    before = after = every.show(learn=epochs > 0)
    for epoch in range(epochs):
        after = every.show(learn=epoch < epochs - 1)
        progress("train", epoch + 1, epochs)
    weights, counters = copies.weights(), copies.counters()
    return [
        LoopTiming(
            task,
            thresholds[b],
            [float(found[b]) for found in every.distances],
            [int(found[b]) for found in every.updates],
            before[:, b],
            after[:, b],
            weight_hash(weights[b], copies.config.geometry),
            every.chains[b].hexdigest(),
            counters[b],
        )
        for b, task in enumerate(tasks)
    ]


class _Learning:
    """The host's side of all copies."""

    def __init__(
        self, copies: Copies, tasks: Sequence[SpikeTimes], thresholds: Sequence[float]
    ) -> None:
        program, first = program_of(tasks[0]), tasks[0]
        self.copies, self.first = copies, first
        self._neurons = program.neurons[NAME]
        axons = program.axons["input"][:, 0]
        self._pattern = np.zeros((first.ticks, copies.count, copies.config.axons), dtype=bool)
        self._pattern[:, :, axons] = np.stack([pattern_of(task) for task in tasks], 1)
        self._wanted = np.stack([wanted_of(task) for task in tasks], 1).astype(np.int64)
        peak = VanRossum.peak(first.rise, first.fall)
        steps = [max(1, round(share * peak)) for share in thresholds]
        self._bank = ErrorBank([ThresholdEncoder(first.neurons, step, 1) for step in steps])
        self.chains = [SpikeChain() for _ in tasks]
        self.distances: list[NDArray[np.float64]] = []
        self.updates: list[NDArray[np.int64]] = []

    def show(self, learn: bool) -> Flags:
        """One pass, from silence; its spikes, `(ticks, copies, neurons)`."""
        copies, shape = self.copies, (self.copies.count, self.first.neurons)
        filters = VanRossum(shape, self.first.rise, self.first.fall)
        distance, updates = np.zeros(copies.count), np.zeros(copies.count, dtype=np.int64)
        errors = np.zeros((copies.count, copies.config.neurons), dtype=np.int32)
        found = []
        copies.clear()
        for arriving, wanted in zip(self._pattern, self._wanted, strict=True):
            spikes = copies.tick(arriving)
            found.append(spikes)
            slow = filters.step(spikes[:, self._neurons] - wanted)
            distance += np.square(slow / ONE).sum(1)
            if learn:
                errors[:, self._neurons] = self._bank.encode(slow)
                updates += errors.any(1)
                copies.teach(errors)
        raster = np.stack(found)
        for chain, own in zip(self.chains, raster.transpose(1, 0, 2), strict=True):
            chain.add_raster(own)
        self.distances.append(distance)
        if learn:
            self.updates.append(updates)
        return raster[:, :, self._neurons]
