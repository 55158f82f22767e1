"""Spikes at wanted times: learning from error events, many chips in step.

The pattern is shown again and again, from silence, and every tick with an event is a tick with an
update (see `axonloop.host.processing.SpikeTimesObjective`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.spike_timing.chip import (
    NAME,
    SpikeTimes,
    pattern_of,
    program_of,
    wanted_of,
)
from axonloop.host.processing import Flags, SpikeTimesObjective
from axonloop.host.training import Copies, Task, TrainingLoop


class TimedPattern:
    """One sample: the input pattern of a task, and its wanted spikes."""

    def __init__(self, task: SpikeTimes) -> None:
        self._pattern, self._wanted = pattern_of(task), wanted_of(task)

    def __len__(self) -> int:
        return 1

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The pattern, bool `(ticks, inputs)`: nothing of it is drawn anew."""
        return self._pattern

    def target(self, place: int) -> Flags:
        """Who is to spike when, bool `(ticks, neurons)`."""
        return self._wanted

    def number(self, place: int) -> int:
        """The only sample's number."""
        return place


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

    Thresholds C are in shares of the peak. Tasks differ in their seeds only. The copies hold the
    first weights.
    """
    program, first = program_of(tasks[0]), tasks[0]
    patterns = [TimedPattern(task) for task in tasks]
    objective = SpikeTimesObjective(program, NAME, first.rise, first.fall, thresholds)
    loop = TrainingLoop(
        copies,
        program,
        [Task(pattern, ("input",)) for pattern in patterns],
        objective,
        [task.seed for task in tasks],
        epochs,
    )
    neurons, distances, updates = program.neurons[NAME], [], []
    rasters: list[Flags] = []

    def after_sample() -> None:
        rasters[1:] = [loop.spikes[:, :, neurons]]
        distances.append(objective.distance)
        updates.append(objective.updates)
        progress("train", loop.position.epoch + 1, epochs)

    loop.run(after_sample)
    last = loop.scores([*patterns])
    rasters[1:] = [loop.spikes[:, :, neurons]]
    weights, counters = copies.weights(), copies.counters()
    return [
        LoopTiming(
            task,
            thresholds[b],
            [*(float(found[b]) for found in distances), last[b].value],
            [int(found[b]) for found in updates],
            rasters[0][:, b],
            rasters[-1][:, b],
            weight_hash(weights[b], copies.config.geometry),
            loop.chains[b].hexdigest(),
            counters[b],
        )
        for b, task in enumerate(tasks)
    ]
