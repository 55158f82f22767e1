"""The tables of the lanes: one bus writes all copies, and every lane reads its own word."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.parallel.memristor_tables import MemristorTables
from axonloop.models.config import Geometry
from axonloop.models.protocol import Region, address, region_words

WIDTHS = [16] * 512 + [12] * 512 + [4] * 2
"""Bits of the region's words: gains, shares, gain shifts."""


@pytest.mark.parametrize("memristor", [1, 2])
def test_the_region_and_what_the_lanes_see(memristor):
    geometry = Geometry(16, 16, 4, 4, 4, 4, terms=1, memristor=memristor)
    rng = random.Random(memristor)
    tables, pulses = MemristorTables(geometry), memristor == 2
    words = [rng.getrandbits(32) for _ in WIDTHS]
    kept = [word % 2**bits for word, bits in zip(words, WIDTHS, strict=True)]
    if not pulses:
        kept[512:1024] = [0] * 512
    assert region_words(geometry)[Region.MEMRISTOR] == len(words)

    async def access(ctx, region, offset, word=None):
        ctx.set(tables.bus.address, address(region, offset))
        ctx.set(tables.bus.write_data, word or 0)
        strobe = tables.bus.read if word is None else tables.bus.write
        ctx.set(strobe, 1)
        await ctx.tick()
        ctx.set(strobe, 0)
        found = ctx.get(tables.bus.read_data)
        await ctx.tick()
        assert ctx.get(tables.bus.read_data) == 0
        return found

    async def bench(ctx):
        assert [await access(ctx, Region.MEMRISTOR, k) for k in (0, 511, 1023, 1025)] == [0] * 4
        for offset, word in enumerate(words):
            await access(ctx, Region.MEMRISTOR, offset, word)
        for offset in range(0, len(words), 3):
            await access(ctx, Region.BIAS, offset, 1)
        assert [await access(ctx, Region.MEMRISTOR, k) for k in range(len(words))] == kept
        assert await access(ctx, Region.ROW, 5) == 0
        assert [ctx.get(tables.up_shift), ctx.get(tables.down_shift)] == kept[1024:]
        for _ in range(20):
            asked = [[rng.randrange(512) for _ in range(geometry.multipliers)] for _ in range(2)]
            for k, (gain, share) in enumerate(zip(*asked, strict=True)):
                ctx.set(tables.gain_address[k], gain)
                if pulses:
                    ctx.set(tables.pulses.address[k], share)
            await ctx.tick()
            for k, (gain, share) in enumerate(zip(*asked, strict=True)):
                assert ctx.get(tables.gains[k]) == kept[gain]
                if pulses:
                    assert ctx.get(tables.pulses.shares[k]) == kept[512 + share]

    simulator = Simulator(tables)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
