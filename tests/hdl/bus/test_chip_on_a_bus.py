"""Whole chips on buses, in simulation: a master that takes its time, and is refused at times."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.bus import (
    BUS_MAGIC,
    BUS_VERSION,
    AxiLiteChip,
    BusRegister,
    Interrupt,
    WishboneChip,
)
from axonloop.host.devices.packets.packing import read_packets
from axonloop.models.protocol import Kind, Region, header
from axonloop.sim.stimulus import GEOMETRIES

GEOMETRY, DEPTHS = GEOMETRIES["one-by-one"], (4, 8)
ANSWER = [header(Kind.DATA, 0, 1), 0x41584C50]
"""What a chip says of its first register."""


class Master:
    """`access` returns the word that is read, 0 of a write, None where it is refused."""

    def __init__(self, ctx, dut, seed: int) -> None:
        self.ctx, self.dut, self.rng = ctx, dut, random.Random(seed)

    async def read(self, register: BusRegister) -> int | None:
        return await self.access(register)

    async def write(self, register: int, word: int, whole: bool = True) -> int | None:
        return await self.access(register, word, whole)


class WishboneMaster(Master):
    pipelined = False

    async def access(self, number: int, word: int | None = None, whole: bool = True) -> int | None:
        ctx, dut = self.ctx, self.dut
        await ctx.tick().repeat(self.rng.randrange(1, 3))
        for port, value in (
            (dut.wb_cyc_i, 1),
            (dut.wb_stb_i, 1),
            (dut.wb_adr_i, number),
            (dut.wb_we_i, word is not None),
            (dut.wb_dat_i, word or 0),
            (dut.wb_sel_i, 15 if whole else self.rng.randrange(15)),
        ):
            ctx.set(port, value)
        assert not ctx.get(dut.wb_ack_o | dut.wb_err_o), "an answer comes a cycle later"
        await ctx.tick()
        ctx.set(dut.wb_stb_i, not self.pipelined)
        done, refused = ctx.get(dut.wb_ack_o), ctx.get(dut.wb_err_o)
        found = ctx.get(dut.wb_dat_o) if word is None else 0
        assert done != refused
        ctx.set(dut.wb_cyc_i, 0)
        assert not ctx.get(dut.wb_ack_o | dut.wb_err_o), "nothing is answered outside of a cycle"
        ctx.set(dut.wb_stb_i, 0)
        return found if done else None


class PipelinedMaster(WishboneMaster):
    pipelined = True


class AxiLiteMaster(Master):
    def port(self, name: str):
        return getattr(self.dut, f"s_axi_{name}")

    async def access(self, number: int, word: int | None = None, whole: bool = True) -> int | None:
        ctx, rng = self.ctx, self.rng
        left, answer = (["ar"], "r") if word is None else (["aw", "w"], "b")
        ctx.set(self.port(f"{left[0]}addr"), number << 2 | rng.randrange(4))
        ctx.set(self.port("wdata"), word or 0)
        ctx.set(self.port("wstrb"), 15 if whole else rng.randrange(15))
        while True:
            for channel in left:
                if rng.random() < 0.6:
                    ctx.set(self.port(f"{channel}valid"), 1)
            ctx.set(self.port(f"{answer}ready"), rng.random() < 0.6)
            taken = [
                name
                for name in left
                if ctx.get(self.port(f"{name}valid") & self.port(f"{name}ready"))
            ]
            answered = ctx.get(self.port(f"{answer}valid") & self.port(f"{answer}ready"))
            refused = ctx.get(self.port(f"{answer}resp")) != 0
            found = ctx.get(self.port("rdata")) if word is None else 0
            await ctx.tick()
            for name in taken:
                ctx.set(self.port(f"{name}valid"), 0)
                left.remove(name)
            if answered:
                assert not left, "an answer comes behind address and data"
                ctx.set(self.port(f"{answer}ready"), 0)
                return None if refused else found


BUSES = {
    "wishbone": (WishboneMaster, lambda: WishboneChip(GEOMETRY, depths=DEPTHS)),
    "wishbone-pipelined": (
        PipelinedMaster,
        lambda: WishboneChip(GEOMETRY, depths=DEPTHS, pipelined=True),
    ),
    "axi-lite": (AxiLiteMaster, lambda: AxiLiteChip(GEOMETRY, depths=DEPTHS)),
}


def simulate(bus: str, work: Callable) -> None:
    kind, make = BUSES[bus]
    dut = make()
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def run(ctx) -> None:
        await work(kind(ctx, dut, 1))

    simulator.add_testbench(run)
    simulator.run()


@pytest.mark.parametrize("bus", BUSES)
def test_a_chip_answers_over_its_bus(bus: str) -> None:
    async def work(master: Master) -> None:
        assert await master.read(BusRegister.MAGIC) == BUS_MAGIC
        assert await master.read(BusRegister.VERSION) == BUS_VERSION
        assert await master.read(BusRegister.DEPTHS) == DEPTHS[0] | DEPTHS[1] << 16
        assert await master.write(BusRegister.ENABLE, 1 << Interrupt.LEVEL) == 0
        assert not master.ctx.get(master.dut.irq)
        for _ in range(3):
            for word in read_packets(0, Region.CONTROL, 1)[0].tolist():
                assert await master.write(BusRegister.COMMAND, word) == 0
            while await master.read(BusRegister.LEVEL) < len(ANSWER):
                pass
            assert master.ctx.get(master.dut.irq)
            assert [await master.read(BusRegister.REPLY) for _ in ANSWER] == ANSWER

    simulate(bus, work)


@pytest.mark.parametrize("bus", BUSES)
def test_the_bus_tells_what_is_refused(bus: str) -> None:
    async def work(master: Master) -> None:
        assert await master.read(BusRegister.REPLY) is None
        assert await master.read(13) is None
        assert await master.write(BusRegister.MAGIC, 1) is None
        assert await master.write(BusRegister.ROOM_WANTED, 3, whole=False) is None
        assert await master.read(BusRegister.ROOM_WANTED) == 0
        assert await master.read(BusRegister.PENDING) >> Interrupt.REFUSED == 1
        assert await master.write(BusRegister.ROOM_WANTED, 3) == 0
        assert await master.read(BusRegister.ROOM_WANTED) == 3

    simulate(bus, work)
