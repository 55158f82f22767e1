"""The registers of a chip on a bus, against a list of words, in simulation."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.bus import BUS_MAGIC, BUS_VERSION, BusPort, BusRegister, Interrupt

DEPTH = 4


class Bench:
    """A port with the chip's ends of its streams in the bench's hands."""

    def __init__(self, ctx, dut: BusPort) -> None:
        self.ctx, self.dut = ctx, dut

    async def access(self, number: int, data: int | None = None, whole: bool = True) -> int | None:
        """The word that is read, or 0 of a write; None where the access is refused."""
        ctx, access = self.ctx, self.dut.access
        ctx.set(access.ask, 1)
        ctx.set(access.write, data is not None)
        ctx.set(access.whole, whole)
        ctx.set(access.number, number)
        ctx.set(access.data, data or 0)
        await ctx.tick()
        ctx.set(access.ask, 0)
        if ctx.get(access.refused):
            return None
        return ctx.get(access.word) if data is None else 0


def simulate(work: Callable) -> None:
    dut = BusPort(DEPTH, DEPTH)
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)

    async def run(ctx) -> None:
        await work(Bench(ctx, dut))

    simulator.add_testbench(run)
    simulator.run()


def test_what_the_registers_say_after_power_up() -> None:
    async def work(bench: Bench) -> None:
        said = {register: await bench.access(register) for register in BusRegister}
        expected = dict.fromkeys(BusRegister, 0)
        expected |= {
            BusRegister.MAGIC: BUS_MAGIC,
            BusRegister.VERSION: BUS_VERSION,
            BusRegister.DEPTHS: DEPTH | DEPTH << 16,
            BusRegister.ROOM: DEPTH,
            BusRegister.LEVEL_WANTED: 1,
            BusRegister.PENDING: 1 << Interrupt.ROOM,
            BusRegister.COMMAND: None,
            BusRegister.REPLY: None,
        }
        assert said == expected

    simulate(work)


def test_what_is_refused_changes_nothing() -> None:
    read_only = ("MAGIC", "VERSION", "DEPTHS", "ROOM", "LEVEL", "REPLY")

    async def work(bench: Bench) -> None:
        for number in (*(BusRegister[name] for name in read_only), 12, 15):
            assert await bench.access(number, 1) is None
        assert await bench.access(13) is None
        for register in ("ENABLE", "RESET", "ROOM_WANTED", "COMMAND"):
            assert await bench.access(BusRegister[register], 7, whole=False) is None
        assert await bench.access(BusRegister.PENDING) == 0b101
        assert await bench.access(BusRegister.ENABLE) == 0
        assert await bench.access(BusRegister.ROOM) == DEPTH
        assert await bench.access(BusRegister.PENDING, 1 << Interrupt.REFUSED) == 0
        assert await bench.access(BusRegister.PENDING) == 1 << Interrupt.ROOM

    simulate(work)


@pytest.mark.parametrize("seed", range(4))
def test_words_pass_in_order_and_as_many_as_were_told(seed: int) -> None:
    """Any mix of accesses and of back-pressure of the chip; a list is the model."""
    rng = random.Random(seed)
    sent: list[int] = []
    at_chip: list[int] = []
    from_chip: list[int] = []
    heard: list[int] = []

    async def chip(bench: Bench) -> None:
        """One cycle of the chip's ends, seen from its side before the clock rises."""
        ctx, dut = bench.ctx, bench.dut
        ctx.set(dut.commands.ready, rng.random() < 0.3)
        ctx.set(dut.replies.valid, rng.random() < 0.3)
        ctx.set(dut.replies.payload, len(from_chip))
        if ctx.get(dut.commands.ready) and ctx.get(dut.commands.valid):
            at_chip.append(ctx.get(dut.commands.payload))
        if ctx.get(dut.replies.ready) and ctx.get(dut.replies.valid):
            from_chip.append(len(from_chip))

    async def work(bench: Bench) -> None:
        room = level = 0
        for _ in range(600):
            await chip(bench)
            what = rng.choice(("room", "level", "write", "read", "rest"))
            if what == "room":
                room = await bench.access(BusRegister.ROOM)
            elif what == "level":
                level = await bench.access(BusRegister.LEVEL)
            elif what == "write":
                word = len(sent)
                taken = await bench.access(BusRegister.COMMAND, word) is not None
                assert taken or not room
                sent.extend([word] * taken)
                room = max(0, room - 1)
            elif what == "read":
                word = await bench.access(BusRegister.REPLY)
                assert word is not None or not level
                heard.extend([] if word is None else [word])
                level = max(0, level - 1)
            else:
                await bench.ctx.tick()
        assert at_chip == sent[: len(at_chip)]
        assert len(sent) - len(at_chip) <= DEPTH
        assert heard == from_chip[: len(heard)]
        assert len(from_chip) - len(heard) <= DEPTH
        assert min(len(at_chip), len(heard)) > 50

    simulate(work)


def test_interrupts_last_as_long_as_their_cause() -> None:
    async def work(bench: Bench) -> None:
        ctx, dut = bench.ctx, bench.dut
        await bench.access(BusRegister.LEVEL_WANTED, 2)
        await bench.access(BusRegister.ENABLE, 1 << Interrupt.LEVEL)
        ctx.set(dut.replies.valid, 1)
        await ctx.tick()
        ctx.set(dut.replies.valid, 0)
        await ctx.tick().repeat(3)
        assert not ctx.get(dut.irq)
        ctx.set(dut.replies.valid, 1)
        await ctx.tick()
        ctx.set(dut.replies.valid, 0)
        await ctx.tick().repeat(3)
        assert ctx.get(dut.irq)
        await bench.access(BusRegister.REPLY)
        assert not ctx.get(dut.irq)
        await bench.access(BusRegister.ENABLE, 1 << Interrupt.REFUSED)
        assert not ctx.get(dut.irq)
        await bench.access(15)
        assert ctx.get(dut.irq)

    simulate(work)


def test_reset_empties_both_queues() -> None:
    async def work(bench: Bench) -> None:
        ctx, dut = bench.ctx, bench.dut
        await bench.access(BusRegister.COMMAND, 1)
        ctx.set(dut.replies.valid, 1)
        await ctx.tick().repeat(3)
        ctx.set(dut.replies.valid, 0)
        await bench.access(BusRegister.RESET, 1)
        assert ctx.get(dut.chip_reset)
        assert not ctx.get(dut.commands.valid)
        assert await bench.access(BusRegister.LEVEL) == 0
        assert await bench.access(BusRegister.COMMAND, 2) is None
        await bench.access(BusRegister.RESET, 0)
        assert await bench.access(BusRegister.ROOM) == DEPTH
        assert await bench.access(BusRegister.LEVEL) == 0
        await ctx.tick().repeat(4)
        assert not ctx.get(dut.commands.valid)

    simulate(work)
