"""A chip of 3 x 2 cores, seen through its packets alone."""

from __future__ import annotations

import random
from collections import Counter as Bag

import numpy as np
import pytest

from axonloop.hdl.flow import chip_verilog
from axonloop.models.config import Geometry, Layout, Mesh, Port
from axonloop.models.protocol import (
    GROUP_FIELDS,
    MAGIC,
    PARAMETER_INDEX,
    PARAMETER_STRIDE,
    PORT_COUNTERS,
    READ_ONLY,
    VERSION,
    Control,
    Counter,
    Fault,
    Kind,
    Region,
    address,
    header,
    pack,
    packets,
    parameter_bits,
    pending_stride,
    region_words,
)
from axonloop.sim.cosim import RtlChip, build_chip
from axonloop.sim.stimulus import GEOMETRIES

GEOMETRY = Geometry(
    axons=6,
    neurons=6,
    lanes=2,
    update_lanes=1,
    trace_lanes=2,
    multipliers=1,
    weight_ports=1,
    layout=Layout.PLAIN,
    parameter_sets=2,
    entries=32,
)
MESH = Mesh(3, 2)
CORES = range(MESH.cores)
SLOTS, LATEST = GEOMETRY.delay_slots, GEOMETRY.max_delay
THETA = 100


class Bench:
    """The chip and the few packets that these tests need."""

    def __init__(self, mesh: Mesh = MESH, core: int = 0, geometry: Geometry = GEOMETRY) -> None:
        library = build_chip(geometry, core, notify=lambda message: None, mesh=mesh)
        self.chip = RtlChip(library, patience=20_000)
        self.first = core

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *error: object) -> None:
        self.chip.close()

    def exchange(self, words: list[int], expected: int, settle: int = 0) -> list[int]:
        return self.chip.exchange(np.array(words, np.uint32), expected, settle).tolist()

    def read(self, core: int, region: Region, offset: int = 0, count: int | None = None):
        size = count or region_words(GEOMETRY)[region] - offset
        found = self.exchange(packets.read(core, address(region, offset), size), 1)
        assert found[0] == header(Kind.DATA, core, size)
        return found[1:]

    def write(self, core: int, region: Region, words: list[int], offset: int = 0) -> None:
        assert self.exchange(packets.write(core, address(region, offset), words), 0) == []

    def counter(self, core: int, counter: Counter) -> int:
        low, high = self.read(core, Region.CONTROL, Control.COUNTERS + 2 * counter, 2)
        return low | high << 32

    def tick(self, learn: bool = False) -> list[int]:
        return self.exchange([packets.tick(self.first, learn)], 1)


@pytest.fixture
def bench():
    with Bench() as found:
        yield found


def test_every_core_says_who_it_is(bench):
    for core in CORES:
        words = bench.read(core, Region.CONTROL)
        assert words[: Control.AXONS] == [MAGIC, VERSION, core]
        assert words[Control.NEURONS] == GEOMETRY.neurons
        assert words[Control.COLUMNS : Control.ROWS + 1] == [3, 2]
        assert words[Control.TICK : Control.LEARNED + 1] == [0, 0, 1]


def test_every_word_of_every_core_is_its_own(bench):
    """Random lowest bits everywhere, all written before any is read."""
    rng, written = random.Random(1), {}
    for core in CORES:
        for region, size in region_words(GEOMETRY).items():
            if region in READ_ONLY or region is Region.CONTROL:
                continue
            written[core, region] = [rng.getrandbits(1) for _ in range(size)]
            bench.write(core, region, written[core, region])
        written[core, Region.CONTROL] = [rng.getrandbits(32) for _ in range(2)]
        bench.write(core, Region.CONTROL, written[core, Region.CONTROL], Control.TICK)
    for (core, region), words in written.items():
        if region is Region.CONTROL:
            assert bench.read(core, region, Control.TICK, 2) == words
            continue
        found = bench.read(core, region)
        holes = [offset for offset in range(len(words)) if not holds_a_value(region, offset)]
        assert [w for n, w in enumerate(found) if n not in holes] == [
            w for n, w in enumerate(words) if n not in holes
        ]
        assert not any(found[n] for n in holes)


def holds_a_value(region: Region, offset: int) -> bool:
    if region is Region.PARAMETERS:
        built = {PARAMETER_INDEX[name] for name in parameter_bits(GEOMETRY)}
        return offset % PARAMETER_STRIDE in built
    blocks = GEOMETRY.axons // GEOMETRY.trace_lanes
    if region is Region.PENDING:
        return offset % pending_stride(GEOMETRY) < blocks
    words = GEOMETRY.neurons // GEOMETRY.weights_per_word
    return region is not Region.WEIGHT or offset % 4 < words


class Wanted:
    """Neurons that fire at will (their bias is the threshold), random tables, what must follow."""

    def __init__(self, bench: Bench, seed: int) -> None:
        self.bench, self.rng = bench, random.Random(seed)
        self.pending: dict[int, set[tuple[int, int]]] = {core: set() for core in CORES}
        self.counts: Bag = Bag()
        self.time = 0
        self.tables = {core: self._tables(core) for core in CORES}

    def _tables(self, core: int):
        """Fan-out lists of a core's neurons and the groups that report, written to the chip."""
        rng, lists, entries = self.rng, [], []
        for _ in range(GEOMETRY.neurons):
            count = rng.choice([0, 1, 2, 5])
            found = [self._entry() for _ in range(count)]
            lists.append((len(entries), found))
            entries += found
        entries = entries[: GEOMETRY.entries]
        words = [packets.spike(*entry) & 0x0FFF_FFFF for entry in entries]
        reports = [rng.random() < 0.7 for _ in range(GEOMETRY.groups)]
        write = self.bench.write
        write(core, Region.ENTRY, words)
        write(core, Region.FANOUT, [first | len(found) << 16 for first, found in lists])
        write(core, Region.GROUP, [pack(GROUP_FIELDS, parameter_set=0, report=r) for r in reports])
        write(core, Region.PARAMETERS, [THETA], PARAMETER_INDEX["theta"])
        write(core, Region.PARAMETERS, [1], PARAMETER_INDEX["reset_mode"])
        return [found for _, found in lists], reports

    def _entry(self) -> tuple[int, int, int]:
        """Core, axon, delay; now and then one that the chip does not have."""
        rng = self.rng
        good = [rng.choice(CORES), rng.randrange(GEOMETRY.axons), rng.randint(0, LATEST)]
        if rng.random() < 0.2:
            bad = [rng.choice([6, 7, 14, 255]), rng.choice([6, 7, 65535]), rng.choice([3, 15])]
            which = rng.randrange(3)
            good[which] = bad[which]
        return tuple(good)

    def tick(self) -> None:
        """Fire random neurons everywhere, compare what the host hears."""
        rate = self.rng.choice([0.1, 0.5, 1.0])
        firing = {
            core: [self.rng.random() < rate for _ in range(GEOMETRY.neurons)] for core in CORES
        }
        for core in CORES:
            self.bench.write(core, Region.BIAS, [THETA * fires for fires in firing[core]])
        *heard, answer = self.bench.tick()
        assert answer == header(Kind.TICK, 0, self.time)
        expected = []
        for core in CORES:
            self.pending[core] = {spike for spike in self.pending[core] if spike[0] != self.time}
        for core, fires in firing.items():
            for neuron in np.flatnonzero(fires).tolist():
                expected += self._fire(core, neuron)
        assert sorted(heard) == sorted(expected)
        self.time += 1

    def _fire(self, core: int, neuron: int) -> list[int]:
        lists, reports = self.tables[core]
        for target, axon, delay in lists[neuron]:
            if target not in CORES or axon >= GEOMETRY.axons or delay > LATEST:
                self.counts[core, Counter.FAULTS] += 1
                continue
            spike = (self.time + 1 + delay, axon)
            self.counts[target, Counter.COLLISIONS] += spike in self.pending[target]
            self.pending[target].add(spike)
            for router, port in MESH.route(core, target):
                self.counts[router, PORT_COUNTERS[port]] += 1
        return [header(Kind.SPIKE, core, neuron)] if reports[neuron // GEOMETRY.lanes] else []

    def check(self) -> None:
        """Compare every core's bitmap and counters."""
        stride, lanes = pending_stride(GEOMETRY), GEOMETRY.trace_lanes
        for core in CORES:
            words = [0] * (SLOTS * stride)
            for due, axon in self.pending[core]:
                words[due % SLOTS * stride + axon // lanes] |= 1 << axon % lanes
            assert self.bench.read(core, Region.PENDING) == words
            for counter in (Counter.FAULTS, Counter.COLLISIONS, *PORT_COUNTERS):
                assert self.bench.counter(core, counter) == self.counts[core, counter]


@pytest.mark.parametrize("pauses", [0, 220], ids=["eager", "slow-host"])
@pytest.mark.parametrize("seed", [1, 2, 3], ids="seed{}".format)
def test_spikes_reach_the_right_core_axon_and_tick(bench, seed, pauses):
    wanted = Wanted(bench, seed)
    bench.chip.pauses(seed, commands=pauses // 2, replies=pauses)
    for _ in range(40):
        wanted.tick()
        wanted.check()
    assert all(wanted.counts[core, Counter.LOCAL] for core in CORES)
    for counter in (Counter.FAULTS, Counter.COLLISIONS, *PORT_COUNTERS):
        assert any(wanted.counts[core, counter] for core in CORES)
    edges = [core for core in CORES if core < MESH.columns]
    assert not any(wanted.counts[core, PORT_COUNTERS[Port.NORTH]] for core in edges)


REFUSED = {
    "kind-0": ([0], 0, 0, Fault.KIND),
    "kind-12-of-core-4": ([header(12, 4)], 4, 12, Fault.KIND),
    "kind-9-of-core-99": ([header(9, 99)], 0, 9, Fault.KIND),
    "spike-for-no-core": ([packets.spike(6, 0)], 0, Kind.SPIKE, Fault.CORE),
    "tick-of-core-2": ([packets.tick(2)], 0, Kind.TICK, Fault.CORE),
    "learn-of-core-5": ([header(Kind.LEARN, 5)], 0, Kind.LEARN, Fault.CORE),
    "clear-of-no-core": ([header(Kind.CLEAR, 254)], 0, Kind.CLEAR, Fault.CORE),
    "write-to-no-core": (packets.write(6, address(Region.BIAS), [1, 2]), 0, Kind.WRITE, Fault.CORE),
    "read-of-no-core": (packets.read(255, address(Region.BIAS), 3), 0, Kind.READ, Fault.CORE),
    "axon-of-core-3": ([packets.spike(3, 6)], 3, Kind.SPIKE, Fault.RANGE),
    "neuron-of-core-5": ([packets.error(5, 6, 1)], 5, Kind.ERROR, Fault.RANGE),
    "read-of-core-4": (packets.read(4, address(Region.BIAS), 7), 4, Kind.READ, Fault.RANGE),
    "rows-are-fixed": (
        packets.write(1, address(Region.CONTROL, Control.ROWS), [2]),
        1,
        Kind.WRITE,
        Fault.RANGE,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_right_core_refuses(bench, name):
    words, core, kind, code = REFUSED[name]
    asks = int(kind in (Kind.TICK, Kind.READ))
    heard = bench.exchange(words, asks, settle=100)
    assert heard == [header(Kind.FAULT, core, int(kind) << 4 | code)]
    assert [bench.counter(other, Counter.FAULTS) for other in CORES] == [
        int(other == core) for other in CORES
    ]
    assert bench.tick() == [header(Kind.TICK, 0, 0)]


def test_a_learn_that_is_refused_is_refused_by_every_core(bench):
    refusals = [header(Kind.FAULT, core, Kind.LEARN << 4 | Fault.LEARNED) for core in CORES]
    learn = [header(Kind.LEARN, 0)]
    assert sorted(bench.exchange(learn, 0, settle=100)) == refusals
    bench.tick()
    assert bench.exchange(learn, 0, settle=100) == []
    bench.tick(learn=True)
    assert [bench.read(core, Region.CONTROL, Control.LEARNED, 1) for core in CORES] == [[1]] * 6
    assert sorted(bench.exchange(learn, 0, settle=100)) == refusals


def test_clear_is_for_all_cores(bench):
    for core in CORES:
        bench.write(core, Region.CURRENT, [core + 1] * GEOMETRY.neurons)
    bench.exchange([header(Kind.CLEAR, 0)], 0)
    assert all(not any(bench.read(core, Region.CURRENT)) for core in CORES)


@pytest.mark.parametrize("seed", [1, 2, 3], ids="seed{}".format)
def test_answers_and_faults_keep_their_order_in_one_long_exchange(bench, seed):
    """Refused spikes to all cores between reads and ticks, with a host that pauses."""
    rng, words, expected = random.Random(seed), [], []
    bench.chip.pauses(seed, commands=40, replies=200)
    faults: list[int] = []
    for _ in range(60):
        core = rng.choice(CORES)
        if rng.random() < 0.6:
            words.append(packets.spike(core, GEOMETRY.axons))
            faults.append(header(Kind.FAULT, core, Kind.SPIKE << 4 | Fault.RANGE))
            continue
        tick = rng.random() < 0.5
        number = sum(answer[0] >> 28 == Kind.TICK for _, answer in expected)
        if tick:
            answer = [header(Kind.TICK, 0, number)]
            words.append(packets.tick(0))
        else:
            answer = [header(Kind.DATA, core, 3), MAGIC, VERSION, core]
            words += packets.read(core, address(Region.CONTROL), 3)
        expected.append((sorted(faults), answer))
        faults = []
    heard = bench.exchange(words, len(expected), settle=300)
    for before, answer in expected:
        assert sorted(heard[: len(before)]) == before
        assert heard[len(before) : len(before) + len(answer)] == answer
        heard = heard[len(before) + len(answer) :]
    assert sorted(heard) == sorted(faults)


def tick_cycles(bench: Bench, cores: range) -> int:
    """Cycles of a tick in which nothing happens, without those of the reads around it."""
    for core in cores:
        bench.write(core, Region.PARAMETERS, [THETA], PARAMETER_INDEX["theta"])
    first, second = (bench.counter(cores[0], Counter.CYCLES) for _ in range(2))
    bench.tick()
    return bench.counter(cores[0], Counter.CYCLES) - second - (second - first)


@pytest.mark.slow
def test_the_mesh_costs_a_tick_a_few_cycles(bench):
    with Bench(Mesh(), core=9) as alone:
        floor = tick_cycles(alone, range(9, 10))
    assert floor < tick_cycles(bench, CORES) <= floor + 8


def test_one_core_alone_keeps_its_number_and_has_no_port_counters():
    with Bench(Mesh(), core=9) as bench:
        words = bench.read(9, Region.CONTROL)
        assert words[Control.COLUMNS : Control.ROWS + 1] == [1, 1]
        where = Control.COUNTERS + 2 * Counter.NORTH
        bench.write(9, Region.CONTROL, [5] * 12, where)
        assert bench.read(9, Region.CONTROL, where) == [0] * 12
        entries = [packets.spike(9, 5), packets.spike(0, 5), packets.spike(10, 5)]
        bench.write(9, Region.ENTRY, [entry & 0x0FFF_FFFF for entry in entries])
        bench.write(9, Region.FANOUT, [3 << 16])
        bench.write(9, Region.PARAMETERS, [THETA], PARAMETER_INDEX["theta"])
        bench.write(9, Region.BIAS, [THETA])
        assert bench.tick() == [header(Kind.TICK, 9, 0)]
        assert bench.counter(9, Counter.FAULTS) == 2
        assert sum(bench.read(9, Region.PENDING)) == 2


@pytest.mark.parametrize(
    "name",
    ["small", *(pytest.param(name, marks=pytest.mark.slow) for name in ("plain", "ice40"))],
)
def test_both_halves_of_every_counter_come_through(name):
    """In every layout, for the bus is longer in some."""
    absent = (*PORT_COUNTERS, Counter.WRITES)
    counters = [counter for counter in Counter if counter not in absent]
    with Bench(Mesh(), geometry=GEOMETRIES[name]) as bench:
        for counter in counters:
            words = [0x8000_0000 + counter, 0xF000 + counter]
            bench.write(0, Region.CONTROL, words, Control.COUNTERS + 2 * counter)
        for counter in counters:
            beyond = bench.counter(0, counter) - ((0xF000 + counter) << 32 | 0x8000_0000 + counter)
            assert beyond == 0 or (beyond > 0 and counter in (Counter.CYCLES, Counter.STALLS))


def test_only_a_chip_of_one_core_may_number_it():
    with pytest.raises(ValueError, match="number of the first core must be 0 in a mesh, not 3"):
        chip_verilog(GEOMETRY, 3, Mesh(2, 1))
