"""Integration through kernels: every sum is the page's, and no cycle is lost."""

from __future__ import annotations

import random
from collections import Counter as Bag
from collections import deque
from dataclasses import replace

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from axonloop.hdl.common import weight_latency
from axonloop.hdl.convolution import KernelSynapses, ShapeRegisters
from axonloop.models.config import Convolution, ConvolutionGeometry, Layout
from axonloop.models.protocol import CONVOLUTION_INDEX, CONVOLUTION_STRIDE, Region, address

GEOMETRY = ConvolutionGeometry(
    axons=88,
    neurons=96,
    lanes=2,
    update_lanes=2,
    trace_lanes=2,
    multipliers=2,
    convolutions=3,
    kernel_rows=60,
    kernel_columns=4,
)
SMALL = Convolution(2, 5, 3, kernel=3, out_channels=4, padding=2, stride=2, bias=1)
SETS = {
    "padded": (SMALL,),
    "wide strides": (
        Convolution(1, 7, 8, kernel=2, out_channels=2, stride=3, first_axon=3, first_row=9),
        replace(SMALL, first_axon=57, first_row=14, first_group=20),
    ),
    "two that add up": (
        Convolution(1, 4, 4, kernel=3, out_channels=4, padding=1, first_group=4, bias=1),
        Convolution(2, 4, 4, 1, 4, first_axon=17, first_group=4, first_row=30),
        Convolution(3, 1, 3, 1, 2, stride=5, first_axon=70, first_group=40, first_row=40),
    ),
    "as large as the image": (Convolution(3, 4, 4, kernel=4, out_channels=4, bias=1),),
}


def pairs(shape: Convolution) -> list[tuple[int, int, int]]:
    """Axon, kernel row, and first neuron of a position, from the page's formulas."""
    found = []
    for position in range(shape.positions):
        v, u = divmod(position, shape.out_width)
        neuron = shape.first_group * GEOMETRY.lanes + position * shape.out_channels
        for c in range(shape.in_channels):
            for a in range(shape.kernel):
                for b in range(shape.kernel):
                    y = v * shape.stride + a - shape.padding
                    x = u * shape.stride + b - shape.padding
                    if 0 <= y < shape.in_height and 0 <= x < shape.in_width:
                        axon = (c * shape.in_height + y) * shape.in_width + x
                        row = (c * shape.kernel + a) * shape.kernel + b
                        found.append((axon, row, neuron))
        if shape.bias:
            found.append((shape.pixels, shape.rows - 1, neuron))
    return [(shape.first_axon + a, shape.first_row + r, n) for a, r, n in found]


class Both(wiring.Component):
    """Registers and synapses, as a core connects them."""

    def __init__(self, geometry: ConvolutionGeometry) -> None:
        self.registers, self.synapses = ShapeRegisters(geometry), KernelSynapses(geometry)
        super().__init__({})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.registers, m.submodules.synapses = self.registers, self.synapses
        m.d.comb += self.synapses.shapes.eq(self.registers.shapes)
        m.d.comb += self.synapses.measuring.eq(self.registers.measuring)
        return m


async def write_registers(ctx, registers, convolutions):
    for number, shape in enumerate(convolutions):
        for name, index in CONVOLUTION_INDEX.items():
            ctx.set(registers.bus.write, 1)
            where = address(Region.CONVOLUTION, CONVOLUTION_STRIDE * number + index)
            ctx.set(registers.bus.address, where)
            ctx.set(registers.bus.write_data, getattr(shape, name))
            await ctx.tick()
    ctx.set(registers.bus.write, 0)


def run(geometry, convolutions, weights, events):
    """The sums of all neurons, the pieces counted, and the cycles from the first to the last."""
    unit = Both(geometry)
    synapses, lanes = unit.synapses, geometry.lanes
    sums, told = [], {"pieces": 0, "active": []}

    async def bench(ctx):
        await write_registers(ctx, unit.registers, convolutions)
        answers, waiting, cycle = deque([None] * weight_latency(geometry)), deque(events), 0
        ctx.set(synapses.events.valid, 1)
        while ctx.get(synapses.busy):
            ctx.set(synapses.events.valid, bool(waiting))
            ctx.set(synapses.events.payload, waiting[0] if waiting else 0)
            where = synapses.weights.location
            asked = ctx.get(synapses.weights.enable)
            position = (ctx.get(where.axon), ctx.get(where.group)) if asked else None
            if asked:
                told["active"].append(cycle)
            told["pieces"] += ctx.get(synapses.row_groups)
            answers.append(position)
            answer = answers.popleft()
            for lane in range(lanes):
                row, group = answer or (0, 0)
                ctx.set(synapses.weights.data[lane], weights[row][group * lanes + lane])
            if ctx.get(synapses.events.ready) and waiting:
                waiting.popleft()
            await ctx.tick()
            cycle += 1
        for group in range(geometry.groups):
            ctx.set(synapses.sums.enable, 1)
            ctx.set(synapses.sums.address, group)
            await ctx.tick()
            sums.extend(ctx.get(synapses.sums.data[lane]) for lane in range(lanes))

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return sums, told


@pytest.mark.parametrize(
    "layout", [Layout.SKEWED, pytest.param(Layout.PLAIN, marks=pytest.mark.slow)], ids=str
)
@pytest.mark.parametrize("convolutions", SETS.values(), ids=SETS)
def test_sums_are_those_of_all_pairs(convolutions, layout):
    multipliers = 1 if layout is Layout.PLAIN else 2
    geometry = replace(GEOMETRY, layout=layout, multipliers=multipliers)
    rng = random.Random(len(convolutions))
    limit = geometry.weight_max
    weights = [
        [rng.choice((geometry.no_synapse, rng.randint(-limit, limit))) for _ in range(4)]
        for _ in range(geometry.kernel_rows)
    ]
    events = sorted(rng.sample(range(geometry.axons), 60))
    expected, reached = Bag(), 0
    for shape in convolutions:
        for axon, row, neuron in pairs(shape):
            if axon in events:
                reached += shape.out_channels
                for o in range(shape.out_channels):
                    weight = weights[row][o]
                    expected[neuron + o] += 0 if weight == geometry.no_synapse else weight
    sums, told = run(geometry, convolutions, weights, events)
    assert sums == [expected[neuron] for neuron in range(geometry.neurons)]
    assert any(sums)
    assert told["pieces"] * geometry.lanes == reached


def test_walks_follow_each_other_without_a_gap():
    """Where an event reaches nothing a cycle is lost; elsewhere each cycle reads a piece."""
    shape = Convolution(2, 4, 4, kernel=1, out_channels=2)
    weights = [[1] * 4] * GEOMETRY.kernel_rows
    _, told = run(GEOMETRY, (shape,), weights, list(range(32)))
    assert told["pieces"] == 32
    assert told["active"] == list(range(told["active"][0], told["active"][0] + 32))
