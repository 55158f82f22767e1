"""The pipelines of single lanes: right values, exactly `LATENCY` cycles later."""

import random
from collections import deque

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.common import NeuronNoise
from axonloop.hdl.parallel.neurons import NeuronLane
from axonloop.hdl.parallel.traces import TraceLane
from axonloop.hdl.parallel.update import UpdateLane
from axonloop.models.config import Geometry, ResetMode
from tests.support.lanes import stream_through
from tests.support.naive import decay, rounds, sat

GEOMETRY = Geometry()
STATE, TRACE = GEOMETRY.state_max, GEOMETRY.trace_max
SAMPLES = 200


@pytest.mark.parametrize("reset_mode", ResetMode, ids=lambda mode: mode.name.lower())
def test_neuron_lane_with_mask_and_noise(reset_mode):
    """The sum of a column that keeps a part of it, and a threshold that varies; clips counted."""
    rng, geometry = random.Random(reset_mode), Geometry(mask=1, threshold_noise=1)
    lane = NeuronLane(geometry)
    late = deque([0] * 2)
    parameters = {"alpha_n": 4096, "theta": 20000, "temperature": 9000, "box": 2000}
    parameters["reset_mode"] = reset_mode.value

    def drive(ctx, values):
        membrane, bias, countdown, accumulator, kept, level = values
        ctx.set(lane.state.membrane, membrane)
        ctx.set(lane.state.countdown, countdown)
        ctx.set(lane.bias, bias)
        ctx.set(lane.accumulator, accumulator)
        ctx.set(lane.kept, kept)
        late.append(level)
        ctx.set(lane.level, late.popleft())
        for stage in range(NeuronLane.LATENCY + 1):
            for name, value in parameters.items():
                ctx.set(lane.parameters[stage][name], value)

    def observe(ctx):
        state = lane.new_state
        found = (ctx.get(each) for each in (lane.spike, lane.box, lane.clips))
        return ctx.get(state.current), ctx.get(state.membrane), *found

    def expected(values):
        membrane, bias, countdown, accumulator, kept, level = values
        current = accumulator * kept + 2**15 >> 16
        first = membrane if countdown else current + membrane + bias
        exact = sat(first, STATE)
        clipped = exact != first
        distance = exact - parameters["theta"]
        spike = distance + (parameters["temperature"] * level >> 5) >= 0 and countdown == 0
        if spike and reset_mode == ResetMode.ZERO:
            exact = 0
        if spike and reset_mode == ResetMode.SUBTRACT:
            exact = sat(distance, STATE)
            clipped |= exact != distance
        return current, exact, spike, abs(distance) < parameters["box"], clipped

    def sample():
        wide = rng.randint(-STATE, STATE), rng.randint(-4000, 4000)
        level = rng.choice([-200, 200, rng.randint(-60, 60)])
        sums = rng.randint(-(2**22), 2**22)
        return *wide, rng.choice([0, 0, 3]), sums, rng.choice([1, 256, rng.randint(1, 256)]), level

    samples = [sample() for _ in range(SAMPLES)]
    seen = stream_through(lane, drive, observe, NeuronLane.LATENCY, samples + samples[: len(late)])
    assert seen[:SAMPLES] == [expected(values) for values in samples]
    assert (
        {row[2] for row in seen} == {row[3] for row in seen} == {row[4] for row in seen} == {0, 1}
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_neuron_lane(seed):
    """Two parameter sets, of which a neuron takes its own along through all stages."""
    rng, lane = random.Random(seed), NeuronLane(GEOMETRY)
    stages = NeuronLane.LATENCY + 1
    parameters = {"alpha_n": 3900, "beta_n": 3000, "gamma": 2000, "rho": 300, "theta": 1500}
    parameters |= {"box": 2000, "w_exp": 3, "i_shift": 1, "refractory": 5}
    first, second = rng.sample(list(ResetMode), 2)
    other = {"alpha_n": 3000, "beta_n": 2000, "gamma": 3000, "rho": 700, "theta": 2500}
    other |= {"box": 500, "w_exp": 1, "i_shift": 0, "refractory": 2, "reset_mode": second.value}
    sets = parameters | {"reset_mode": first.value}, other
    late = deque([sets[0]] * stages, maxlen=stages)

    def sample():
        wide = [rng.randint(-STATE, STATE) for _ in range(4)]
        return (*wide, rng.choice([0, 0, 3]), rng.randint(-4000, 4000), rng.randrange(2))

    def drive(ctx, values):
        current, membrane, reset, bias, countdown, accumulator, number = values
        ctx.set(lane.state.current, current)
        ctx.set(lane.state.membrane, membrane)
        ctx.set(lane.state.reset, reset)
        ctx.set(lane.state.countdown, countdown)
        ctx.set(lane.bias, bias)
        ctx.set(lane.accumulator, accumulator)
        late.appendleft(sets[number])
        for stage, own in enumerate(late):
            for name, value in own.items():
                ctx.set(lane.parameters[stage][name], value)

    def observe(ctx):
        state = lane.new_state
        names = ("current", "membrane", "reset", "countdown")
        return (*(ctx.get(state[name]) for name in names), ctx.get(lane.spike), ctx.get(lane.box))

    def expected(values):
        current, membrane, reset, bias, countdown, accumulator, number = values
        p = sets[number]
        current = sat(decay(current, p["beta_n"]) + (accumulator << p["w_exp"]), STATE)
        if not countdown:
            leaked = decay(membrane, p["alpha_n"])
            membrane = sat(leaked + (current >> p["i_shift"]) + bias, STATE)
        distance = membrane - reset - p["theta"]
        spike = distance >= 0 and countdown == 0
        reset = sat(decay(reset, p["gamma"]) + p["rho"] * spike, STATE)
        if spike and p["reset_mode"] == ResetMode.ZERO:
            membrane = 0
        if spike and p["reset_mode"] == ResetMode.SUBTRACT:
            membrane = (membrane - p["theta"] + 2**15) % 2**16 - 2**15
        countdown = p["refractory"] if spike else max(countdown - 1, 0)
        return current, membrane, reset, countdown, spike, abs(distance) < p["box"]

    samples = [sample() for _ in range(SAMPLES)]
    seen = stream_through(lane, drive, observe, NeuronLane.LATENCY, samples + samples[:stages])
    assert seen[:SAMPLES] == [expected(values) for values in samples]
    assert {row[4] for row in seen} == {row[5] for row in seen} == {0, 1}


@pytest.mark.parametrize("seed", [1, 2])
def test_trace_lane(seed):
    rng, lane = random.Random(seed), TraceLane(GEOMETRY)
    p = {"alpha_p": 3500, "beta_p": 2500, "q_inc": 700, "p_shift": 1, "pq_shift": 3, "pq_on": 77}

    def drive(ctx, values):
        for port, value in zip((lane.q, lane.p), values[:2], strict=True):
            ctx.set(port, value)
        for port, value in zip((lane.spike, lane.plastic, lane.always_on), values[2:], strict=True):
            ctx.set(port, value)
        for name, value in p.items():
            ctx.set(lane.parameters[name], value)

    def observe(ctx):
        return (
            ctx.get(lane.new_q),
            ctx.get(lane.new_p),
            ctx.get(lane.factors.pq),
            ctx.get(lane.clips),
        )

    def expected(values):
        q, trace, spike, plastic, always_on = values
        q = (q * p["beta_p"] >> 12) + p["q_inc"] * spike
        new_q = min(q, TRACE)
        trace = (trace * p["alpha_p"] >> 12) + (new_q >> p["p_shift"])
        new_p = min(trace, TRACE)
        factor = p["pq_on"] if always_on else min(new_p >> p["pq_shift"], GEOMETRY.pq_max)
        return new_q, new_p, factor * plastic, (q > TRACE) + (trace > TRACE)

    def bit():
        return rng.randint(0, 1)

    samples = [
        (rng.randint(0, TRACE), rng.randint(0, TRACE), bit(), bit(), bit()) for _ in range(SAMPLES)
    ]
    seen = stream_through(lane, drive, observe, TraceLane.LATENCY, samples)
    assert seen == [expected(values) for values in samples]


@pytest.mark.parametrize("nearest", [0, 1], ids=["stochastic", "nearest"])
@pytest.mark.parametrize("shift", [0, 1, 7, 16, 20])
def test_update_lane(shift, nearest):
    """The lane takes E three stages after the weight, and how to round with all stages."""
    rng, lane = random.Random(100 * shift + nearest), UpdateLane(GEOMETRY)
    late = deque([0] * 3)

    def drive(ctx, values):
        word, weight, pq, error = values
        ctx.set(lane.word, word)
        ctx.set(lane.weight, weight)
        ctx.set(lane.pq, pq)
        late.append(error)
        ctx.set(lane.error, late.popleft())
        ctx.set(lane.shift, shift)
        ctx.set(lane.rounding.mask, 0 if nearest else 2**shift - 1)
        ctx.set(lane.rounding.half, 2**shift // 2 if nearest else 0)

    def observe(ctx):
        changed = ctx.get(lane.changed)
        return ctx.get(lane.new_weight) if changed else None, ctx.get(lane.visited), changed

    def expected(values):
        word, weight, pq, error = values
        if weight == GEOMETRY.no_synapse or pq == 0:
            return None, 0, 0
        added = rounds(word, 14, 17) % 2**shift
        if nearest:
            added = 2**shift // 2
        new = sat(weight - ((error * pq + added) >> shift), GEOMETRY.weight_max)
        return new if new != weight else None, 1, new != weight

    samples = [
        (
            rng.getrandbits(32),
            rng.choice([GEOMETRY.no_synapse, rng.randint(-127, 127)]),
            rng.choice([0, rng.randint(0, 255)]),
            rng.randint(-127, 127),
        )
        for _ in range(SAMPLES)
    ]
    seen = stream_through(lane, drive, observe, UpdateLane.LATENCY, samples + samples[: len(late)])
    assert seen[:SAMPLES] == [expected(values) for values in samples]


def test_neuron_noise():
    """Two neurons of a tick, then the same ones of another tick."""
    noise = NeuronNoise(8)
    words = []

    async def bench(ctx):
        ctx.set(noise.inputs.seed, 99)
        ctx.set(noise.inputs.core, 3)
        for tick in (7, 0xFFFF_FFFF):
            ctx.set(noise.inputs.tick, tick)
            ctx.set(noise.start, 1)
            await ctx.tick()
            ctx.set(noise.start, 0)
            await ctx.tick().repeat(NeuronNoise.LATENCY - 1)
            for neuron in (0, 0xA5):
                ctx.set(noise.neurons.neuron, neuron)
                ctx.set(noise.neurons.fresh, 1)
                await ctx.tick()
                ctx.set(noise.neurons.fresh, 0)
                ctx.set(noise.neurons.neuron, ~neuron & 0xFF)
                await ctx.tick()
                words.append(ctx.get(noise.neurons.word))

    simulator = Simulator(noise)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    common = [rounds(rounds(rounds(t, 0, 3) ^ 99, 4, 7) ^ 3, 8, 9) for t in (7, 0xFFFF_FFFF)]
    assert words == [rounds(word ^ neuron, 10, 13) for word in common for neuron in (0, 0xA5)]
