"""Objectives make the errors that a chip learns from: one interface, several of them.

An objective serves one chip or many copies in step. The training loop tells it when a sample
begins and what every tick's spikes were; it answers with the error events to send. Whatever it
remembers between samples comes and goes with `state` and `restore`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
"""Spikes: `(copies, neurons of the chip)` in a tick, `(ticks, copies, neurons)` in a sample."""
Errors = NDArray[np.int32]
"""Error values of a tick, `(copies, neurons of the chip)`, 0 where nothing is sent."""
Modulation = NDArray[np.int32]
"""The third factor M of each copy, `(copies,)`."""


@dataclass(frozen=True)
class Measure:
    """What a score is: its `name` in results, `plural` of several, `right` without any fault."""

    name: str
    plural: str
    right: float


ACCURACY = Measure("accuracy", "accuracies", 1.0)
"""The share of the samples whose class was found."""
MSE = Measure("mse", "mses", 0.0)
"""The mean squared error of numbers."""


@dataclass(frozen=True)
class Events:
    """The error events of a tick; None: there are none.

    `gated` events meet the boxcar of their neuron, `ungated` ones do not.
    """

    gated: Errors | None = None
    ungated: Errors | None = None


SILENCE = Events()


class Objective(ABC):
    """An objective turns spikes into error events.

    `quiet`: so many first ticks of a sample make no errors, and are sent ahead. `latency`: errors
    reach the chip so many ticks late. `loss_seconds`: time spent in torch. `measure` says what a
    score is.
    """

    quiet: int = 0
    latency: int = 0
    loss_seconds: float = 0.0
    measure: Measure = ACCURACY

    @abstractmethod
    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample in every copy: a target for each."""

    @abstractmethod
    def step(self, spikes: Flags, late: bool = False) -> Events:
        """Take the spikes of a tick, `(copies, neurons)`. `late`: its events will be dropped."""

    def learns(self, tick: int) -> bool:
        """Does the chip learn in this tick of a sample whether or not there are errors?"""
        del tick
        return False

    def modulation(self, tick: int) -> Modulation | None:
        """The third factors M to broadcast before this tick of a sample; None: as they are."""
        del tick
        return None

    def score(self, raster: Flags, targets: Sequence[Any]) -> NDArray[np.float64]:
        """The score of a sample, `(layers, copies)`, from its spikes `(ticks, copies, neurons)`.

        1 is right and 0 wrong where targets are classes; an objective says what else it means.
        """
        raise ValueError(f"{type(self).__name__} has no score")

    def state(self) -> dict[str, Any]:
        """The state that is kept between samples, for `restore`: arrays and whole numbers."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        del state
