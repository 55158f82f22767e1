"""The bare mesh under random traffic and backpressure; its latency and its saturation."""

import random
from collections import Counter, defaultdict

import pytest

from axonloop.hdl.chip import RouterMesh
from axonloop.hdl.chip.router import Router
from axonloop.models.config import Mesh, Port
from tests.support.streams import Streams

BITS = 24
MESHES = {"2x2": Mesh(2, 2), "3x2": Mesh(3, 2), "1x4": Mesh(1, 4), "5x1": Mesh(5, 1)}
SQUARE = Mesh(4, 4)


def bench(mesh):
    dut = RouterMesh(mesh, BITS)
    enter, leave = (
        [streams[core] for core in range(mesh.cores)] for streams in (dut.enter, dut.leave)
    )
    return dut, Streams(dut, enter, leave, [dut.passed[core] for core in range(mesh.cores)])


def word(target, payload):
    return payload | target << BITS


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
@pytest.mark.parametrize("name", MESHES)
def test_everything_arrives_once_in_order_by_its_way(name, seed):
    mesh, rng = MESHES[name], random.Random(seed)
    dut, streams = bench(mesh)
    cycles, tail = 700, 300
    rates, patience = ([rng.uniform(0.1, 1) for _ in range(mesh.cores)] for _ in range(2))
    inside, serial = defaultdict(list), iter(range(1 << 16))
    expected, strobes, load = Counter(), Counter(), []

    def offer(cycle, source):
        if cycle > cycles - tail or rng.random() > rates[source]:
            return None
        return word(rng.randrange(mesh.cores), source << 16 | next(serial))

    def sent(cycle, source, flit):
        target = flit >> BITS
        inside[source, target].append(flit & (1 << BITS) - 1)
        expected.update(mesh.route(source, target))

    def got(cycle, target, payload):
        assert inside[payload >> 16, target].pop(0) == payload

    def look(cycle, passed):
        load.append(sum(map(len, inside.values())))
        for core in range(mesh.cores):
            for port in Port:
                strobes[core, port] += passed >> len(Port) * core + port & 1

    streams.run(
        cycles,
        offer,
        lambda cycle, target: cycle > cycles - tail or rng.random() < patience[target],
        got,
        look,
        sent,
    )
    assert not any(inside.values())
    assert {router: count for router, count in strobes.items() if count} == dict(expected)
    assert sum(expected.values()) > 200
    assert max(load) <= dut.capacity


@pytest.mark.parametrize(("source", "target"), [(0, 0), (0, 15), (12, 3), (5, 6), (9, 1)])
def test_two_cycles_per_router(source, target):
    _, streams = bench(SQUARE)
    seen = []
    streams.run(
        40,
        lambda cycle, core: word(target, 5) if (cycle, core) == (2, source) else None,
        lambda cycle, core: True,
        lambda cycle, core, payload: seen.append((cycle, core, payload)),
    )
    hops = len(list(SQUARE.route(source, target)))
    assert seen == [(2 + Router.LATENCY * hops, target, 5)]


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)], ids="seed{}".format)
def test_a_mesh_of_16_saturates_late(seed):
    """Every core always has a payload for a random other one; 0.64 was measured."""
    rng, delivered = random.Random(seed), Counter()
    _, streams = bench(SQUARE)
    warm_up, cycles = 100, 500

    def offer(cycle, source):
        return word(rng.choice([core for core in range(16) if core != source]), 0)

    def got(cycle, target, payload):
        delivered[target] += cycle >= warm_up

    streams.run(cycles, offer, lambda cycle, target: True, got)
    per_core = {core: count / (cycles - warm_up) for core, count in delivered.items()}
    assert sum(per_core.values()) / 16 >= 0.55
    assert min(per_core.values()) >= 0.35


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_one_deaf_core_stops_only_what_needs_its_queues_and_loses_nothing(seed):
    """Core 0 takes nothing for a long time: the mesh fills up, holds, and then empties."""
    rng, mesh = random.Random(seed), MESHES["3x2"]
    _, streams = bench(mesh)
    sent, got = Counter(), Counter()
    streams.run(
        600,
        lambda cycle, source: word(rng.randrange(6), source) if cycle < 300 else None,
        lambda cycle, target: target != 0 or cycle > 350,
        lambda cycle, target, payload: got.update([(payload, target)]),
        sent=lambda cycle, source, flit: sent.update([(flit & 0xFF, flit >> BITS)]),
    )
    assert sent == got
