"""The level by which a neuron's threshold varies, a word of neurons per cycle."""

import random
from math import log

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.parallel.threshold_noise import ThresholdLane, ThresholdNoise
from axonloop.models.config import Geometry
from tests.support.naive import h

GEOMETRIES = {
    "four-lanes": Geometry(24, 40, 8, 4, 4, 4, threshold_noise=1),
    "one-lane": Geometry(5, 7, 1, 1, 1, 1, threshold_noise=1),
    "wide": Geometry(16, 2048, 8, 8, 8, 8, threshold_noise=1),
}
LEVELS = [round(32 * log((2 * k + 1) / (511 - 2 * k))) for k in range(256)]


def test_the_levels_of_the_page():
    assert (LEVELS[0], LEVELS[127], LEVELS[128], LEVELS[255]) == (-200, 0, 0, 200)
    assert [-level for level in reversed(LEVELS)] == LEVELS


@pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES)
def test_every_lane_of_a_word(geometry):
    """The first word comes as early as `busy` allows."""
    lanes, rng = geometry.update_lanes, random.Random(geometry.update_lanes)
    unit = ThresholdNoise(geometry)
    seed, tick, core = rng.getrandbits(32), rng.getrandbits(32), rng.randint(0, 254)
    words = [rng.randrange(geometry.neurons // lanes) for _ in range(20)]
    seen = []

    async def bench(ctx):
        ctx.set(unit.awake, 1)
        ctx.set(unit.inputs.hash.seed, seed)
        ctx.set(unit.inputs.hash.core, core)
        ctx.set(unit.inputs.hash.tick, tick)
        ctx.set(unit.inputs.start, 1)
        busy = 0
        while ctx.get(unit.inputs.busy):
            busy += 1
            await ctx.tick()
            ctx.set(unit.inputs.start, 0)
            ctx.set(unit.inputs.hash.tick, 0)
        assert busy == ThresholdNoise.START_CYCLES
        await ctx.tick()
        for cycle in range(len(words) + ThresholdLane.LATENCY):
            if cycle >= ThresholdLane.LATENCY:
                seen.append([ctx.get(unit.levels[k]) for k in range(lanes)])
            if cycle < len(words):
                ctx.set(unit.index, words[cycle])
            await ctx.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [
        [LEVELS[h(seed, tick, core, word * lanes + k, 0, 14) % 256] for k in range(lanes)]
        for word in words
    ]
