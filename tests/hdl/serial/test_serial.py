"""The parts of a serial core: its hash against the contract, its programs against the model."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.serial import ParameterMemory
from axonloop.hdl.serial import neurons as serial_neuron
from axonloop.hdl.serial import traces as serial_traces
from axonloop.hdl.serial.update import SerialNoise
from axonloop.models import cycles
from axonloop.models.config import Geometry, Layout
from axonloop.models.protocol import (
    PARAMETER_INDEX,
    PARAMETER_STRIDE,
    Region,
    address,
    parameter_bits,
)
from tests.support.naive import h

GEOMETRY = Geometry(
    lanes=2, update_lanes=1, trace_lanes=1, multipliers=1, layout=Layout.PLAIN, weight_ports=1
)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_hash_of_a_synapse(seed):
    """Right in the cycle that `done` tells, and until the next start."""
    rng, noise = random.Random(seed), SerialNoise(GEOMETRY)

    async def bench(ctx):
        for _ in range(30):
            words = [rng.choice([0, 2**32 - 1, rng.getrandbits(32)]) for _ in range(2)]
            core, neuron, axon = (rng.getrandbits(8) for _ in range(3))
            ports = (noise.inputs.tick, noise.inputs.seed, noise.inputs.core)
            values = (*words, core, neuron, axon)
            for port, value in zip((*ports, noise.neuron, noise.axon), values, strict=True):
                ctx.set(port, value)
            ctx.set(noise.start, 1)
            await ctx.tick()
            ctx.set(noise.start, 0)
            for _ in range(SerialNoise.LATENCY):
                assert not ctx.get(noise.done)
                await ctx.tick()
            for _ in range(rng.randrange(1, 4)):
                assert ctx.get(noise.done)
                assert ctx.get(noise.word) == h(words[1], words[0], core, neuron, axon, 0)
                await ctx.tick()

    _simulate(noise, bench)


def test_the_programs_are_as_long_as_the_model_says():
    assert len(serial_neuron.PROGRAM) == cycles.SERIAL_NEURON
    assert len(serial_traces.PROGRAM) == cycles.SERIAL_TRACE


def test_parameters_are_read_one_cycle_later_and_reserved_ones_are_0():
    rng, memory = random.Random(5), ParameterMemory(GEOMETRY)
    built = {PARAMETER_INDEX[name] for name in parameter_bits(GEOMETRY)}
    words = {
        PARAMETER_STRIDE * number + index: rng.getrandbits(12) | 1
        for number in range(GEOMETRY.parameter_sets)
        for index in range(PARAMETER_STRIDE)
    }

    async def bench(ctx):
        ctx.set(memory.bus.write, 1)
        for offset, word in words.items():
            ctx.set(memory.bus.address, address(Region.PARAMETERS, offset))
            ctx.set(memory.bus.write_data, word)
            await ctx.tick()
        ctx.set(memory.bus.address, address(Region.ROW, 3))
        ctx.set(memory.bus.write_data, 0)
        await ctx.tick()
        ctx.set(memory.bus.write, 0)
        for offset, word in words.items():
            known = offset % PARAMETER_STRIDE in built
            ctx.set(memory.learning.address, offset)
            await ctx.tick()
            assert ctx.get(memory.learning.value) == word * known
            ctx.set(memory.bus.address, address(Region.PARAMETERS, offset))
            ctx.set(memory.bus.read, 1)
            await ctx.tick()
            ctx.set(memory.bus.read, 0)
            assert ctx.get(memory.bus.read_data) == word * known

    _simulate(memory, bench)


def _simulate(component, bench):
    simulator = Simulator(component)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
