"""The registers of a node are those of the contract's tables."""

from __future__ import annotations

import re

import pytest

from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import (
    NODE_MAGIC,
    NodeCommand,
    NodePhase,
    NodeRegion,
    NodeRegister,
    feedback_offset,
    neuron_stride,
    node_region_words,
    readout_offset,
)
from tests.support.contract import PAGE, evaluate

SECTION = PAGE.read_text().partition("### 13.1")[2]


def rows(first: str) -> list[list[str]]:
    """The rows of a table of the section, whose header starts with `first`."""
    lines = SECTION.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split("|")] for line in lines]


@pytest.mark.parametrize(
    "geometry", [NodeGeometry(), NodeGeometry(40, 10, 4, 1024, 512), NodeGeometry(3, 1, 1)], ids=str
)
def test_regions_are_the_contracts(geometry: NodeGeometry) -> None:
    found = {NodeRegion[row[0]]: row for row in rows("region of a node")}
    assert {int(row[1], 16) for row in found.values()} == set(NodeRegion)
    sizes = {"most_neurons": geometry.neurons, "most_classes": geometry.classes}
    names = ("lanes", "pieces", "groups", "row_stride", "program", "tape")
    sizes |= {name: getattr(geometry, name) for name in names}
    sizes |= {"cores": 6, "neuron_stride": neuron_stride(24)}
    words = {region: evaluate(row[2], **sizes) for region, row in found.items()}
    assert words == node_region_words(geometry, 6, 24)
    for i in range(geometry.neurons):
        for c in range(geometry.classes):
            for region, offset in {"READOUT": readout_offset, "FEEDBACK": feedback_offset}.items():
                text = found[NodeRegion[region]][3].partition("offset = ")[2].partition(". ")[0]
                text = text.replace(" / ", " // ").replace("mod", "%")
                at = offset(geometry, i, c)
                assert at == evaluate(text, i=i, c=c, **sizes) < words[NodeRegion[region]]


def test_registers_are_the_contracts() -> None:
    numbers: dict[str, int] = {}
    for where, names, *_ in rows("offset"):
        first = int(re.split(r"\D", where)[0])
        numbers |= {name.upper(): first + k for k, name in enumerate(names.split(", "))}
    assert numbers == dict(NodeRegister.__members__)
    assert f"read-only: {NODE_MAGIC:#010X}".replace("X", "x") in SECTION
    phases = ", ".join(f"{phase} {phase.name.lower()}" for phase in NodePhase)
    assert f"read-only: {phases} for its processor" in SECTION
    commands = ", ".join(f"{command} {command.name.lower()}" for command in NodeCommand)
    assert f"written: {commands} |" in SECTION


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((0, 2, 1), "neurons of a node must be a whole number in 1..2048, not 0"),
        ((8, 257, 1), "classes of a node must be a whole number in 1..256, not 257"),
        ((8, 2, 3), "lanes of a node must be a power of two, not 3"),
        ((8, 2, 2, 1000), "program words of a node must be a power of two, not 1000"),
        ((8, 2, 128), "lanes of a node must be a whole number in 1..64, not 128"),
    ],
)
def test_geometries_that_cannot_be_built_are_refused(sizes: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NodeGeometry(*sizes)
