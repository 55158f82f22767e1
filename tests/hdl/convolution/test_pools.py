"""Pools: of the neurons of each, all but the first with the largest U lose B."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from axonloop.hdl.convolution import Pools, ShapeRegisters
from axonloop.models.config import Convolution
from tests.hdl.convolution.test_kernel_synapses import GEOMETRY, write_registers

PLAIN = Convolution(1, 2, 2, 1, 4, first_axon=60, first_group=30, first_row=50)
SHAPES = {
    "whole": Convolution(1, 4, 4, 1, 2, pool=2, first_group=3),
    "rests": Convolution(1, 5, 3, 1, 4, pool=2),
    "threes": Convolution(1, 7, 4, 1, 2, pool=3, first_group=1),
    "larger than the image": Convolution(1, 2, 3, 1, 2, pool=3),
    "none": Convolution(1, 3, 3, 1, 2),
}


def losers_by_the_page(shape, tops):
    width, first = shape.out_channels, shape.first_group * GEOMETRY.lanes
    pools, losers = {}, set()
    for position in range(shape.positions):
        v, u = divmod(position, shape.out_width)
        whole = (v // shape.pool + 1) * shape.pool <= shape.out_height
        whole &= (u // shape.pool + 1) * shape.pool <= shape.out_width
        for o in range(width):
            neuron = first + position * width + o
            if shape.pool > 1 and not whole:
                losers.add(neuron)
            else:
                pools.setdefault((o, v // shape.pool, u // shape.pool), []).append(neuron)
    for neurons in pools.values() if shape.pool > 1 else ():
        best = max(tops[n] for n in neurons)
        winner = next(n for n in neurons if tops[n] == best)
        losers.update(set(neurons) - {winner})
    return losers


@pytest.mark.parametrize("update_lanes", [pytest.param(1, marks=pytest.mark.slow), 2])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_who_loses_its_box(shape, update_lanes):
    geometry = replace(GEOMETRY, update_lanes=update_lanes)
    registers, pools = ShapeRegisters(geometry), Pools(geometry)
    port, rng, found = pools.neurons, random.Random(update_lanes), []
    rounds = [[rng.choice((-(2**16), -5, 0, 3, 2**16 - 1)) for _ in range(96)] for _ in range(2)]

    class Both(wiring.Component):
        def elaborate(self, platform):
            m = Module()
            m.submodules.registers, m.submodules.pools = registers, pools
            m.d.comb += pools.shapes.eq(registers.shapes)
            m.d.comb += pools.measuring.eq(registers.measuring)
            return m

    async def bench(ctx):
        await write_registers(ctx, registers, (shape, PLAIN))
        await ctx.tick().repeat(60)
        for tops in rounds:
            losers = set()
            for index in range(geometry.neurons // update_lanes):
                ctx.set(port.valid, 1)
                ctx.set(port.index, index)
                for k in range(update_lanes):
                    ctx.set(port.tops[k], tops[index * update_lanes + k])
                ctx.set(port.start, index == geometry.neurons // update_lanes - 1)
                await ctx.tick()
            ctx.set(port.valid, 0)
            ctx.set(port.start, 0)
            while ctx.get(port.busy):
                word, bits = ctx.get(port.lowered), ctx.get(port.losers)
                losers |= {word * update_lanes + k for k in range(update_lanes) if bits >> k & 1}
                await ctx.tick()
            found.append(losers)

    simulator = Simulator(Both({}))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert found == [losers_by_the_page(shape, tops) for tops in rounds]
    assert bool(found[0]) == (shape.pool > 1)
