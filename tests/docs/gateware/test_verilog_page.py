"""docs/verilog.md names every top, its module, and every waiver with its reason."""

from __future__ import annotations

from axonloop.hdl.bus import BUS_MAGIC, BUS_VERSION, BusRegister
from axonloop.hdl.bus.port import READ_ONLY
from axonloop.hdl.flow import DELIVERIES, WAIVERS
from tests.support.contract import DOCS, table

PAGE = DOCS / "verilog.md"


def test_the_tops() -> None:
    rows = {row[0].strip("`"): row[1].strip("`") for row in table("top", "module", page=PAGE)}
    assert rows == {name: delivery.module for name, delivery in DELIVERIES.items()}


def test_the_waivers() -> None:
    assert dict(table("rule", page=PAGE)) == WAIVERS


def test_the_registers_on_a_bus() -> None:
    rows = table("offset", "register", page=PAGE)
    assert {row[1]: int(row[0], 16) for row in rows} == {
        register.name: 4 * register for register in BusRegister
    }
    assert {row[1] for row in rows if row[2] == "read"} == {each.name for each in READ_ONLY}
    assert int(rows[0][3], 16) == BUS_MAGIC
    assert int(rows[1][3].split(": ")[1]) == BUS_VERSION
