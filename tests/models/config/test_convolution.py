"""Convolutions of a core: their sizes, the tables of section 12, and what is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from axonloop.models.config import (
    CONVOLUTION_RANGES,
    MAX_CONVOLUTIONS,
    MAX_KERNEL_COLUMNS,
    MAX_KERNEL_ROWS,
    ChipConfig,
    Convolution,
    ConvolutionGeometry,
    CoreConfig,
    Datapath,
    Geometry,
    Group,
    ParameterSet,
    Row,
)
from tests.support.contract import bounds, table

GEOMETRY = ConvolutionGeometry(
    axons=64, neurons=128, lanes=4, update_lanes=1, trace_lanes=1, multipliers=1, convolutions=2,
    kernel_rows=32, kernel_columns=8,
)  # fmt: skip
SHAPE = Convolution(2, 4, 5, 3, 8, padding=1)


def test_the_page_has_the_registers_of_a_descriptor() -> None:
    rows = table("index", "descriptor")
    assert [(int(index), name) for index, name, *_ in rows] == list(enumerate(CONVOLUTION_RANGES))
    for _, name, text, _ in rows:
        assert tuple(map(int, bounds(text) or ())) == CONVOLUTION_RANGES[name], name


def test_the_page_has_the_limits_of_the_geometry() -> None:
    limits = {name: bounds(text) for name, text, _ in table("geometry", "range")}
    most = {
        "convolutions": MAX_CONVOLUTIONS,
        "kernel_rows": MAX_KERNEL_ROWS,
        "kernel_columns": MAX_KERNEL_COLUMNS,
        "axons, neurons": ConvolutionGeometry.MOST,
    }
    assert limits == {name: ("1", str(value)) for name, value in most.items()}


@pytest.mark.parametrize(
    ("sizes", "output"),
    [
        ((4, 5, 3, 1, 1), (4, 5)),
        ((4, 5, 3, 1, 0), (2, 3)),
        ((7, 8, 3, 2, 0), (3, 3)),
        ((7, 8, 5, 3, 2), (3, 3)),
        ((1, 1, 1, 4, 0), (1, 1)),
    ],
    ids=str,
)
def test_positions_of_a_kernel(sizes: tuple[int, ...], output: tuple[int, int]) -> None:
    height, width, kernel, stride, padding = sizes
    shape = Convolution(2, height, width, kernel, 4, stride, padding, bias=1)
    assert (shape.out_height, shape.out_width) == output
    assert shape.positions == output[0] * output[1]
    assert shape.neurons == 4 * shape.positions
    assert shape.axons == 2 * height * width + 1
    assert shape.rows == 2 * kernel**2 + 1


def test_a_core_without_convolutions_writes_what_it_always_wrote() -> None:
    plain = CoreConfig(Geometry())
    assert "convolutions" not in plain.to_dict()
    assert "convolutions" not in asdict(plain.geometry)
    assert "convolutions" not in repr(plain.geometry)


def test_a_core_with_convolutions_comes_back_from_json() -> None:
    chip = ChipConfig.of(CoreConfig(GEOMETRY, convolutions=(SMALL, BEHIND)))
    assert ChipConfig.from_dict(json.loads(json.dumps(chip.to_dict()))) == chip


def test_a_core_with_convolutions_is_parallel_and_has_a_memory_of_kernels() -> None:
    assert GEOMETRY.datapath is Datapath.PARALLEL
    assert (GEOMETRY.weight_rows, GEOMETRY.weight_columns) == (32, 8)
    assert (Geometry().weight_rows, Geometry().weight_columns) == (256, 256)


GEOMETRIES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"convolutions": 0}, "convolutions must be a whole number in 1..4, not 0"),
    "many rows": ({"kernel_rows": 5000}, "kernel_rows must be a whole number in 1..4096, not 5000"),
    "odd columns": ({"kernel_columns": 6}, "kernel_columns must be a multiple of lanes (4), not 6"),
    "blank-out": ({"blank_out": 1}, "blank_out must be 0 in a core with convolutions, not 1"),
    "mask": ({"mask": 1}, "mask must be 0 in a core with convolutions, not 1"),
    "neurons": ({"neurons": 4100}, "neurons must be a whole number in 1..4096, not 4100"),
}


@pytest.mark.parametrize("case", GEOMETRIES)
def test_geometries_that_are_refused(case: str) -> None:
    changes, told = GEOMETRIES[case]
    with pytest.raises(ValueError) as caught:
        replace(GEOMETRY, **changes)
    assert str(caught.value) == told


SHAPES: dict[str, tuple[dict[str, Any], str]] = {
    "channels": ({"in_channels": 0}, "in_channels must be a whole number in 1..2048, not 0"),
    "padding": ({"padding": 3}, "padding must be less than kernel, not 3"),
    "small image": (
        {"in_width": 1, "padding": 0},
        "in_width must be at least kernel less padding on both sides (3), not 1",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_that_are_refused(case: str) -> None:
    changes, told = SHAPES[case]
    with pytest.raises(ValueError) as caught:
        replace(SHAPE, **changes)
    assert str(caught.value) == told


SMALL = Convolution(1, 2, 2, 1, 8)
BEHIND = replace(SMALL, first_axon=4, first_row=1, first_group=8)
CORES: dict[str, tuple[dict[str, Any], str]] = {
    "dense rows": (
        {"rows": (Row(groups=1),) * 64},
        "rows[0].groups must be 0 in a core with convolutions, not 1",
    ),
    "three": (
        {"convolutions": (SMALL, BEHIND, SMALL)},
        "convolutions must be at most 2, not 3",
    ),
    "lanes": (
        {"convolutions": (replace(SMALL, out_channels=6),)},
        "convolutions[0].out_channels must be a multiple of lanes (4), at most kernel_columns (8), "
        "not 6",
    ),
    "axons": (
        {"convolutions": (replace(SMALL, first_axon=61),)},
        "last axon of convolutions[0] must be below axons (64), not 64",
    ),
    "rows": (
        {"convolutions": (replace(SMALL, first_row=32),)},
        "last kernel row of convolutions[0] must be below kernel_rows (32), not 32",
    ),
    "groups": (
        {"convolutions": (replace(SMALL, first_group=25),)},
        "last group of convolutions[0] must be below groups (32), not 32",
    ),
    "same axons": (
        {"convolutions": (SMALL, replace(BEHIND, first_axon=3))},
        "axons of convolutions[1] and convolutions[0] must be different ones, not 'shared'",
    ),
    "same rows": (
        {"convolutions": (SMALL, replace(BEHIND, first_row=0))},
        "kernel rows of convolutions[1] and convolutions[0] must be different ones, not 'shared'",
    ),
    "some neurons": (
        {"convolutions": (SMALL, replace(BEHIND, first_group=7))},
        "neurons of convolutions[1] and convolutions[0] must be different ones, or the same with "
        "equal shapes, channels and pools, not 'partly shared'",
    ),
    "other pools": (
        {"convolutions": (SMALL, replace(BEHIND, first_group=0, pool=2))},
        "neurons of convolutions[1] and convolutions[0] must be different ones, or the same with "
        "equal shapes, channels and pools, not 'partly shared'",
    ),
    "sets": (
        {
            "parameter_sets": (ParameterSet(),) * 2,
            "groups": (*(Group(),) * 3, Group(1), *(Group(),) * 28),
        },
        "groups[3].parameter_set must be 0, as at the first position of convolutions[0], not 1",
    ),
}


@pytest.mark.parametrize("case", CORES)
def test_cores_that_are_refused(case: str) -> None:
    changes, told = CORES[case]
    with pytest.raises(ValueError) as caught:
        CoreConfig(**({"geometry": GEOMETRY, "convolutions": (SMALL,)} | changes))
    assert str(caught.value) == told


def test_convolutions_may_add_to_the_same_neurons() -> None:
    CoreConfig(GEOMETRY, convolutions=(SMALL, replace(BEHIND, first_group=0)))


def test_a_core_without_the_option_takes_no_convolutions() -> None:
    with pytest.raises(ValueError, match="convolutions must be at most 0, not 1"):
        CoreConfig(Geometry(), convolutions=(SMALL,))
