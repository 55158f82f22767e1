"""Counters under random increments and random bus traffic: exact at every read."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.common import BUS_LATENCY
from axonloop.hdl.core.counters import Counters, Increment
from axonloop.models.protocol import COUNTER_BITS, Control, Counter, Region, address
from tests.support.random.seeds import seeds

BITS = dict.fromkeys(Counter, 1) | {Counter.SYNOPS: 9, Counter.SATURATIONS: 7}
ALONE = {counter: bits for counter, bits in BITS.items() if counter < Counter.NORTH}
PULSED = ALONE | {Counter.WRITES: 4}
ALWAYS = (Counter.CYCLES, Counter.STALLS)


class Model:
    """Plain numbers, and what the bus must answer when."""

    def __init__(self, bits: dict[Counter, int]) -> None:
        self.values = dict.fromkeys(bits, 0)

    def word(self, offset: int) -> int:
        value = self.values.get(Counter(offset // 2), 0)
        return value >> 32 if offset % 2 else value & 0xFFFFFFFF

    def write(self, offset: int, word: int) -> None:
        counter = Counter(offset // 2)
        if counter in self.values:
            low, high = self.word(offset & ~1), self.word(offset | 1)
            low, high = (low, word & 0xFFFF) if offset % 2 else (word, high)
            self.values[counter] = high << 32 | low


def run(bits: dict[Counter, int], accesses, increments, cycles: int, late: bool = False) -> int:
    """Compare every read; returns how many were not 0."""
    increments_of = {counter: Increment((1 << n) - 1) for counter, n in bits.items()}
    counters, model, due = Counters(increments_of, late=late), Model(bits), ([], [])
    latency = BUS_LATENCY + late

    async def bench(ctx):
        for cycle in range(cycles):
            kind, offset, word = accesses(cycle)
            ctx.set(counters.bus.read, kind == "read")
            ctx.set(counters.bus.write, kind == "write")
            ctx.set(counters.bus.address, address(Region.CONTROL, Control.COUNTERS + offset))
            ctx.set(counters.bus.write_data, word)
            if kind == "write":
                model.write(offset, word)
            added = {counter: increments(cycle, counter) for counter in bits}
            for counter, value in added.items():
                ctx.set(getattr(counters, f"add_{counter.name.lower()}"), value)
                model.values[counter] = (model.values[counter] + value) % (1 << COUNTER_BITS)
            due[offset % 2].append(model.word(offset) if kind == "read" else 0)
            due[1 - offset % 2].append(0)
            if cycle > latency:
                assert ctx.get(counters.bus.read_data) == due[0][cycle - latency]
                assert ctx.get(counters.high) == due[1][cycle - latency - 1]
            await ctx.tick()

    simulator = Simulator(counters)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return sum(word != 0 for words in due for word in words)


@pytest.mark.parametrize("bits", [BITS, ALONE, PULSED], ids=["mesh", "one-core", "pulsed"])
@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
@pytest.mark.parametrize("seed", seeds(3, 1), ids="seed{}".format)
def test_every_read_is_exact(seed, late, bits):
    """Work with the bus at rest, then reads and writes while CYCLES and STALLS go on."""
    rng = random.Random(seed)
    words, written = 2 * len(Counter), {}

    def accesses(cycle):
        if cycle // 200 % 2 == 0 or cycle % 3 or rng.random() < 0.3:
            return "none", rng.randrange(words), rng.getrandbits(32)
        kind = rng.choice(["read", "read", "read", "write"])
        offset, word = rng.randrange(words), rng.choice([rng.getrandbits(32), 0xFFFFFFFF])
        if kind == "write" and offset // 2 in ALWAYS:
            # Rule 3: what was counted since the last visit may carry into the high half.
            again = written.get(offset) == cycle // 200
            written[offset] = cycle // 200
            kind = "none" if offset % 2 or again else kind
        return kind, offset, word

    def increments(cycle, counter):
        if cycle // 200 % 2:
            return int(counter is Counter.CYCLES) or rng.getrandbits(1) * (counter in ALWAYS)
        return rng.choice([0, (1 << bits[counter]) - 1, rng.getrandbits(bits[counter])])

    run(bits, accesses, increments, 2400, late)


@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_cycles_survive_the_busiest_bus(late):
    """Writes of the 20 words before CYCLES, three cycles apart, with CYCLES growing by 1."""

    def accesses(cycle):
        if cycle > 2000:
            return ("read", 2 * Counter.CYCLES, 0) if cycle % 30 == 0 else ("none", 0, 0)
        turn = cycle % 23
        return ("write", turn, cycle) if turn < 20 else ("none", 0, 0)

    run(BITS, accesses, lambda cycle, counter: int(counter in ALWAYS), 2200, late)


@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_the_largest_increments_in_every_cycle_are_counted(late):
    def accesses(cycle):
        busy = cycle >= 500 and cycle % 8 == 0
        return ("read", cycle // 8 % (2 * len(Counter)), 0) if busy else ("none", 0, 0)

    run(
        BITS, accesses, lambda cycle, counter: ((1 << BITS[counter]) - 1) * (cycle < 499), 900, late
    )
