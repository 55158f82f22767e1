"""Synapses that drop spikes: the hash of every synapse of a row piece, a piece per cycle."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.core.blank_out import BlankOut
from axonloop.models.config import Geometry
from tests.support.naive import CODE, rounds

GEOMETRIES = {
    "four-lanes": Geometry(24, 40, 4, 4, 4, 4, parameter_sets=3, blank_out=1),
    "one-lane": Geometry(5, 7, 1, 1, 1, 1, parameter_sets=1, blank_out=1),
    "wide": Geometry(2048, 2048, 64, 64, 32, 64, parameter_sets=2, blank_out=1),
}


def word_of(seed, tick, core, axon, neuron):
    word = rounds(rounds(rounds(tick, 0, 3) ^ seed, 4, 7) ^ core, 8, 9)
    word = rounds(word ^ axon ^ 15 << 16, 10, 13)
    for bit, column in enumerate(CODE.split()):
        word ^= int(column, 16) if neuron >> bit & 1 else 0
    return rounds(word, 14, 17) % 2**16


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_every_lane_of_a_row_piece(geometry):
    rng, unit = random.Random(geometry.lanes), BlankOut(geometry)
    seed, tick, core = rng.getrandbits(32), rng.getrandbits(32), rng.randint(0, 254)
    blanks = [0x8000, 0xFFFF, 0][: geometry.parameter_sets]
    pieces = [
        tuple(rng.randrange(n) for n in (geometry.axons, geometry.groups, len(blanks)))
        for _ in range(60)
    ]
    axon, group, number = pieces[0]  # whose first synapse is just not dropped
    blanks[number] = word_of(seed, tick, core, axon, group * geometry.lanes)
    seen = []

    async def bench(ctx):
        for number, blank in enumerate(blanks):
            ctx.set(unit.inputs.parameters.sets[number].blank, blank)
        ctx.set(unit.inputs.hash.seed, seed)
        ctx.set(unit.inputs.hash.core, core)
        ctx.set(unit.inputs.hash.tick, tick)
        ctx.set(unit.busy, 1)
        ctx.set(unit.inputs.start, 1)
        await ctx.tick()
        ctx.set(unit.inputs.start, 0)
        ctx.set(unit.inputs.hash.tick, 0)
        await ctx.tick().repeat(4)
        for cycle in range(len(pieces) + BlankOut.LATENCY):
            if cycle >= BlankOut.LATENCY:
                seen.append(ctx.get(unit.dropped))
            if cycle < len(pieces):
                for port, value in zip(
                    (unit.axon, unit.group, unit.set), pieces[cycle], strict=True
                ):
                    ctx.set(port, value)
            await ctx.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    lanes = range(geometry.lanes)
    expected = [
        sum(
            (word_of(seed, tick, core, axon, group * geometry.lanes + k) < blanks[number]) << k
            for k in lanes
        )
        for axon, group, number in pieces
    ]
    assert seen == expected
    assert len(set(seen)) > 1
