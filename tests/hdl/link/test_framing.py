"""Frames in gateware against the host's codec: good ones, damaged ones, hostile ones."""

import random
import struct

import numpy as np
import pytest
from amaranth.sim import Simulator
from cobs import cobs

from axonloop.hdl.link.framing import Deframer, Enframer, Heard
from axonloop.host.devices.serial_line.frames import Frame, decode


def heard(data: bytes) -> list[tuple[str, list[int]]]:
    """What the deframer says of each frame in `data`: GOOD or BAD, and the words told before."""
    dut, found, words = Deframer(), [], []

    async def bench(ctx):
        for byte in data:
            ctx.set(dut.bytes.valid, 0)
            await ctx.tick()
            ctx.set(dut.bytes.valid, 1)
            ctx.set(dut.bytes.payload, byte)
            if ctx.get(dut.events.valid):
                kind = Heard(ctx.get(dut.events.payload.kind))
                if kind is Heard.WORD:
                    words.append(ctx.get(dut.events.payload.data))
                else:
                    found.append((kind.name, [*words]))
                    words.clear()
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert not words or data[-1]
    return found


def check(data: bytes) -> None:
    """The deframer and the host's codec agree on every frame; bad ones tell at most 66 words."""
    found, coded = heard(data), [part for part in data.split(b"\0")[:-1] if part]
    assert len(found) == len(coded)
    for (kind, words), part in zip(found, coded, strict=True):
        frame = decode(part)
        assert (kind == "GOOD") == (frame is not None)
        assert len(words) <= 66
        if frame is not None:
            body = cobs.decode(part)
            assert words == list(struct.unpack(f"<{len(body) // 4 - 1}I", body[:-4]))


def random_frame(rng: random.Random) -> bytes:
    words = [
        rng.choice([0, 0x01010101, rng.getrandbits(32)]) for _ in range(rng.choice([0, 1, 5, 64]))
    ]
    return Frame(
        rng.getrandbits(16), rng.getrandbits(16), words=np.array(words, np.uint32)
    ).encode()


@pytest.mark.parametrize("seed", range(3))
def test_deframer(seed):
    rng = random.Random(seed)
    check(b"".join(random_frame(rng) + bytes(rng.randrange(3)) for _ in range(12)))


@pytest.mark.parametrize("seed", range(3))
def test_deframer_of_damaged_frames(seed):
    rng, line = random.Random(seed), bytearray()
    for _ in range(25):
        frame = bytearray(random_frame(rng))
        index = rng.randrange(len(frame))
        match rng.choice(["lost", "flipped", "doubled", "none"]):
            case "lost":
                del frame[index]
            case "flipped":
                frame[index] ^= 1 << rng.randrange(8)
            case "doubled":
                frame.insert(index, frame[index])
        line += frame
    check(bytes(line) + b"\0")


def test_deframer_of_hostile_bytes():
    rng = random.Random(1)
    body = cobs.decode(Frame(words=np.ones(64, np.uint32)).encode()[:-1])
    parts = [
        b"\xff" * 600,
        b"\x01" * 600,
        b"\x01",
        b"\xff",
        cobs.encode(body + body),
        cobs.encode(body[:8] + body[-4:]),
        cobs.encode(body[:-1]),
        cobs.encode(body) + b"\x01",
        cobs.encode(body) + b"\x02",
        rng.randbytes(3000),
        Frame(5).encode()[:-1],
    ]
    line = b"\0".join(parts) + b"\0"
    check(line)
    assert heard(line)[-1] == ("GOOD", [5, 0])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pause", [0, 9])
def test_enframer(seed, pause):
    rng = random.Random(seed)
    frames = [random_frame(rng) for _ in range(6)]
    bodies = [struct.unpack(f"<{len(b) // 4}I", b) for f in frames if (b := cobs.decode(f[:-1]))]
    line = framed([list(body[:-1]) for body in bodies], pause, rng)
    assert [cobs.decode(part) for part in line.split(b"\0")[:-1]] == [
        cobs.decode(frame[:-1]) for frame in frames
    ]
    assert len(line) <= sum(map(len, frames)) + len(frames)


@pytest.mark.parametrize("size", [62, 63, 64])
def test_enframer_of_long_runs(size):
    words = [0x01010101] * (size + 2)
    line = framed([words, words], 0, random.Random(0))
    for part in line.split(b"\0")[:-1]:
        assert cobs.decode(part)[:-4] == b"\1" * 4 * len(words)


def framed(bodies: list[list[int]], pause: int, rng: random.Random) -> bytes:
    """What the enframer makes of bodies, a byte every two cycles, each body as soon as it may."""
    dut, line = Enframer(), bytearray()

    async def feed(ctx):
        for body in bodies:
            await ctx.tick().until(dut.low)
            data = struct.pack(f"<{len(body)}I", *body)
            for index, byte in enumerate(data):
                ctx.set(dut.body.valid, 1)
                ctx.set(dut.body.payload, {"byte": byte, "last": index == len(data) - 1})
                await ctx.tick()
                ctx.set(dut.body.valid, 0)
                await ctx.tick()

    async def hear(ctx):
        while line.count(0) < len(bodies):
            ready = not rng.randrange(pause + 1)
            ctx.set(dut.line.ready, ready)
            if ready and ctx.get(dut.line.valid):
                line.append(ctx.get(dut.line.payload))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed)
    simulator.add_testbench(hear)
    simulator.run()
    return bytes(line)
