"""A program on a device, with its inputs by the names of their sources."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.devices import Device, open_device
from axonloop.host.network import Program
from axonloop.host.recorder.recorder import StateRecorder
from axonloop.host.recorder.state_record import StateRecord
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.protocol import Region

Inputs = Mapping[str, ArrayLike] | ArrayLike
Rasters = dict[str, NDArray[np.bool_]]


def rasters_of(program: Program, inputs: Inputs) -> Rasters:
    """Input spikes by source: bool `(ticks, channels)`, of arrays or tensors of 0 and 1.

    A lone array holds the channels of all sources, in their order. Raises ValueError where names,
    shapes or values do not fit.
    """
    sizes = {name: len(table) for name, table in program.axons.items()}
    if not isinstance(inputs, Mapping):
        joined = np.asarray(inputs)
        shape = f"of shape (ticks, {sum(sizes.values())})"
        good = joined.ndim == 2 and joined.shape[1] == sum(sizes.values())
        require(good, "inputs", shape, joined.shape)
        ends = np.cumsum([*sizes.values()])[:-1]
        inputs = dict(zip(sizes, np.split(joined, ends, axis=1), strict=True))
    names = ", ".join(sizes)
    require(set(inputs) == set(sizes), "inputs", f"given for {names}", sorted(inputs))
    found = {name: _flags(name, inputs[name], size) for name, size in sizes.items()}
    lengths = sorted({len(raster) for raster in found.values()})
    require(len(lengths) == 1, "ticks of the inputs", "the same for all sources", lengths)
    return found


def _flags(name: str, given: ArrayLike, size: int) -> NDArray[np.bool_]:
    array = np.asarray(given)
    thing = f"inputs of {name!r}"
    good = array.ndim == 2 and array.shape[1] == size and len(array) > 0
    require(good, thing, f"of shape (ticks, {size})", array.shape)
    flags = array.astype(np.bool_)
    require(bool((flags == array).all()), thing, "0 or 1", array[flags != array][:1].tolist())
    return flags


def arrivals(program: Program, rasters: Rasters, ticks: int) -> list[Int32Array]:
    """The axons that spike in each of `ticks` ticks; delays move spikes later, out of the last."""
    found = np.zeros((ticks, program.config.axons), np.bool_)
    for name, raster in rasters.items():
        program.feed(name, raster[:ticks], found)
    return [row.nonzero()[0].astype(np.int32) for row in found]


def run_program(
    program: Program,
    inputs: Inputs,
    device: str | Device = "golden",
    states: Sequence[str | Region] | None = None,
    populations: Sequence[str] | None = None,
    ticks: Container[int] | None = None,
    more: int = 0,
    start: Callable[[Device], None] = lambda device: None,
) -> StateRecord:
    """Show inputs to a program and return what happened: states as of `record`.

    `inputs` as of `rasters_of`; `more` ticks follow without input. A device that is named is opened
    with the program's first weights; an open one keeps its weights, and is cleared first. `start`
    may write another state before the first tick. No weight changes.
    """
    rasters = rasters_of(program, inputs)
    length = len(next(iter(rasters.values()))) + more
    trains = arrivals(program, rasters, length)
    with ExitStack() as stack:
        if isinstance(device, str):
            chip = stack.enter_context(open_device(device, program.config))
            chip.load_weights(program.weights)
        else:
            chip = device
        recorder = StateRecorder(chip, program, states, populations, ticks)
        recorder.clear()
        start(recorder)
        recorder.run(trains)
        return recorder.record
