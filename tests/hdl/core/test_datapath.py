"""The datapath that a geometry names, and the parts that a core of each is built of."""

from dataclasses import fields, replace

import pytest
from amaranth.hdl import Fragment

from axonloop.hdl.core.datapath import PARTS
from axonloop.models.config import Datapath
from axonloop.sim.stimulus import GEOMETRIES

SERIAL = GEOMETRIES["ice40"]
PARALLEL = replace(SERIAL, lanes=32, update_lanes=2)
"""With two groups, of which none is early; a port for early groups is in parallel cores alone."""
KINDS = ("neurons", "traces", "learning", "parameters")


def test_which_geometries_are_serial():
    found = [name for name, g in GEOMETRIES.items() if g.datapath is Datapath.SERIAL]
    assert found == [
        "one-lane",
        "one-by-one",
        "ice40",
        "serial-core",
        "serial-skewed",
        "gates-plain",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"update_lanes": 2},
        {"trace_lanes": 2},
        {"terms": 1},
        {"blank_out": 1},
        {"mask": 1},
        {"threshold_noise": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_makes_a_core_parallel(change):
    assert replace(SERIAL, **change).datapath is Datapath.PARALLEL


def test_the_datapath_is_no_field():
    """It follows from the words by which a chip identifies itself; those stay as they are."""
    assert "datapath" not in {entry.name for entry in fields(SERIAL)}
    assert "datapath" not in repr(SERIAL)


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_both_datapaths_have_the_same_ports(kind):
    """So that the core connects them without asking which they are."""
    made = []
    for geometry in (SERIAL, PARALLEL):
        part = getattr(PARTS[geometry.datapath], kind)(geometry)
        Fragment.get(part, None)
        made.append((type(part), {n: entry.flow for n, entry in part.signature.members.items()}))
    (serial, its_ports), (parallel, ports) = made
    assert serial is not parallel
    assert its_ports == ports
