"""The processing cores of a network: spikes of the whole chip in, its error events out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonloop.host.network import Program
from axonloop.host.processing.core import ErrorPath, ProcessingCore
from axonloop.host.processing.error_encoders import Integers
from axonloop.models.arrays import Int32Array

_COUNTED = ("spikes", "errors", "ticks", "overtaken")


@dataclass(frozen=True, eq=False)
class LearningLayer:
    """A population that learns: `name`, and who makes its errors.

    With a `ProcessingCore` it has a readout and a loss of its own; with an `ErrorPath` it gets
    the gradient of the last layer's readout.
    """

    name: str
    teacher: ProcessingCore | ErrorPath


class Layers:
    """All learning layers of a program, in order; the last one has a readout.

    `spikes` and `errors` count what crossed from and to each layer, over `ticks` ticks;
    `overtaken` the error events that were dropped because they came too late for their sample.
    """

    def __init__(self, program: Program, layers: Sequence[LearningLayer]) -> None:
        last = layers[-1].teacher
        if not isinstance(last, ProcessingCore):
            raise ValueError(f"last layer must be one with a readout, not {layers[-1].name!r}")
        self.layers, self._last, self._program = tuple(layers), last, program
        self._neurons = [program.neurons[layer.name] for layer in layers]
        everyone = np.arange(program.config.neurons)
        self._alone = len(layers) == 1 and np.array_equal(self._neurons[0], everyone)
        self.ticks = self.overtaken = 0
        self.spikes, self.errors = [0] * len(layers), [0] * len(layers)

    @property
    def readers(self) -> dict[str, ProcessingCore]:
        """The layers with a readout of their own."""
        found = {layer.name: layer.teacher for layer in self.layers}
        return {name: core for name, core in found.items() if isinstance(core, ProcessingCore)}

    @property
    def loss_seconds(self) -> float:
        """Time spent in losses and autograd."""
        return sum(core.loss_seconds for core in self.readers.values())

    def begin(self, target: int) -> None:
        """Start a sample."""
        for layer in self.layers:
            if isinstance(layer.teacher, ProcessingCore):
                layer.teacher.begin(target)

    def step(self, spikes: Int32Array, late: bool = False) -> tuple[Int32Array, Int32Array]:
        """Take the spikes of a tick; return neurons and values of the errors that they make.

        `late`: the errors will be dropped.
        """
        self.ticks += 1
        if self._alone:
            neurons, values = self._last.step(spikes)
            self._count(0, spikes, neurons, late)
            return neurons, values
        return self._step_all(self.split(spikes), late)

    def _count(self, k: int, spikes: Int32Array, neurons: Int32Array, late: bool) -> None:
        self.spikes[k] += len(spikes)
        if late:
            self.overtaken += len(neurons)
        else:
            self.errors[k] += len(neurons)

    def _step_all(self, shares: list[Int32Array], late: bool) -> tuple[Int32Array, Int32Array]:
        """From the last layer to the first: its gradient is what layers without a readout hear."""
        heard, events = None, []
        for k in reversed(range(len(self.layers))):
            teacher = self.layers[k].teacher
            if isinstance(teacher, ProcessingCore):
                neurons, values = teacher.step(shares[k])
                heard = teacher.heard if heard is None else heard
            else:
                neurons, values = teacher.step(heard)
            self._count(k, shares[k], neurons, late)
            events.append((self._neurons[k].take(neurons), values))
        neurons, values = (np.concatenate(parts) for parts in zip(*reversed(events), strict=True))
        return neurons, values

    def split(self, spikes: Int32Array) -> list[Int32Array]:
        """Neurons of the chip as neurons of each layer."""
        if self._alone:
            return [spikes]
        shares = self._program.split(spikes)
        return [shares[layer.name] for layer in self.layers]

    def votes(self, trains: list[Int32Array]) -> list[Integers]:
        """What every readout heard of each class after the burn-in, layer by layer."""
        shares = list(zip(*map(self.split, trains), strict=True))
        cores = (layer.teacher for layer in self.layers)
        return [
            core.votes(list(share))
            for core, share in zip(cores, shares, strict=True)
            if isinstance(core, ProcessingCore)
        ]

    def state(self) -> dict[str, Any]:
        """The state of every layer, and what was counted: for `restore`."""
        states = {
            f"{k}_{name}": value
            for k, layer in enumerate(self.layers)
            for name, value in layer.teacher.state().items()
        }
        return states | {name: np.array(getattr(self, name)) for name in _COUNTED}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        for k, layer in enumerate(self.layers):
            mark = f"{k}_"
            own = {n.removeprefix(mark): v for n, v in state.items() if n.startswith(mark)}
            layer.teacher.restore(own)
        self.ticks, self.overtaken = int(state["ticks"]), int(state["overtaken"])
        self.spikes, self.errors = (
            [int(count) for count in state[name]] for name in ("spikes", "errors")
        )
