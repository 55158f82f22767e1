"""The shape that a node puts out, from the shape that it hears."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.nir.nodes import Floats, Kind, Shape, kind_of, numbers, per_neuron, refuse

_NEURON_FIELDS = {
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
    "IF": ("r", "v_threshold", "v_reset"),
    "LI": ("tau", "r", "v_leak"),
    "Threshold": ("threshold",),
    "Scale": ("scale",),
    "Delay": ("delay",),
}


def output_shape(name: str, node: Any, heard: Shape) -> Shape:
    """The shape of a node's output; NirError where the node does not fit what it hears."""
    what = type(node).__name__
    if what in _NEURON_FIELDS:
        silent = kind_of(name, node) is Kind.READOUT  # LI, or a LIF that never fires
        for field in _NEURON_FIELDS["LI" if silent else what]:
            per_neuron(name, node, field, heard)
        return heard
    if what in ("Linear", "Affine"):
        return _linear_shape(name, node, heard)
    if what in ("Conv1d", "Conv2d", "SumPool2d", "AvgPool2d"):
        return window(name, node, heard).output_shape
    return _flat_shape(name, node, heard) if what == "Flatten" else heard


def source_shape(name: str, node: Any) -> Shape:
    """The shape that an Input says; NirError for one that says none."""
    given = node.input_type.get("input") if node.input_type else None
    shape = () if given is None else tuple(int(side) for side in np.ravel(given))
    if not shape or min(shape) < 1:
        raise refuse(f"input_type of {name!r}", "a shape", shape or None, "one such as [64]")
    return shape


def _linear_shape(name: str, node: Any, heard: Shape) -> Shape:
    weight = numbers(name, node, "weight")
    if weight.ndim != 2 or len(heard) != 1 or weight.shape[1] != heard[0]:
        remedy = "a Flatten before it" if len(heard) > 1 else "weights of that shape"
        wanted = f"of shape (outputs, {', '.join(map(str, heard))})"
        raise refuse(f"weight of {name!r}", wanted, weight.shape, remedy)
    if type(node).__name__ == "Affine":
        bias, size = numbers(name, node, "bias"), weight.shape[:1]
        if bias.shape != size:
            raise refuse(f"bias of {name!r}", f"of shape {size}", bias.shape, "one per output")
    return (weight.shape[0],)


def _flat_shape(name: str, node: Any, heard: Shape) -> Shape:
    sides = len(heard)
    first, last = (int(d) % max(sides, 1) for d in (node.start_dim, node.end_dim))
    if int(node.start_dim) >= sides or first > last:
        thing = f"start_dim of {name!r}"
        raise refuse(thing, f"below {sides}, with no batch in it,", node.start_dim, "start_dim=0")
    middle = int(np.prod(heard[first : last + 1]))
    return (*heard[:first], middle, *heard[last + 1 :])


class SlidingWindow:
    """A convolution or pooling: what slides over what, in two dimensions (the first may be 1)."""

    def __init__(self, name: str, node: Any, heard: Shape) -> None:
        what, flat = type(node).__name__, type(node).__name__ == "Conv1d"
        sides = 2 if flat else 3
        if len(heard) != sides:
            thing = f"what {name!r} ({what}) hears"
            raise refuse(thing, f"of {sides} dimensions", heard, "channels before the sides")
        self.input_shape: Shape = (heard[0], 1, heard[1]) if flat else heard
        pool = what.endswith("Pool2d")
        weight = None if pool else numbers(name, node, "weight")
        self.kernel = _kernel_of(name, node, weight, flat)
        self.stride = _pair(name, node, "stride", 1, flat, 1)
        self.dilation = (1, 1) if pool else _pair(name, node, "dilation", 1, flat, 1)
        self.groups = heard[0] if pool else int(node.groups)
        self.padding = self._padding(name, node, flat)
        channels = heard[0] if weight is None else weight.shape[0]
        if weight is not None:
            self._check_channels(name, weight.shape, heard[0])
            bias = numbers(name, node, "bias")
            if bias.shape != (channels,):
                thing = f"bias of {name!r}"
                raise refuse(thing, f"of shape {(channels,)}", bias.shape, "one per channel")
        size = [
            (side + before + after - gap * (width - 1) - 1) // step + 1
            for side, (before, after), gap, width, step in zip(
                self.input_shape[1:],
                self.padding,
                self.dilation,
                self.kernel,
                self.stride,
                strict=True,
            )
        ]
        if min(size) < 1:
            raise refuse(f"kernel of {name!r}", f"within {heard}", self.kernel, "a smaller one")
        self.size = size[0], size[1]
        self.output_shape: Shape = (channels, size[1]) if flat else (channels, *size)

    def _check_channels(self, name: str, shape: Shape, heard: int) -> None:
        if self.groups < 1 or shape[0] % self.groups or shape[1] * self.groups != heard:
            thing = f"weight of {name!r}"
            wanted = f"for {heard} channels in {self.groups} groups"
            raise refuse(thing, wanted, f"of shape {shape}", "weights of that shape")

    def _padding(self, name: str, node: Any, flat: bool) -> tuple[tuple[int, int], ...]:
        given = node.padding.decode() if isinstance(node.padding, bytes) else node.padding
        if isinstance(given, str) and given == "same":
            if self.stride != (1, 1):
                raise refuse(f"stride of {name!r}", "1 with padding 'same'", self.stride, "1")
            total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)]
            return tuple((t // 2, t - t // 2) for t in total)
        if isinstance(given, str) and given == "valid":
            return (0, 0), (0, 0)
        pair = _pair(name, node, "padding", 0, flat, 0)
        return (pair[0], pair[0]), (pair[1], pair[1])


def _kernel_of(name: str, node: Any, weight: Floats | None, flat: bool) -> tuple[int, int]:
    if weight is None:
        return _pair(name, node, "kernel_size", 1)
    sides = 3 if flat else 4
    if weight.ndim != sides:
        thing = f"weight of {name!r}"
        raise refuse(thing, f"of {sides} dimensions", weight.ndim, "outputs, inputs, sides")
    return (1, weight.shape[2]) if flat else (weight.shape[2], weight.shape[3])


def window(name: str, node: Any, heard: Shape) -> SlidingWindow:
    """The window of a convolution or pooling node; NirError where it does not fit."""
    return SlidingWindow(name, node, heard)


def _pair(
    name: str, node: Any, field: str, least: int, flat: bool = False, lone: int = 0
) -> tuple[int, int]:
    """A parameter of both sides; of one side, with `lone` for the other, if `flat`."""
    given = np.ravel(numbers(name, node, field))
    if given.size not in (1, 2) or np.any(given != np.rint(given)) or given.min() < least:
        value = given.tolist()
        raise refuse(f"{field} of {name!r}", f"whole numbers from {least}", value, "such a pair")
    first, last = int(given[0]), int(given[-1])
    return (lone, last) if flat else (first, last)
