"""What is seen of the training loop at one moment: nothing in it changes any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.arrays import Int32Array

TRAINING, SCORING, OVER = "training", "scoring", "over"
"""The phases of a run."""


@dataclass(frozen=True)
class SampleGlimpse:
    """The ticks so far of the sample that the chip is shown; neurons are numbered through the chip.

    `spikes` are pairs of tick and neuron, int32 `(n, 2)`; `errors` have the value as a third
    column. `potential` is V - R after each tick, in thresholds, float32 `(ticks, neurons)`, NaN
    where it was not read; None where it was not read at all. `told` says which sample it is.
    """

    told: str
    tick: int
    ticks: int
    spikes: Int32Array
    errors: Int32Array
    potential: NDArray[np.float32] | None


@dataclass(frozen=True)
class Glimpse:
    """A sample, and how far the run is.

    `told` says how it came out, once it is over. `done` of `total` samples are trained. `errors`
    are the error events of a sample, means over the last ones that were seen, each beside the
    epochs that were done, as a fraction. `spent` are microseconds of a tick by who spent them, of
    late. `weights` are as of `Device.read_weights`, None where none were read yet; `counters` as of
    `Device.counters`, by their names; `read_at` says when both were read.
    """

    phase: str
    told: str
    done: int
    total: int
    sample: SampleGlimpse | None
    history: Sequence[Mapping[str, Any]] = ()
    errors: Sequence[tuple[float, float]] = ()
    spent: Mapping[str, float] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    weights: Int32Array | None = None
    read_at: str = ""
