"""Who spent the time of a training tick, of late."""

from __future__ import annotations

from time import perf_counter

from axonloop.host.training import Times, Trainer

SPENDERS = ("device", "loss", "host")
LATELY = 1.0
"""Least seconds over which a mean is taken."""


class Spending:
    """Watches the times that a trainer counts; it counts what was left out, too."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._mark = (perf_counter(), trainer.times, self._samples)
        self._found: dict[str, float] = {}

    @property
    def _samples(self) -> int:
        position = self._trainer.position
        return position.epoch * len(self._trainer.train) + position.sample

    def leave_out(self, seconds: float) -> None:
        """Take a pause out of the times of the run; it would look like work of the host."""
        self._trainer.times = self._trainer.times + Times(total=-seconds)

    def lately(self) -> dict[str, float]:
        """Microseconds of a training tick by who spent them; empty before the first samples."""
        now, times, samples = perf_counter(), self._trainer.times, self._samples
        then, before, done = self._mark
        if samples > done and now - then >= LATELY:
            ticks = (samples - done) * self._trainer.settings.task.ticks
            self._found = {
                who: 1e6 * (getattr(times, who) - getattr(before, who)) / ticks for who in SPENDERS
            }
            self._mark = (now, times, samples)
        return self._found
