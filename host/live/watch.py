"""What looks at the training loop, in the loop's own thread, while somebody looks at the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from axonloop.host.live.gate import Gate
from axonloop.host.live.glimpse import OVER, SCORING, TRAINING, Glimpse, SampleGlimpse
from axonloop.host.live.running_sample import Potential, RunningSample
from axonloop.host.live.seen_samples import SeenSamples
from axonloop.host.live.spending import Spending
from axonloop.host.live.state_readings import StateReadings
from axonloop.host.processing import Events, Flags
from axonloop.host.recorder import thresholds_of
from axonloop.host.training import Trainer

PERIOD = 0.15
"""Least seconds between two glimpses."""
LATE = 0.5
"""Seconds after which a sample is shown though it is not whole, or lacks potentials."""
SHARE = 10
"""Looking takes at most one part of so many of the loop's time, but while it is paused."""


class Watch:
    """Gathers glimpses of a run, and holds its loop between ticks where `gate` is closed.

    `looked_at` is set by the thread that shows the page; while it is False nothing is gathered and
    the gate holds nobody. `glimpse` is the newest one, which that thread may take at any time.

    State is read from the device itself only if that has no link (`reads_state`): over a link the
    potentials are read in single ticks alone (`reads_steps`), weights and counters are those of the
    last checkpoint. Where all words are recorded, nothing is read: they must not depend on time.
    """

    def __init__(self, trainer: Trainer, gate: Gate) -> None:
        self.gate, self.looked_at, self.wants_potential = gate, False, False
        telemetry = trainer.device.telemetry
        self.reads_steps = not telemetry.recorded
        self.reads_state = self.reads_steps and telemetry.link_use is None
        self._trainer, self._ticks = trainer, trainer.settings.task.ticks
        self._thresholds = thresholds_of(trainer.program.config)
        self._running = RunningSample((-1, -1), self._ticks)
        self._fresh = False  # was there a tick since `between_ticks` was called?
        self._looking = 0.0  # seconds that looking took since the last glimpse
        self._pause, self._shown = PERIOD, perf_counter()
        self._seen, self._readings = SeenSamples(trainer), StateReadings(trainer)
        self._spending = Spending(trainer)
        self.glimpse = self._glimpse(TRAINING, None)

    def between_ticks(self) -> None:
        """Show what there is to show of the ticks before, and wait at the gate.

        The first call behind a tick does it; others return at once.
        """
        if not self._fresh:
            return
        self._fresh = False
        paused = self.gate.paused
        if paused or self._is_due():
            self._show()
        if paused:
            self.wants_potential = self.reads_steps
            self._hold()
        else:
            waited = perf_counter() - self._shown
            self.wants_potential = self.reads_state and waited > self._pause

    def _is_due(self) -> bool:
        waited, running = perf_counter() - self._shown, self._running
        if running.ended and (running.read or not self.reads_state):
            return waited > self._pause
        return waited > self._pause + LATE

    def _show(self) -> None:
        """Make a glimpse; the next one is the later the more this one cost."""
        with self.looking():
            if self.reads_state:
                self._readings.read()
            phase, running = self._phase(), self._running
            scoring = phase == SCORING
            told = "A sample that is scored" if scoring else self._seen.told(running)
            if running.whole and not scoring:
                self._seen.add(running)
            self.glimpse = self._glimpse(phase, running.glimpse(told, self._thresholds))
        self._pause = max(PERIOD, SHARE * self._looking)
        self._looking, self._shown = 0.0, perf_counter()

    def _phase(self) -> str:
        """Is the running sample one of training?"""
        epoch, sample = self._running.key
        training = epoch < self._trainer.epochs and sample < len(self._trainer.train)
        return TRAINING if training else SCORING

    def _glimpse(self, phase: str, sample: SampleGlimpse | None, told: str = "") -> Glimpse:
        position, samples = self._trainer.position, len(self._trainer.train)
        return Glimpse(
            phase,
            told,
            position.epoch * samples + position.sample,
            self._trainer.epochs * samples,
            sample,
            tuple(position.history),
            tuple(self._seen.errors),
            self._spending.lately(),
            self._readings.counters,
            self._readings.weights,
            self._readings.at,
        )

    def _hold(self) -> None:
        """Wait at the gate; the times of the run do not count it."""
        began = perf_counter()
        try:
            self.gate.wait()
        finally:
            self._spending.leave_out(perf_counter() - began)

    def note_tick(self, number: int, spikes: Flags, potential: Potential | None) -> None:
        """Take a tick, the `number`th of the process: spikes `(1, neurons)`, V - R `(neurons,)`."""
        position, tick = self._trainer.position, number % self._ticks
        key = (position.epoch, position.sample)
        if key != self._running.key or tick <= self._running.tick:
            self._running = RunningSample(key, self._ticks)
        self._running.add(tick, spikes, potential)
        self._fresh = True

    def note_events(self, events: Events) -> None:
        """Take the error events of the last tick."""
        self._running.add_events(events)

    def note_scored(self, raster: Flags) -> None:
        """Take the spikes of a sample that was scored, `(ticks, 1, neurons)`."""
        position = self._trainer.position
        self._running = RunningSample((position.epoch, position.sample), len(raster))
        for tick, spikes in enumerate(raster):
            self._running.add(tick, spikes, None)
        self._fresh = True

    def note_snapshot(self, state: dict[str, Any]) -> None:
        """Take weights and counters of a snapshot that was made for something else."""
        self._readings.take(state)

    def end(self, told: str) -> None:
        """Show that the run is over, and how it came out."""
        self.glimpse = self._glimpse(OVER, self.glimpse.sample, told)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Count the time of the block as looking."""
        began = perf_counter()
        try:
            yield
        finally:
            self._looking += perf_counter() - began
