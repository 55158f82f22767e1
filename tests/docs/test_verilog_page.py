"""docs/verilog.md names every top, its module, and every waiver with its reason."""

from __future__ import annotations

from axonloop.hdl.flow import DELIVERIES, WAIVERS
from tests.support.contract import DOCS, table

PAGE = DOCS / "verilog.md"


def test_the_tops() -> None:
    rows = {row[0].strip("`"): row[1].strip("`") for row in table("top", "module", page=PAGE)}
    assert rows == {name: delivery.module for name, delivery in DELIVERIES.items()}


def test_the_waivers() -> None:
    assert dict(table("rule", page=PAGE)) == WAIVERS
