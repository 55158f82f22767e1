"""The lane of a synapse that sees its weight: the page's integers, `memristor_latency` later.

The page rounds signed numbers; the lane rounds magnitudes.
"""

import random
from dataclasses import replace

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.common import axon_code_constant
from axonloop.hdl.parallel.memristor_lane import MemristorLane, memristor_latency
from axonloop.models.config import Geometry
from tests.support.naive import rounds, sat

WEIGHTED = Geometry(terms=1, memristor=1)
PULSED = Geometry(terms=1, memristor=2)
WIDE = Geometry(terms=1, memristor=2, weight_bits=11, error_bits=5, pq_bits=6)
GEOMETRIES = {"weighted": WEIGHTED, "pulsed": PULSED, "wide": WIDE}
SAMPLES = 150
LANE = 5


def signed(value, bits):
    return value - (1 << bits) if value >> bits - 1 else value


def rounded(x, shift, nearest, word):
    added = (1 << shift) // 2 if nearest else word % (1 << shift)
    return x + added >> shift


def expected(geometry, walk, tables, sample):
    """Visited, changed, the new weight if it changed, written: from the page, section 5."""
    if sample["weight"] == geometry.no_synapse or sample["factor"] == 0:
        return 0, 0, None, 0
    most, w = geometry.weight_max, sample["weight"]
    x, up = walk["c"] * sample["factor"], walk["c"] < 0
    headroom = most - w if up else most + w
    gains, shares, gain_shift = tables[0 if up else 1]
    m_word, shift = rounds(sample["word"], 14, 17), walk["shift"]
    if walk["weighted"]:
        x *= gains[headroom >> geometry.weight_bits - 8]
        shift += gain_shift
    m = rounded(x, shift, walk["nearest"], m_word)
    new, written = sat(w - m, most), 0
    if walk["pulsed"]:
        g, h = rounds(sample["pulse"], 14, 17), rounds(sample["pattern"], 14, 17)
        u = signed(g >> 12 & 255, 8)
        d = signed(h & 255 if up else h >> 8 & 255, 8)
        v = max(256 + (walk["cycle"] * u >> 7) + (walk["device"] * d >> 7), 0)
        parts = min(min(abs(m), 255) * v + 128 >> 8, 255)
        step = headroom * shares[parts] + (2**11 if walk["nearest"] else g % 2**12) >> 12
        new, written = (w + step if up else w - step), int(parts > 0)
    changed = int(new != w)
    return 1, changed, new if changed else None, written


def random_tables(rng):
    return [
        (
            [rng.choice([0, 1, 300, rng.randrange(2**16)]) for _ in range(256)],
            [rng.choice([k * 16, rng.randrange(2**12)]) for k in range(256)],
            rng.randint(0, 11),
        )
        for _ in range(2)
    ]


def lane_of(geometry, walk, tables, samples):
    """What the lane says of every sample; a new one goes in with every cycle."""
    lane, latency, seen = MemristorLane(geometry, LANE), memristor_latency(geometry), []
    up = walk["c"] < 0
    gains, shares, gain_shift = tables[0 if up else 1]
    shift = walk["shift"] + (gain_shift if walk["weighted"] else 0)
    mask, half = (1 << shift) - 1, (1 << shift) // 2
    pulses, code = geometry.memristor == 2, axon_code_constant(LANE)

    def set_up(ctx):
        ctx.set(lane.size, abs(walk["c"]))
        ctx.set(lane.up, 2**latency - 1 if up else 0)
        ctx.set(lane.weighted, walk["weighted"])
        ctx.set(lane.shift, shift)
        ctx.set(lane.reach, ((1 << shift + geometry.weight_bits) - 1) % 2**32)
        ctx.set(lane.rounding.mask, 0 if walk["nearest"] else mask)
        ctx.set(lane.rounding.half, (mask // 2 if up else half) if walk["nearest"] else 0)
        ctx.set(lane.rounding.flip, up)
        if pulses:
            ctx.set(lane.pulses.cycle_to_cycle, walk["cycle"])
            ctx.set(lane.pulses.device_to_device, walk["device"])
            ctx.set(lane.pulses.nearest, walk["nearest"])
            ctx.set(lane.pulses.pulsed, walk["pulsed"])

    def drive(ctx, sample):
        for name in ("weight", "factor"):
            ctx.set(getattr(lane, name), sample[name])
        ctx.set(lane.word, sample["word"] ^ code)
        if pulses:
            ctx.set(lane.pulses.word, sample["pulse"] ^ code)
            ctx.set(lane.pulses.pattern, sample["pattern"] ^ code)

    def observe(ctx):
        changed = ctx.get(lane.changed)
        new = ctx.get(lane.new_weight) if changed else None
        written = ctx.get(lane.pulses.written) if pulses else 0
        return ctx.get(lane.visited), changed, new, written

    async def bench(ctx):
        set_up(ctx)
        gain = share = 0
        for cycle in range(len(samples) + latency):
            if cycle >= latency:
                seen.append(observe(ctx))
            if cycle < len(samples):
                drive(ctx, samples[cycle])
            # A table shows the word in the cycle after its address.
            address = (
                ctx.get(lane.gain_address),
                ctx.get(lane.pulses.share_address) if pulses else 0,
            )
            ctx.set(lane.gain, gain)
            if pulses:
                ctx.set(lane.pulses.share, share)
            gain, share = ((gains, shares)[k][address[k] % 256] for k in (0, 1))
            assert cycle < latency or address[0] >> 8 == (not up)
            await ctx.tick()

    simulator = Simulator(lane)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def random_sample(rng, geometry):
    most = geometry.weight_max
    return {
        "word": rng.getrandbits(32),
        "pulse": rng.getrandbits(32),
        "pattern": rng.getrandbits(32),
        "weight": rng.choice([geometry.no_synapse, most, -most, *[rng.randint(-most, most)] * 9]),
        "factor": rng.choice([0, *[rng.randint(0, geometry.pq_max)] * 5]),
    }


def random_walk(rng, geometry, **given):
    size = rng.choice([1, geometry.error_max, rng.randint(1, geometry.error_max)])
    pulses = geometry.memristor == 2
    return {
        "c": rng.choice([-1, 1]) * size,
        "weighted": rng.randint(0, 1),
        "pulsed": rng.randint(0, 1) if pulses else 0,
        "shift": rng.choice([0, 1, 7, rng.randint(0, 20)]),
        "nearest": rng.randint(0, 1),
        "cycle": rng.choice([0, 255, rng.randint(0, 255)]),
        "device": rng.choice([0, 255, rng.randint(0, 255)]),
    } | given


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("seed", range(6), ids="seed{}".format)
def test_walks_of_every_kind(name, seed):
    """Both polarities and rounding modes, weighted or not, pulsed or not."""
    rng, geometry = random.Random(f"{name} {seed}"), GEOMETRIES[name]
    polarity, kind = (-1, 1)[seed % 2], seed // 2
    walk = random_walk(rng, geometry, nearest=int(kind == 1), weighted=int(kind != 2))
    walk["c"] = polarity * abs(walk["c"])
    if geometry.memristor == 2:
        walk["pulsed"] = int(kind < 2)
    tables = random_tables(rng)
    samples = [random_sample(rng, geometry) for _ in range(SAMPLES)]
    seen = lane_of(geometry, walk, tables, samples)
    assert seen == [expected(geometry, walk, tables, sample) for sample in samples]
    assert {row[0] for row in seen} == {0, 1}


@pytest.mark.parametrize("c", [-1, 1], ids=["up", "down"])
def test_pulse_by_pulse_from_every_weight(c):
    """All 255 weights, moved by 1 to 255 parts of a pulse, without variation: eqs. 13 and 14."""
    rng = random.Random(c)
    tables = [([0] * 256, [min(16 * k, 4095) for k in range(256)], 0)] * 2
    walk = random_walk(rng, PULSED, c=c, weighted=0, pulsed=1, shift=0, nearest=1)
    walk |= {"cycle": 0, "device": 0}
    pulses = [{"weight": w, "factor": 1 + 7 * (w + 127) % 255} for w in range(-127, 128)]
    samples = [dict.fromkeys(("word", "pulse", "pattern"), 0) | each for each in pulses]
    seen = lane_of(PULSED, walk, tables, samples)
    assert seen == [expected(PULSED, walk, tables, sample) for sample in samples]
    for sample, (_, _, new, _) in zip(samples, seen, strict=True):
        w = sample["weight"]
        exact = (127 + c * w) * min(16 * sample["factor"], 4095) / 4096
        assert abs(abs((w if new is None else new) - w) - exact) <= 0.5


@pytest.mark.parametrize("c", [-3, 3], ids=["up", "down"])
def test_a_table_of_ones_makes_a_weighted_term_plain(c):
    rng = random.Random(c)
    ones = [([1] * 256, [0] * 256, 0)] * 2
    samples = [random_sample(rng, WEIGHTED) for _ in range(SAMPLES)]
    walk = random_walk(rng, WEIGHTED, c=c, nearest=0, shift=4)
    seen = [lane_of(WEIGHTED, walk | {"weighted": k}, ones, samples) for k in (0, 1)]
    assert seen[0] == seen[1]
    assert any(changed for _, changed, _, _ in seen[0])


def test_latency_is_even():
    """As that of a plain lane: with one weight port, writes fall between reads."""
    assert [memristor_latency(replace(PULSED, memristor=k)) % 2 for k in (1, 2)] == [0, 0]
