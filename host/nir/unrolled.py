"""Nodes without state as plain synapses: a matrix and a bias each, shared weights copied."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from axonloop.host.nir.nodes import Floats, Shape, numbers, per_neuron
from axonloop.host.nir.shapes import SlidingWindow, window


def unrolled(name: str, node: Any, heard: Shape) -> tuple[Floats, Floats]:
    """The matrix `(inputs, outputs)` and the bias `(outputs,)` of a linear node."""
    what = type(node).__name__
    if what in ("Linear", "Affine"):
        matrix = numbers(name, node, "weight").T
        bias = numbers(name, node, "bias") if what == "Affine" else np.zeros(matrix.shape[1])
        return matrix, bias
    if what == "Scale":
        scale = per_neuron(name, node, "scale", heard).ravel()
        return np.diag(scale), np.zeros(len(scale))
    slid = window(name, node, heard)
    kernel = _kernel(name, node, what, slid, heard[0])
    matrix = _slid(slid, kernel)
    bias = np.zeros(len(kernel))
    if what.startswith("Conv"):
        bias = numbers(name, node, "bias")
    return matrix, np.repeat(bias, slid.size[0] * slid.size[1])


def _kernel(name: str, node: Any, what: str, slid: SlidingWindow, channels: int) -> Floats:
    """Weights `(outputs, inputs, height, width)` between all channels, 0 between groups."""
    height, width = slid.kernel
    if what.endswith("Pool2d"):
        value = 1.0 if what == "SumPool2d" else 1 / (height * width)
        return np.asarray(np.eye(channels)[:, :, None, None] * np.full((height, width), value))
    given = numbers(name, node, "weight")
    grouped = given.reshape(*given.shape[:2], height, width)
    kernel = np.zeros((len(given), channels, height, width))
    outs, ins = len(given) // slid.groups, given.shape[1]
    for group in range(slid.groups):
        rows = slice(group * outs, (group + 1) * outs)
        kernel[rows, group * ins : (group + 1) * ins] = grouped[rows]
    return kernel


def _slid(slid: SlidingWindow, kernel: Floats) -> Floats:
    """The matrix of a kernel at all of its positions; what lies in the padding is left out."""
    outputs, channels = kernel.shape[:2]
    _, high, wide = slid.input_shape
    matrix = np.zeros((channels, high, wide, outputs, *slid.size))
    positions = product(*(range(n) for n in (*slid.size, *slid.kernel)))
    for out_y, out_x, in_kernel_y, in_kernel_x in positions:
        y = out_y * slid.stride[0] - slid.padding[0][0] + in_kernel_y * slid.dilation[0]
        x = out_x * slid.stride[1] - slid.padding[1][0] + in_kernel_x * slid.dilation[1]
        if 0 <= y < high and 0 <= x < wide:
            matrix[:, y, x, :, out_y, out_x] += kernel[:, :, in_kernel_y, in_kernel_x].T
    return matrix.reshape(channels * high * wide, -1)
