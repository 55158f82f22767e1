"""Cores with convolutions that are no random ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from axonloop.models.config import (
    Convolution,
    ConvolutionGeometry,
    CoreConfig,
    Destination,
    Group,
    ParameterSet,
    Row,
)

LANES = 2
PLAIN = {"lanes": LANES, "update_lanes": 2, "trace_lanes": 2, "multipliers": 2, "entries": 64}
LIVELY = ParameterSet(theta=300, box=900, eta_shift=3, pq_shift=2, w_exp=2)


def beyond_the_hash() -> CoreConfig:
    """Kernel rows on both sides of the 2048 that the axon of the hash can number."""
    shape = Convolution(60, 1, 1, 1, 2, first_row=2040)
    sizes = {"axons": 60, "neurons": 2, "kernel_rows": 2100, "kernel_columns": 2}
    return CoreConfig(
        ConvolutionGeometry(**sizes, **PLAIN),
        (replace(LIVELY, eta_shift=11),),
        rows=(Row(plastic=True),) * 60,
        convolutions=(shape,),
    )


def wide_core() -> CoreConfig:
    """Channels that fill no whole vectors, lines of 4 and 5 positions, strides, pools, biases."""
    shapes = (
        Convolution(3, 9, 7, 3, 40, stride=2, padding=1, bias=1, pool=2),
        Convolution(2, 6, 6, 2, 24, first_axon=190, first_group=100, first_row=28, pool=2),
    )
    sizes = {"axons": 264, "neurons": 1400, "kernel_rows": 36, "kernel_columns": 40}
    sizes |= {"lanes": 8, "convolutions": 2}
    rows = tuple(Row(plastic=axon % 7 > 0, always_on=axon == 189) for axon in range(264))
    return CoreConfig(
        ConvolutionGeometry(**(PLAIN | sizes)),
        (replace(LIVELY, eta_shift=9),),
        rows=rows,
        convolutions=shapes,
    )


def loud_core(side: int = 60) -> CoreConfig:
    """One kernel at `side` x `side` positions, all of whose axons spike in every tick."""
    area = side * side
    sizes = {"axons": area, "neurons": area, "kernel_rows": 10, "kernel_columns": 1}
    sizes |= {"lanes": 1, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}
    return CoreConfig(
        ConvolutionGeometry(**(PLAIN | sizes)),
        (replace(LIVELY, eta_shift=20, pq_on=255, rounding=1),),
        rows=(Row(plastic=True, always_on=True),) * area,
        convolutions=(Convolution(1, side, side, 3, 1, padding=1),),
    )


def loudest_core() -> CoreConfig:
    """The same at 65,025 positions."""
    return loud_core(255)


def far_core() -> CoreConfig:
    """More than 2048 neurons and kernel rows, two convolutions, pools, a bias, two sets."""
    shapes = (
        Convolution(3, 2, 2, 2, 4, first_axon=50, first_row=5),
        Convolution(2, 4, 5, 3, 4, 1, 1, first_axon=3, first_group=530, first_row=2040, bias=1),
        Convolution(1, 1, 2, 1, 4, first_group=100, first_axon=46, first_row=2100, pool=2),
        Convolution(1, 5, 5, 1, 4, 2, 0, first_axon=62, first_group=200, first_row=2101, pool=2),
    )
    geometry = ConvolutionGeometry(
        axons=88,
        neurons=2304,
        lanes=4,
        update_lanes=4,
        trace_lanes=4,
        multipliers=2,
        parameter_sets=2,
        entries=64,
        convolutions=4,
        kernel_rows=2112,
        kernel_columns=4,
    )
    rows = tuple(Row(plastic=True, always_on=axon == 43) for axon in range(geometry.axons))
    groups = tuple(Group(int(group >= 200), report=group >= 500) for group in range(576))
    fanout = [()] * geometry.neurons
    for place in range(20):
        fanout[4 * (530 + place)] = (Destination(axon=62 + place),)
    return CoreConfig(
        geometry,
        (LIVELY, replace(LIVELY, eta_shift=7, rounding=1)),
        rows=rows,
        groups=groups,
        fanout=tuple(fanout),
        convolutions=shapes,
    )


def large_core(units: int = 65536) -> CoreConfig:
    """Two layers on the last of `units` axons and neurons, and of 8192 kernel rows."""
    first_axon, first_group = units - 60, units // 4 - 21
    first = Convolution(2, 4, 5, 3, 4, 1, 1, first_axon, first_group, 6140, bias=1, pool=2)
    second = Convolution(4, 2, 2, 2, 4, 1, 0, units - 16, units // 4 - 1, 8176)
    sizes = {"axons": units, "neurons": units, "kernel_rows": 8192, "kernel_columns": 4}
    sizes |= {"lanes": 4, "convolutions": 2}
    fanout = [()] * units
    for v, u, o in np.ndindex(4, 4, 4):  # the last column is in no pool
        heard = second.first_axon + (o * 2 + v // 2) * 2 + u // 2
        fanout[4 * first_group + (v * 5 + u) * 4 + o] = (Destination(axon=heard),)
    bias = first_axon + first.pixels
    return CoreConfig(
        ConvolutionGeometry(**(PLAIN | sizes)),
        (replace(LIVELY, eta_shift=7),),
        rows=tuple(Row(plastic=True, always_on=axon == bias) for axon in range(units)),
        groups=tuple(Group(report=group >= first_group) for group in range(units // 4)),
        fanout=tuple(fanout),
        convolutions=(first, second),
    )


def small_core() -> CoreConfig:
    """A core that a simulator is quick with: strides, a padding, a pool, a bias, a second layer."""
    shapes = (
        Convolution(1, 2, 2, 2, 2, 2, 1, first_axon=1, first_row=1, bias=1, pool=2),
        Convolution(1, 1, 1, 1, 2, first_axon=6, first_group=4, first_row=6),
    )
    sizes = {"axons": 8, "neurons": 12, "kernel_rows": 8, "kernel_columns": 2}
    geometry = ConvolutionGeometry(**sizes, **(PLAIN | {"entries": 8}), convolutions=2)
    rows = tuple(Row(plastic=True, always_on=axon == 5) for axon in range(8))
    return CoreConfig(
        geometry,
        (LIVELY,) * geometry.parameter_sets,
        rows=rows,
        fanout=(*(((Destination(axon=6),),) * 4), *(((),) * 8)),
        convolutions=shapes,
    )
