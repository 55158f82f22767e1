"""What the nodes of a NIR graph are, and their parameters as arrays."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shape = tuple[int, ...]


class Kind(StrEnum):
    """What becomes of a node: see docs/nir.md."""

    SOURCE = "source"
    NEURONS = "neurons on the chip"
    READOUT = "readout on the host"
    SYNAPSES = "synapses"
    THROUGH = "nothing"
    OUTPUT = "output"


KINDS = {
    "Input": Kind.SOURCE,
    "Output": Kind.OUTPUT,
    "LIF": Kind.NEURONS,
    "CubaLIF": Kind.NEURONS,
    "IF": Kind.NEURONS,
    "Threshold": Kind.NEURONS,
    "LI": Kind.READOUT,
    "Linear": Kind.SYNAPSES,
    "Affine": Kind.SYNAPSES,
    "Conv1d": Kind.SYNAPSES,
    "Conv2d": Kind.SYNAPSES,
    "SumPool2d": Kind.SYNAPSES,
    "AvgPool2d": Kind.SYNAPSES,
    "Scale": Kind.SYNAPSES,
    "Delay": Kind.SYNAPSES,
    "Flatten": Kind.THROUGH,
}
"""The nodes that are taken, by the name of their class."""
_INSTEAD = {
    "I": "an IF node with a threshold, or LI as a readout,",
    "CubaLI": "LI as a readout",
}


class NirError(ValueError):
    """A graph that the chip cannot hold, or that is none: node, parameter, value, a remedy."""


def refuse(thing: str, condition: str, value: object, remedy: str) -> NirError:
    """The error in the project's grammar: what must be what, and what would do."""
    return NirError(f"{thing} must be {condition}, not {value}; {remedy} would do")


def kind_of(name: str, node: Any) -> Kind:
    """The kind of a node; NirError for one that the chip cannot hold."""
    found = type(node).__name__
    if node is None:
        remedy = "a layer that the writer's exporter knows"
        raise refuse(f"node {name!r}", "a node", "None (its exporter left it out)", remedy)
    if found == "LIF" and np.isposinf(_array(node.v_threshold)).all():
        return Kind.READOUT
    if found not in KINDS:
        known = ", ".join(KINDS)
        remedy = _INSTEAD.get(found, "a node of these")
        raise refuse(f"node {name!r}", f"one of {known}", found, remedy)
    return KINDS[found]


def _array(given: Any) -> Any:
    """An array of what is one, or a tensor of torch."""
    return np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)


def numbers(name: str, node: Any, field: str) -> Floats:
    """A parameter as floats of its own shape; NirError unless all of it is finite."""
    thing = f"{field} of {name!r}"
    given = getattr(node, field)
    try:
        array = np.array(_array(given), np.float64)
    except (TypeError, ValueError) as error:
        shown = " ".join(repr(given).split())[:80]
        raise refuse(thing, "numbers", shown, "an array") from error
    bad = array[~np.isfinite(array)]
    if bad.size:
        raise refuse(thing, "finite", f"{bad[0]}", "training that does not diverge")
    return array


def per_neuron(name: str, node: Any, field: str, shape: Shape) -> Floats:
    """A parameter of neurons, spread over all of them: `shape`; NirError if it does not fit."""
    array = numbers(name, node, field)
    if array.size == 1:
        return np.full(shape, array.ravel()[0])
    sides = array.shape
    while len(sides) > len(shape) and sides[0] == 1:
        sides = sides[1:]
    if len(sides) == len(shape) and all(a in (1, b) for a, b in zip(sides, shape, strict=True)):
        return np.array(np.broadcast_to(array.reshape(sides), shape))
    remedy = f"one value, or an array of {shape},"
    raise refuse(f"{field} of {name!r}", f"of shape {shape}", array.shape, remedy)
