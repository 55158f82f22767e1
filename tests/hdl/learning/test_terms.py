"""The pieces of a learning rule's terms: right values, exactly `LATENCY` cycles later."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.common import NeuronNoise
from axonloop.hdl.learning.coefficient import Coefficient
from axonloop.hdl.learning.neuron_terms import NeuronTerms
from axonloop.hdl.parallel.neuron_traces import NeuronTraceLane
from axonloop.hdl.parallel.traces import TraceLane
from axonloop.models.config import Geometry
from tests.support.lanes import stream_through
from tests.support.naive import rounds, sat

GEOMETRY = Geometry(terms=3, parameter_sets=3)
NARROW = Geometry(terms=3, parameter_sets=3, error_bits=2, trace_bits=4, pq_bits=1)
SAMPLES = 300
FIELDS = {"axon": (0, 3), "neuron": (3, 2), "third": (5, 2), "rise": (7, 1), "scale": (8, 3)}
FIELDS["shift"] = (11, 5)


def fields(word):
    return {name: word >> low & (1 << width) - 1 for name, (low, width) in FIELDS.items()}


def is_on(word):
    return 1 <= fields(word)["axon"] <= 4 and fields(word)["third"] <= 2


def random_word(rng):
    """Any word, leaning to factors that the table has."""
    word = rng.getrandbits(16)
    return word & ~0b1000100 if rng.random() < 0.7 else word


def signed_value(rng, bits):
    return rng.choice([0, 1, -1, 2 ** (bits - 1) - 1, rng.randint(-(2 ** (bits - 1)) + 1, 0)])


@pytest.mark.parametrize("geometry", [GEOMETRY, NARROW], ids=["default", "narrow"])
@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_coefficient(geometry, seed):
    """Its inputs stand still until the result is there."""
    rng, unit = random.Random(seed), Coefficient(geometry)
    limit = geometry.error_max

    def sample():
        word = random_word(rng) & ~0b1000000
        third = signed_value(rng, geometry.error_bits), rng.randint(-limit - 1, limit)
        return word, rng.randint(0, 1), rng.randint(0, 1), rng.randint(0, limit), *third

    def expected(values):
        word, spike, box, zq, error, modulation = values
        term = fields(word)
        x = (1, spike, box, zq)[term["neuron"]] * (1, error, modulation, None)[term["third"]]
        size = abs(x) >> term["scale"]
        c = sat(size if x >= 0 else -size, limit)
        return -c if term["rise"] else c

    samples = [values for values in (sample() for _ in range(SAMPLES)) if is_on(values[0])]
    seen = []

    async def bench(ctx):
        for word, *factors in samples:
            ctx.set(unit.term.as_value(), word)
            names = ("spike", "box", "zq", "error", "modulation")
            for name, value in zip(names, factors, strict=True):
                ctx.set(unit.factors[name], value)
            await ctx.tick().repeat(Coefficient.LATENCY)
            seen.append(ctx.get(unit.value))

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [expected(values) for values in samples]
    assert len(set(seen)) > 2


@pytest.mark.parametrize("geometry", [GEOMETRY, NARROW], ids=["default", "narrow"])
@pytest.mark.parametrize("seed", [1, 2, 3], ids="seed{}".format)
def test_neuron_terms(geometry, seed):
    rng, unit = random.Random(seed), NeuronTerms(geometry)
    words = [[random_word(rng) if rng.random() < 0.7 else 0 for _ in range(3)] for _ in range(3)]
    words[seed - 1] = [0, seed << 13, 5]  # a set without a term that is on
    shifts = [(rng.randint(0, 15), rng.randint(0, 20), k & 1) for k in range(3)]
    modulated, limit = rng.randint(0, 1), geometry.error_max
    sums = 2 ** (geometry.error_sum_bits - 1)

    def sample():
        wide = [rng.choice([0, rng.randint(-3, 3), rng.randint(-sums, sums - 1)]) for _ in range(2)]
        z = rng.choice([0, rng.randint(0, geometry.trace_max)])
        return (
            rng.randint(0, 255),
            *wide,
            rng.randint(0, 1),
            rng.randint(0, 1),
            z,
            rng.randint(0, 2),
        )

    def drive(ctx, values):
        for k in range(3):
            for name, value in zip(("z_shift", "eta_shift", "rounding"), shifts[k], strict=True):
                ctx.set(unit.parameters.sets[k][name], value)
            for n in range(3):
                ctx.set(unit.parameters.sets[k][f"term_{n}"], words[k][n])
        names = ("neuron", "gated", "ungated", "box", "spike", "z", "set")
        for name, value in zip(names, values, strict=True):
            ctx.set(unit.known[name], value)
        ctx.set(unit.valid, 1)
        ctx.set(unit.modulated, modulated)

    def observe(ctx):
        work = unit.work
        names = ("neuron", "error", "box", "spike", "zq", "rounding", "useful")
        terms = [ctx.get(work.terms[k].as_value()) for k in range(3)]
        return ctx.get(unit.work_valid), *(ctx.get(work[name]) for name in names), *terms

    def expected(values):
        neuron, gated, ungated, box, spike, z, number = values
        error = sat(sat(gated, limit) * box + sat(ungated, limit), limit)
        z_shift, eta_shift, rounding = shifts[number]
        zq, rule = min(z >> z_shift, limit), list(words[number])
        if not any(map(is_on, rule)):
            rule[0] = 4 | 1 << 5 | eta_shift << 11
        useful = 0
        for k, word in enumerate(rule):
            term = fields(word)
            third = (1, error, modulated, 0)[term["third"]]
            n = (1, spike, box, zq)[term["neuron"]]
            useful |= (is_on(word) and n != 0 and third != 0) << k
        return 1, neuron, error, box, spike, zq, rounding, useful, *rule

    samples = [sample() for _ in range(SAMPLES)]
    seen = stream_through(unit, drive, observe, NeuronTerms.LATENCY, samples)
    assert seen == [expected(values) for values in samples]
    assert len({row[7] for row in seen}) > 1


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_neuron_trace_lane(seed):
    rng, lane = random.Random(seed), NeuronTraceLane(GEOMETRY)
    zeta, z_inc = rng.choice([(3700, 900), (4096, 4000)])

    def drive(ctx, values):
        ctx.set(lane.z, values[0])
        ctx.set(lane.spike, values[1])
        ctx.set(lane.zeta, zeta)
        ctx.set(lane.z_inc, z_inc)

    def expected(values):
        z = (values[0] * zeta >> 12) + values[1] * z_inc
        return min(z, GEOMETRY.trace_max), z > GEOMETRY.trace_max

    samples = [(rng.randint(0, GEOMETRY.trace_max), rng.randint(0, 1)) for _ in range(SAMPLES)]
    seen = stream_through(
        lane,
        drive,
        lambda ctx: (ctx.get(lane.new_z), ctx.get(lane.clipped)),
        NeuronTraceLane.LATENCY,
        samples,
    )
    assert seen == [expected(values) for values in samples]
    assert {clipped for _, clipped in seen} == {0, 1}


@pytest.mark.parametrize("qq_shift", [0, 3, 15])
def test_trace_lane_with_terms(qq_shift):
    rng, lane = random.Random(qq_shift), TraceLane(GEOMETRY)
    p = {"beta_p": 2500, "q_inc": 700, "pq_on": 77, "qq_shift": qq_shift}

    def drive(ctx, values):
        ports = (lane.q, lane.spike, lane.plastic, lane.always_on)
        for port, value in zip(ports, values, strict=True):
            ctx.set(port, value)
        for name, value in p.items():
            ctx.set(lane.parameters[name], value)

    def expected(values):
        q, spike, plastic, always_on = values
        new_q = min((q * p["beta_p"] >> 12) + p["q_inc"] * spike, GEOMETRY.trace_max)
        qq = p["pq_on"] if always_on else min(new_q >> qq_shift, GEOMETRY.pq_max)
        return qq * plastic, (1 + 2 * spike) * plastic

    def bit():
        return rng.randint(0, 1)

    samples = [(rng.randint(0, GEOMETRY.trace_max), bit(), bit(), bit()) for _ in range(SAMPLES)]
    seen = stream_through(
        lane,
        drive,
        lambda ctx: (ctx.get(lane.factors.qq), ctx.get(lane.factors.mark)),
        TraceLane.LATENCY,
        samples,
    )
    assert seen == [expected(values) for values in samples]
    assert {mark for _, mark in seen} == {0, 1, 3}


def test_neuron_noise_by_purpose():
    noise, words = NeuronNoise(8, purpose_bits=2), []

    async def bench(ctx):
        ctx.set(noise.inputs.tick, 7)
        ctx.set(noise.inputs.seed, 99)
        ctx.set(noise.inputs.core, 3)
        ctx.set(noise.start, 1)
        await ctx.tick()
        ctx.set(noise.start, 0)
        await ctx.tick().repeat(NeuronNoise.LATENCY - 1)
        ctx.set(noise.neurons.neuron, 0xA5)
        for purpose in range(4):
            ctx.set(noise.neurons.purpose, purpose)
            ctx.set(noise.neurons.fresh, 1)
            await ctx.tick()
            ctx.set(noise.neurons.fresh, 0)
            await ctx.tick()
            words.append(ctx.get(noise.neurons.word))

    simulator = Simulator(noise)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    common = rounds(rounds(rounds(7, 0, 3) ^ 99, 4, 7) ^ 3, 8, 9)
    assert words == [rounds(common ^ 0xA5 ^ k << 16, 10, 13) for k in range(4)]
