"""The UART: levels bit by bit, rates that are a little off, breaks."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.link import UartReceiver, UartTransmitter


def levels(data: bytes, cycles_per_bit: float) -> list[int]:
    """The line, cycle by cycle, of bytes without gaps."""
    bits = [bit for byte in data for bit in (0, *(byte >> k & 1 for k in range(8)), 1)]
    return [bits[int(cycle / cycles_per_bit)] for cycle in range(int(len(bits) * cycles_per_bit))]


def received(line: list[int], cycles_per_bit: int) -> bytes:
    dut, found = UartReceiver(cycles_per_bit), bytearray()

    async def bench(ctx):
        for level in [1] * 5 + line + [1] * 12 * cycles_per_bit:
            ctx.set(dut.line, level)
            if ctx.get(dut.bytes.valid):
                found.append(ctx.get(dut.bytes.payload))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return bytes(found)


@pytest.mark.parametrize("cycles_per_bit", [4, 5, 16])
@pytest.mark.parametrize("error", [-0.02, 0, 0.02])
def test_receiver(cycles_per_bit, error):
    data = random.Random(cycles_per_bit).randbytes(20) + b"\0\xff"
    assert received(levels(data, cycles_per_bit * (1 + error)), cycles_per_bit) == data


def test_a_break_is_no_byte():
    line = [0] * 200 + [1] * 20 + levels(b"after", 8)
    assert received(line, 8) == b"after"


def test_a_glitch_is_no_byte():
    line = [0] * 2 + [1] * 30 + levels(b"after", 8)
    assert received(line, 8) == b"after"


@pytest.mark.parametrize("cycles_per_bit", [4, 5, 16])
def test_transmitter(cycles_per_bit):
    dut, line = UartTransmitter(cycles_per_bit), []
    data = random.Random(cycles_per_bit).randbytes(10)

    async def bench(ctx):
        for byte in data:
            ctx.set(dut.bytes.valid, 1)
            ctx.set(dut.bytes.payload, byte)
            taken = 0
            while not taken:
                line.append(ctx.get(dut.line))
                taken = ctx.get(dut.bytes.ready)
                await ctx.tick()
        ctx.set(dut.bytes.valid, 0)
        for _ in range(12 * cycles_per_bit):
            line.append(ctx.get(dut.line))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    sent = levels(data, cycles_per_bit)
    assert line[1 : 1 + len(sent)] == sent
    assert set(line[1 + len(sent) :]) == {1}
