"""A run's figures for TensorBoard, under the names that they have in history.json."""

from __future__ import annotations

from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axonloop.host.runs.callback import Callback

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from axonloop.host.runs.run import Run

FOLDER = "tensorboard"
"""Where the events of a run are written, in its own folder."""


class TensorBoard(Callback):
    """Writes scalars behind each epoch, results and pictures at the end; takes the extra.

    The step of a scalar is the number of epochs done. A list becomes one scalar for each item, as
    `layer_accuracies/1`. The events go to the folder `tensorboard` of the run, or to `folder`.
    Raises ValueError where the package `tensorboard` is missing, or where neither folder is there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None
        require_tensorboard()

    def on_begin(self, run: Run) -> None:
        """Open the folder; what it holds of later epochs than are done counts no more."""
        from torch.utils.tensorboard import SummaryWriter

        if self._folder is None and run.folder is None:
            raise ValueError(
                "folder for TensorBoard must be given where the run has none, not None"
            )
        folder = self._folder or Path(str(run.folder)) / FOLDER
        done = len(run.trainer.position.history)
        self._writer = SummaryWriter(str(folder), purge_step=done + 1)

    def on_epoch(self, run: Run, scored: dict[str, Any]) -> None:
        """Write the epoch's entry of the history."""
        self._scalars(scored, len(run.trainer.position.history))
        self._open.flush()

    def on_end(self, run: Run, metrics: dict[str, Any]) -> None:
        """Write the results, the settings, and the run's pictures; close."""
        results = {k: v for k, v in metrics.items() if k.startswith(("test_", "validation_"))}
        step = len(run.trainer.position.history)
        self._scalars(results, step)
        self._open.add_text("settings", f"```\n{run.trainer.settings}\n```", step)
        if run.folder is not None:
            for picture in sorted(run.folder.glob("*.png")):
                self._open.add_image(picture.stem, _pixels(picture), step, dataformats="HWC")
        self._open.close()

    @property
    def _open(self) -> SummaryWriter:
        if self._writer is None:
            raise ValueError("TensorBoard must hear of a run's beginning first, not of its epoch")
        return self._writer

    def _scalars(self, values: dict[str, Any], step: int) -> None:
        for name, value in values.items():
            several = isinstance(value, (list, tuple))
            parts = enumerate(value, start=1) if several else [("", value)]
            for part, number in parts:
                if isinstance(number, Real):
                    self._open.add_scalar(f"{name}/{part}".rstrip("/"), float(number), step)


def _pixels(picture: Path) -> Any:
    from matplotlib.image import imread

    return imread(picture)[..., :3]


def require_tensorboard() -> None:
    """ValueError where the extra `tensorboard` is not installed."""
    from importlib.util import find_spec

    if find_spec("tensorboard") is None:
        how = "pip install 'axonloop[tensorboard]' does it"
        raise ValueError(f"tensorboard must be installed to write for it; {how}")
