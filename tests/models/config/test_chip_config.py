"""The mesh and its routes; configurations of whole chips."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.models.config import ChipConfig, CoreConfig, Destination, Geometry, Mesh, Port

GEOMETRY = Geometry(axons=4, neurons=4, lanes=2, update_lanes=1, trace_lanes=1, multipliers=1)
STEP = {Port.NORTH: (0, -1), Port.EAST: (1, 0), Port.SOUTH: (0, 1), Port.WEST: (-1, 0)}


def cores(count: int) -> tuple[CoreConfig, ...]:
    return tuple(CoreConfig(GEOMETRY, core=number) for number in range(count))


@given(st.data(), st.integers(1, 15), st.integers(1, 15))
def test_way_goes_along_the_row_first_and_arrives(data, columns, rows) -> None:
    mesh = Mesh(columns, rows)
    source = data.draw(st.integers(0, mesh.cores - 1))
    target = data.draw(st.integers(0, mesh.cores - 1))
    route = list(mesh.route(source, target))
    position = mesh.position(source)
    for router, port in route[:-1]:
        assert mesh.position(router) == position
        position = position[0] + STEP[port][0], position[1] + STEP[port][1]
    assert route[-1] == (target, Port.LOCAL)
    assert position == mesh.position(target)
    turned = [port in (Port.NORTH, Port.SOUTH) for _, port in route[:-1]]
    assert turned == sorted(turned)
    apart = [abs(a - b) for a, b in zip(mesh.position(source), mesh.position(target), strict=True)]
    assert len(route) == sum(apart) + 1


def test_a_lone_core_keeps_its_number() -> None:
    chip = ChipConfig.of(CoreConfig(GEOMETRY, core=9))
    assert (chip.first, chip.mesh.cores) == (9, 1)
    assert ChipConfig.of(chip) is chip


def test_dictionary_is_the_inverse() -> None:
    fanout = ((Destination(1, 2, 3),), (), (), ())
    first, *rest = cores(4)
    chip = ChipConfig((replace(first, fanout=fanout), *rest), Mesh(2, 2))
    assert ChipConfig.from_dict(json.loads(json.dumps(chip.to_dict()))) == chip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c[:3], r"cores must be 4, as the mesh has, not 3"),
        (lambda c: (c[1], *c[1:]), r"number of the first core must be 0 in a mesh, not 1"),
        (lambda c: (c[0], c[2], c[1], c[3]), r"cores\[1\]\.core must be 1, not 2"),
        (
            lambda c: (*c[:3], replace(c[3], seed=5)),
            r"cores\[3\]\.seed must be that of core 0 \(1\), not 5",
        ),
        (
            lambda c: (replace(c[0], fanout=((Destination(0, 0, 4),), (), (), ())), *c[1:]),
            r"cores\[0\]\.fanout\[0\]\[0\]\.core must be a whole number in 0\.\.3, not 4",
        ),
    ],
)
def test_cores_that_do_not_fit_are_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        ChipConfig(change(cores(4)), Mesh(2, 2))


def test_a_mesh_is_written_as_it_is_read() -> None:
    assert Mesh.parse("3x2") == Mesh(3, 2)
    assert str(Mesh(3, 2)) == "3x2"
    for text in ("", "3", "3x", "x2", "3x2x1", "-3x2", "3*2"):
        with pytest.raises(
            ValueError, match=rf"mesh must be columns x rows, as 2x2, not '{re.escape(text)}'"
        ):
            Mesh.parse(text)


def test_meshes_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match=r"columns of the mesh must be a whole number in 1..16"):
        Mesh(17, 1)
    with pytest.raises(ValueError, match=r"mesh must be of at most 255 cores, not 256"):
        Mesh(16, 16)
    with pytest.raises(ValueError, match=r"chip keys must be among"):
        ChipConfig.from_dict({"core": []})
