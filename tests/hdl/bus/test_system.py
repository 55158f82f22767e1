"""Chips on a bus, in simulation: packets go in and answers come out through the registers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.bus import BUS_MAGIC, AxiLiteChip, BusRegister, WishboneChip
from axonloop.models.protocol import MAGIC, Kind, header, packets
from tests.support.tiny_chips import TINY

DEPTHS = (8, 16)
PATIENCE = 200
"""Polls after which the chip counts as hung."""
Access = Callable[..., Coroutine[Any, Any, int | None]]
"""Reads a register, or writes a word to it; None where that is refused."""


def wishbone(context: Any, dut: WishboneChip) -> Access:
    """The master of a classic cycle."""

    async def access(register: int, word: int | None = None, select: int = 15) -> int | None:
        context.set(dut.wb_cyc_i, 1)
        context.set(dut.wb_stb_i, 1)
        context.set(dut.wb_we_i, word is not None)
        context.set(dut.wb_adr_i, register)
        context.set(dut.wb_sel_i, select)
        context.set(dut.wb_dat_i, word or 0)
        await context.tick()
        assert context.get(dut.wb_ack_o) != context.get(dut.wb_err_o)
        found = context.get(dut.wb_dat_o) if context.get(dut.wb_ack_o) else None
        await context.tick()
        context.set(dut.wb_stb_i, 0)
        await context.tick()
        return found

    return access


def axi_lite(context: Any, dut: AxiLiteChip) -> Access:
    """The manager of an access at a time; the subordinate is ready for it."""

    async def access(register: int, word: int | None = None, select: int = 15) -> int | None:
        channels, answer = (("ar",), "r") if word is None else (("aw", "w"), "b")
        context.set(dut.s_axi_araddr, 4 * register)
        context.set(dut.s_axi_awaddr, 4 * register)
        context.set(dut.s_axi_wdata, word or 0)
        context.set(dut.s_axi_wstrb, select)
        for channel in channels:
            assert context.get(getattr(dut, f"s_axi_{channel}ready"))
            context.set(getattr(dut, f"s_axi_{channel}valid"), 1)
        await context.tick()
        for channel in channels:
            context.set(getattr(dut, f"s_axi_{channel}valid"), 0)
        await context.tick().until(getattr(dut, f"s_axi_{answer}valid"))
        refused = context.get(getattr(dut, f"s_axi_{answer}resp"))
        found = None if refused else context.get(dut.s_axi_rdata)
        context.set(getattr(dut, f"s_axi_{answer}ready"), 1)
        await context.tick()
        context.set(getattr(dut, f"s_axi_{answer}ready"), 0)
        return found

    return access


BUSES = {"wishbone": (WishboneChip, wishbone), "axi-lite": (AxiLiteChip, axi_lite)}


@pytest.mark.parametrize("name", BUSES)
def test_a_driver_hears_of_the_chip_through_the_registers(name: str) -> None:
    """It reads a register of the core; what it writes of a word in part is refused."""
    kind, master = BUSES[name]
    dut = kind(TINY, depths=DEPTHS)
    heard: list[int | None] = []

    async def driver(context: Any) -> None:
        access = master(context, dut)
        assert await access(BusRegister.MAGIC) == BUS_MAGIC
        assert await access(BusRegister.DEPTHS) == DEPTHS[0] | DEPTHS[1] << 16
        for part in (7, 14):
            assert await access(BusRegister.COMMAND, 0, part) is None
        assert await access(BusRegister.ROOM) == DEPTHS[0]
        await access(BusRegister.PENDING, 4)
        await access(BusRegister.ENABLE, 2)
        assert not context.get(dut.irq)
        for word in packets.read(0, 0, 1):
            assert await access(BusRegister.COMMAND, word) is not None
        for _ in range(PATIENCE):
            if await access(BusRegister.LEVEL) == 2:
                break
        assert context.get(dut.irq)
        heard.extend([await access(BusRegister.REPLY) for _ in range(3)])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(driver)
    simulator.run()
    assert heard == [header(Kind.DATA, 0, 1), MAGIC, None]
