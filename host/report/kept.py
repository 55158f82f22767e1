"""The numbers behind the pictures of a run, in a file of its folder: `kept.npz`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from axonloop.host.files import write_whole
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require

KEPT = "kept.npz"


@dataclass(frozen=True)
class SampleTrace:
    """A sample that the trained network was shown, tick by tick; nothing was learned.

    `inputs` and `spikes` are pairs of tick and axon or neuron, int32 `(n, 2)`; `errors` have the
    value as a third column: events that training would have sent. `potential` is V - R after the
    tick, in thresholds, float32 `(ticks, neurons)`. `title` says which sample it is.
    """

    inputs: Int32Array
    spikes: Int32Array
    errors: Int32Array
    potential: NDArray[np.float32]
    title: str


@dataclass(frozen=True)
class Kept:
    """What a report shows and `metrics.json` has not.

    `before` and `after`: weights of the first projection, int32 `(inputs, neurons)`, whose largest
    is `top`; `image`: rows and columns of the inputs, if they are one.
    """

    before: Int32Array
    after: Int32Array
    top: int
    image: tuple[int, int] | None
    sample: SampleTrace

    def save(self, folder: Path) -> None:
        """Write the file, whole or not at all."""
        names = [each.name for each in fields(SampleTrace)]
        sample = {f"sample_{name}": getattr(self.sample, name) for name in names}
        arrays = {
            "before": self.before,
            "after": self.after,
            "top": self.top,
            "image": self.image or (0, 0),
            **sample,
        }
        write_whole(folder / KEPT, lambda file: np.savez_compressed(file, **arrays))

    @classmethod
    def load(cls, folder: Path) -> Kept:
        """Read the file; ValueError where it is missing or damaged."""
        path = folder / KEPT
        try:
            with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            own = {each.name: arrays[f"sample_{each.name}"] for each in fields(SampleTrace)}
            rows, columns = (int(size) for size in arrays["image"])
            return cls(
                arrays["before"],
                arrays["after"],
                int(arrays["top"]),
                (rows, columns) if rows else None,
                SampleTrace(**(own | {"title": str(own["title"])})),
            )
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            require(False, KEPT, f"whole ({error})", str(path))
            raise AssertionError from error


def pairs_of(trains: list[Int32Array]) -> Int32Array:
    """Lists of numbers, one for each tick, as pairs of tick and number: int32 `(n, 2)`."""
    ticks = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    every = np.concatenate(trains) if trains else np.zeros(0)
    return np.stack([ticks, every], axis=1).astype(np.int32)
