"""Readouts and losses of a network's layers: the objective of supervised learning.

Spikes of the whole chip come in, error events for the whole chip go out. Every learning layer has
a readout and a loss of its own, or hears the gradient of the last layer's. A layer with pools is
read pool by pool, and all neurons of a pool hear its error: their boxes say whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.network import Program
from axonloop.host.processing.activity import ActivityBand
from axonloop.host.processing.core import ErrorPath, ProcessingCore
from axonloop.host.processing.dropout import Dropout
from axonloop.host.processing.error_encoders import Integers
from axonloop.host.processing.objective import (
    ACCURACY,
    MSE,
    Errors,
    Events,
    Flags,
    Measure,
    Objective,
)

_COUNTED = ("spikes", "errors", "ticks", "overtaken")


@dataclass(frozen=True, eq=False)
class LearningLayer:
    """A population that learns: `name`, and who makes its errors.

    With a `ProcessingCore` it has a readout and a loss of its own; with an `ErrorPath` it gets
    the gradient of the last layer's readout. `band` keeps its neurons busy. `own_target`: targets
    have an entry for each layer, in order, of which this one gets its own. `dropout`: what its own
    readout leaves out.
    """

    name: str
    teacher: ProcessingCore | ErrorPath
    band: ActivityBand | None = None
    own_target: bool = False
    dropout: Dropout | None = None


class Layers(Objective):
    """All learning layers of a program, in order; the last one has a readout.

    `spikes` and `errors` count what crossed from and to each layer, over `ticks` ticks and all
    copies; `overtaken` the error events that were dropped because they came too late for their
    sample. Errors start after the burn-in of the last readout.
    """

    def __init__(
        self,
        program: Program,
        layers: Sequence[LearningLayer],
        latency: int = 0,
        measure: Measure = ACCURACY,
    ) -> None:
        last = layers[-1].teacher
        if not isinstance(last, ProcessingCore):
            raise ValueError(f"last layer must be one with a readout, not {layers[-1].name!r}")
        self.layers, self._last, self.latency = tuple(layers), last, latency
        self.measure = measure
        self.copies, self._size = last.encoder.copies, program.config.neurons
        self._units = [program.units_of(layer.name) for layer in layers]
        everyone = np.array_equal(self._units[0][:, 0], np.arange(self._size))
        self._alone = len(layers) == 1 and everyone
        self.ticks = self.overtaken = 0
        self.spikes, self.errors = [0] * len(layers), [0] * len(layers)
        self.quiet = 0 if any(layer.band for layer in layers) else last.burn_in

    @property
    def readers(self) -> dict[str, ProcessingCore]:
        """The layers with a readout of their own."""
        found = {layer.name: layer.teacher for layer in self.layers}
        return {name: core for name, core in found.items() if isinstance(core, ProcessingCore)}

    @property
    def loss_seconds(self) -> float:  # type: ignore[override]
        """Time spent in losses and their gradients."""
        return sum(core.loss_seconds for core in self.readers.values())

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample in every copy: a target for each."""
        for k, layer in enumerate(self.layers):
            if isinstance(layer.teacher, ProcessingCore):
                own = [target[k] for target in targets] if layer.own_target else targets
                layer.teacher.begin(own)

    def step(self, spikes: Flags, late: bool = False) -> Events:
        """Take the spikes of a tick, `(copies, neurons of the chip)`; the events they make.

        From the last layer to the first: its gradient is what layers without a readout hear.
        `late`: the events will be dropped.
        """
        self.ticks += 1
        heard: NDArray[np.float64] | None = None
        found: list[Integers | None] = [None] * len(self.layers)
        for k in reversed(range(len(self.layers))):
            teacher, own = self.layers[k].teacher, self._own(k, spikes)
            if isinstance(teacher, ProcessingCore):
                dropout = self.layers[k].dropout
                found[k] = teacher.step(own, None if dropout is None else dropout.step())
                heard = teacher.heard if heard is None else heard
            else:
                found[k] = teacher.step(heard)
            self._count(k, spikes, own, found[k], late)
        return Events(self._joined(found), self._joined(self._held(spikes)))

    def _own(self, k: int, spikes: Flags) -> Flags:
        """The spikes that leave a layer: those of its neurons, or of its pools."""
        if self._alone:
            return spikes
        units = self._units[k]
        if units.shape[1] == 1:
            return spikes[..., units[:, 0]]
        found: Flags = np.logical_or.reduce(spikes[..., units], axis=-1)
        return found

    def _held(self, spikes: Flags) -> list[Integers | None]:
        """The ungated errors of every layer with a band."""
        return [
            None if layer.band is None else layer.band.step(self._own(k, spikes))
            for k, layer in enumerate(self.layers)
        ]

    def _count(
        self, k: int, spikes: Flags, own: Flags, errors: Integers | None, late: bool
    ) -> None:
        """Count what crosses: of pools the spikes of all neurons, and their errors."""
        units = self._units[k]
        heard = own if units.shape[1] == 1 else spikes[..., units]
        self.spikes[k] += int(np.count_nonzero(heard))
        sent = 0 if errors is None else int(np.count_nonzero(errors)) * units.shape[1]
        if late:
            self.overtaken += sent
        else:
            self.errors[k] += sent

    def _joined(self, found: list[Integers | None]) -> Errors | None:
        """The errors of all layers as those of the chip; None where there is none."""
        if not any(errors is not None and errors.any() for errors in found):
            return None
        if self._alone and found[0] is not None:
            return found[0].astype(np.int32)
        joined = np.zeros((self.copies, self._size), dtype=np.int32)
        for units, errors in zip(self._units, found, strict=True):
            if errors is not None:
                joined[:, units] = errors[..., None]
        return joined

    def votes(self, raster: Flags) -> list[Integers]:
        """The votes of every readout for each class after the burn-in, layer by layer.

        From the spikes of a sample, `(ticks, copies, neurons of the chip)`: `(copies, classes)`.
        """
        pairs = zip(self._heard(raster), self.readers.values(), strict=True)
        return [core.votes(own) for own, core in pairs]

    def outputs(self, raster: Flags) -> list[NDArray[np.float64]]:
        """The outputs of every readout after each tick, `(ticks, copies, classes)`; of a sample."""
        pairs = zip(self._heard(raster), self.readers.values(), strict=True)
        return [core.outputs(own) for own, core in pairs]

    def _heard(self, raster: Flags) -> list[Flags]:
        """The spikes of a sample that each readout hears."""
        every = enumerate(self.layers)
        return [self._own(k, raster) for k, each in every if each.name in self.readers]

    def score(self, raster: Flags, targets: Sequence[Any]) -> NDArray[np.float64]:
        """The score of every readout, `(layers, copies)`.

        1 where it has most votes for the target's class, else 0; of numbers, the squared errors.
        """
        if self.measure == MSE:
            pairs = zip(self._heard(raster), self.readers.values(), strict=True)
            return np.array([core.squared_errors(own, targets) for own, core in pairs])
        answers = np.array([votes.argmax(1) for votes in self.votes(raster)])
        right: NDArray[np.float64] = (answers == np.array(targets)).astype(np.float64)
        return right

    def state(self) -> dict[str, Any]:
        """The state of every layer, and what was counted: for `restore`."""
        states = {
            f"{k}_{name}": value
            for k, layer in enumerate(self.layers)
            for name, value in _state_of(layer).items()
        }
        return states | {name: np.array(getattr(self, name)) for name in _COUNTED}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        for k, layer in enumerate(self.layers):
            mark = f"{k}_"
            own = {n.removeprefix(mark): v for n, v in state.items() if n.startswith(mark)}
            layer.teacher.restore(own)
            if layer.band is not None:
                layer.band.restore({n.removeprefix("band_"): v for n, v in own.items()})
            if layer.dropout is not None:
                layer.dropout.restore(own)
        self.ticks, self.overtaken = int(state["ticks"]), int(state["overtaken"])
        self.spikes, self.errors = (
            [int(count) for count in state[name]] for name in ("spikes", "errors")
        )


def _state_of(layer: LearningLayer) -> dict[str, Any]:
    """The state of a layer's teacher, band and dropout."""
    band = {} if layer.band is None else layer.band.state()
    dropped = {} if layer.dropout is None else layer.dropout.state()
    named = {f"band_{name}": value for name, value in band.items()}
    return layer.teacher.state() | named | dropped
