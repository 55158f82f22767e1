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
    MOST_BUILT,
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
        "kernel_rows": MOST_BUILT,
        "kernel_columns": MAX_KERNEL_COLUMNS,
        "axons, neurons": MOST_BUILT,
    }
    assert limits == {name: ("1", str(value)) for name, value in most.items()}


def test_the_page_has_the_limits_of_large_cores() -> None:
    limits = {name: bounds(text) for name, text in table("large core", "range")}
    most, rows = ConvolutionGeometry.MOST, MAX_KERNEL_ROWS
    assert limits == {
        "axons, neurons": ("1", str(most)),
        "kernel_rows": ("1", str(rows)),
        "first_axon, first_group": ("0", str(most - 1)),
        "first_row": ("0", str(rows - 1)),
    }
    Convolution(1, 1, 1, 1, 1, 1, 0, most - 1, most - 1, rows - 1)
    for name, high in (("first_axon", most), ("first_group", most), ("first_row", rows)):
        with pytest.raises(ValueError, match=f"{name} must be .* 0..{high - 1}, not {high}"):
            replace(SHAPE, **{name: high})


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
    "many rows": ({"kernel_rows": 8200}, "kernel_rows must be a whole number in 1..8192, not 8200"),
    "odd columns": ({"kernel_columns": 6}, "kernel_columns must be a multiple of lanes (4), not 6"),
    "blank-out": ({"blank_out": 1}, "blank_out must be 0 in a core with convolutions, not 1"),
    "mask": ({"mask": 1}, "mask must be 0 in a core with convolutions, not 1"),
    "neurons": ({"neurons": 65540}, "neurons must be a whole number in 1..65536, not 65540"),
}


@pytest.mark.parametrize("case", GEOMETRIES)
def test_geometries_that_are_refused(case: str) -> None:
    changes, told = GEOMETRIES[case]
    with pytest.raises(ValueError) as caught:
        replace(GEOMETRY, **changes)
    assert str(caught.value) == told


def test_the_largest_core_that_is_built_has_4096_of_everything() -> None:
    built = replace(GEOMETRY, axons=4096, neurons=4096, kernel_rows=4096)
    built.require_small()
    assert not built.large
    assert not Geometry().large


@pytest.mark.parametrize("name", ["axons", "neurons", "kernel_rows"])
def test_larger_cores_are_those_of_models_alone(name: str) -> None:
    geometry = replace(GEOMETRY, **{name: 4100})
    assert geometry.large
    with pytest.raises(ValueError) as caught:
        geometry.require_small()
    assert str(caught.value) == (
        f"{name} of a core that is built must be at most 4096"
        " (the devices golden and batched alone have larger cores), not 4100"
    )


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
