"""What hears of a run while it trains, and may stop it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axonloop.host.runs.run import Run


class Callback:
    """Hears of a run while it trains; derive from it, and override what you need.

    Whenever it is called the chip rests: `run.trainer.device` can be read, and recorded, `run.save`
    writes the checkpoint, `run.trainer.position` says what is done. Training stops where a call
    returns False: the network is scored as it is then, and its checkpoint goes on if it is
    resumed. An error that it raises ends the run behind a checkpoint, which can be resumed.
    """

    def on_begin(self, run: Run) -> None:
        """Before the first sample, of a resumed run too."""

    def on_sample(self, run: Run, done: int, total: int) -> bool | None:
        """Behind each of `total` samples, all epochs together, of which `done` are done.

        Where a callback overrides it the chip rests behind every sample, not only for checkpoints:
        the bits are the same, but a chip with an error latency waits for the host.
        """

    def on_epoch(self, run: Run, scored: dict[str, Any]) -> bool | None:
        """Behind each epoch, with its entry of the history."""

    def on_end(self, run: Run, metrics: dict[str, Any]) -> None:
        """When the network is scored and all is written; `metrics` are those of metrics.json."""

    def on_close(self, run: Run) -> None:
        """When the run is left, by its end, an error or Ctrl-C: let go of what is held."""


def hears_samples(callbacks: Sequence[Callback]) -> bool:
    """Does one of them override `on_sample`?"""
    return any(type(each).on_sample is not Callback.on_sample for each in callbacks)
