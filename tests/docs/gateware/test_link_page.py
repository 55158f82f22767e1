"""docs/link.md and `models/link.py` say the same."""

from __future__ import annotations

import pytest

from axonloop.models.config import Geometry, Mesh
from axonloop.models.protocol import FrameKind, Identity, LinkConfig, Status, identity_words
from axonloop.models.protocol import serial_link as link
from tests.support.contract import LINK_PAGE, table


def test_header_fields() -> None:
    rows = table("header", "bits", "name", page=LINK_PAGE)
    for number, fields in enumerate((link.HEADER_0, link.HEADER_1)):
        named = {row[2]: row[1].split("..") for row in rows if row[0] == f"word {number}"}
        assert named == {
            name: [str(field.low + field.width - 1), str(field.low)][-min(field.width, 2) :]
            for name, field in fields.items()
        }


def test_kinds_and_status() -> None:
    kinds = {row[1]: int(row[0]) for row in table("kind", "name", page=LINK_PAGE)}
    assert kinds == dict(FrameKind.__members__)
    counted = [row[0] for row in table("word", "counts", page=LINK_PAGE)]
    assert counted == [f"{entry.value} {entry.name.lower()}" for entry in Status]


def test_identification() -> None:
    rows = table("word", "meaning", page=LINK_PAGE)
    assert [row[0] for row in rows] == [
        *("0", "1", "2", "3, 4", "5, 6", "7", "8", "9"),
        f"10..{link.IDENTITY_WORDS - 1}",
    ]
    assert f"0x{link.LINK_MAGIC:X}" in rows[0][1]
    assert rows[1][1].endswith(str(link.LINK_VERSION))


def test_an_identification() -> None:
    geometry = Geometry(axons=32, entries=7)
    words = identity_words(LinkConfig(48_000_000, 3_000_000), geometry, Mesh(2, 1), 0, 0xABCD)
    assert len(words) == link.IDENTITY_WORDS
    assert words[:8] == [0x41584C4C, 2, 0, 1024, 1024, 48_000_000, 3_000_000, 0xABCD]
    assert words[Identity.CORE :] == [
        0,
        32,
        256,
        16,
        16,
        8,
        16,
        2,
        1,
        8,
        16,
        12,
        8,
        8,
        4,
        4,
        7,
        2,
        1,
        0,
        0,
        0,
        0,
        0,
    ]
    other = identity_words(LinkConfig(), Geometry(axons=64, entries=7), Mesh(2, 1), 0, 0xABCD)
    assert words[Identity.CONFIGURATION] != other[Identity.CONFIGURATION]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"clock": 0}, "clock must be a whole number in 1..4294967295, not 0"),
        ({"baud": 299}, "baud must be a whole number in 300..1073741823, not 299"),
        ({"clock": 0, "baud": 0}, "baud must be a whole number in 300..1073741823, not 0"),
        ({"baud": 2_600_000}, r"baud must be a whole part of the clock \(12000000\), not 2600000"),
        ({"baud": 4_000_000}, r"baud must be at most a quarter of the clock \(12000000\)"),
        ({"command_depth": 100}, "command_depth must be a power of two in 128..8192, not 100"),
        ({"reply_depth": 16384}, "reply_depth must be a power of two in 128..8192, not 16384"),
        ({"watchdog_bits": 3}, r"watchdog_bits must be a whole number in 4..40, not 3"),
    ],
)
def test_what_a_link_cannot_be(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LinkConfig(**wrong)
