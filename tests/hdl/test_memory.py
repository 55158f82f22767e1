"""Memories of several lanes: every word of every lane is its own, also over the bus."""

from __future__ import annotations

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.common import Column, LaneMemory
from axonloop.models.protocol import Region


@pytest.mark.parametrize("lanes", [1, 2, 8])
def test_the_bus_reads_back_what_it_wrote_to_every_lane(lanes: int) -> None:
    memory = LaneMemory({"bias": Column(Region.BIAS, 12)}, words=4, lanes=lanes)
    rng = random.Random(lanes)
    written = [rng.getrandbits(12) for _ in range(4 * lanes)]
    read = []

    async def bench(ctx) -> None:
        for write in (1, 0):
            for offset, value in enumerate(written):
                ctx.set(memory.bus.address, Region.BIAS << 24 | offset)
                ctx.set(memory.bus.write_data, value)
                ctx.set(memory.bus.write, write)
                ctx.set(memory.bus.read, 1 - write)
                await ctx.tick()
                if not write:
                    read.append(ctx.get(memory.bus.read_data))

    simulator = Simulator(memory)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert read == written
