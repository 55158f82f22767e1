"""The counters of a core: totals in a small memory, recent counts in accumulators beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, Fields, delay, delay_strobe, disjoint_memory
from axonloop.models.protocol import COUNTER_BITS, Counter, Region

BUSY_BITS = 9
"""Least width of the accumulators of `BUSY`: these grow by 1 per cycle while the bus is in use."""
BUSY = (Counter.CYCLES, Counter.STALLS)


@dataclass(frozen=True)
class Increment:
    """How a counter grows: by 0..`most` in a cycle, and in one of `every` cycles at most."""

    most: int = 1
    every: int = 1

    def in_cycles(self, cycles: int) -> int:
        """The most that is counted in so many cycles."""
        return self.most * ceil(cycles / self.every)


class Counters(wiring.Component):
    """Counters of 48 bits that wrap. Rules:

    1. Counter n grows by its increment in every cycle. Counters that `increments` does not
       name have no hardware: they read 0 and ignore writes. Those named are the first ones, in
       their order, and possibly one more, the last.
    2. A read strobe comes at least `SPACING` = 3 cycles after the access before it. The word read
       is the value of the counter at the end of the strobe's cycle.
    3. A write sets one half of a counter. After a write to the low half, the counter holds the
       word written plus the increments from the cycle of the write on; increments before it that
       are still in the accumulator are lost, with their carry. After a write to the high half they
       are added, with their carry.
    4. Every accumulator is emptied into its total at least once in 512 cycles, before it can
       overflow. With the bus at rest, a round over all counters takes 2 cycles per counter. The
       bus delays a round, but it leaves 3 free cycles per packet and 1 per read; and packets in
       which only CYCLES and STALLS advance have at most 22 words.

    A total is two words of the memory. A visit of a counter takes two cycles: the low word is read
    and, in the next cycle, the sum of it and the accumulator is written back; then the same is done
    with the high word and the carry, which is a register by then. So no address hangs on a carry.
    Counters are visited in turn; an access of the bus goes first.

    Latency: `BUS_LATENCY` cycles for a low half; 1 more for a high half, on `high`. With `late`
    one more for both: then a register lies behind the bus and behind every increment, and all that
    the rules say holds as before, a cycle later.
    Increments of one bit are counted a cycle later, and a visit adds the one that waits as a carry:
    then an accumulator starts anew from 0, which costs no logic.

    Resources: a memory of two words per counter, one adder of 32 bits, an accumulator per counter,
    as wide as what it may count in a round; with `late` some 40 registers, and one per bit of an
    increment.

    Members
    -------
    add_{counter} : the increment of the counter in this cycle
    high : the high half that was read, one cycle later than `bus.read_data`; 0 in other cycles
    """

    SPACING = 3

    def __init__(self, increments: Mapping[Counter, Increment], *, late: bool = False) -> None:
        self._increments, self._late = increments, int(late)
        ports = {_port(counter): In(range(each.most + 1)) for counter, each in increments.items()}
        high = {"high": Out(COUNTER_BITS - 32)}
        super().__init__(ports | high | {"bus": In(BusSignature())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, count = self.bus, len(self._increments)
        m.submodules.totals = totals = disjoint_memory(32, 2 * count)
        write, read = totals.write_port(), totals.read_port()
        reads, writes, wanted, half, given = self._access(m)
        # The word that was read: its counter, its half, and whether the memory still holds it.
        visited, upper, fresh = Signal(range(count)), Signal(), Signal()
        index, total, carry = Signal.like(visited), Signal(33), Signal()
        shows_low, asks_high, shows_high = Signal(), Signal(), Signal()
        again, commit = Signal(), Signal()
        counted, waiting = self._collect(m, writes & ~half | commit & ~upper, index, visited)
        m.d.comb += [
            index.eq(Mux(writes, wanted, visited)),
            # The bit below the sum makes a carry of it.
            total.eq(
                (Cat(1, read.data) + Cat(Mux(upper, carry, waiting), Mux(upper, 0, counted)))[1:]
            ),
            # The bus takes the read port, so this visit is repeated.
            again.eq(reads & ~upper),
            commit.eq(fresh & ~writes & ~again),
            write.en.eq(writes | commit),
            write.addr.eq(Cat(Mux(writes, half, upper), index)),
            write.data.eq(Mux(writes, given, total[:32])),
            bus.read_data.eq(Mux(shows_low, total[:32], 0)),
            self.high.eq(Mux(shows_high, total, 0)),
        ]
        m.d.sync += [
            shows_low.eq(reads & ~half),
            asks_high.eq(reads & half),
            shows_high.eq(asks_high),
        ]
        with m.If(~upper):
            m.d.sync += carry.eq(total[32])
        where = self._go_on(m, reads, wanted, writes, visited, upper, fresh, again)
        m.d.comb += read.addr.eq(where)
        return m

    def _access(self, m: Module) -> tuple[Value, Value, Value, Value, Value]:
        """The access of the bus: its read and write strobes, the counter, which half of it, and
        the word that is written."""
        bus = self.bus
        offset = Cat(bus.address[:5], bus.address[6])  # of CONTROL, less Control.COUNTERS
        known, reads, writes = Signal(), Signal(), Signal()
        place, there = self._place(offset[1:])
        m.d.comb += [
            known.eq(
                (bus.address[24:] == Region.CONTROL) & (bus.address[5] | bus.address[6]) & there
            ),
            reads.eq(bus.read & known),
            writes.eq(bus.write & known),
        ]
        strobes = [
            delay_strobe(m, strobe, self._late, name)[-1] if self._late else strobe
            for name, strobe in (("reads", reads), ("writes", writes))
        ]
        values = [
            delay(m, value, self._late, name)[-1]
            for name, value in (("place", place), ("half", offset[0]), ("given", bus.write_data))
        ]
        return strobes[0], strobes[1], values[0], values[1], values[2]

    def _place(self, number: Value) -> tuple[Value, Value]:
        """The place of a counter among those that are there, and whether it is one of them."""
        last, count = max(self._increments), len(self._increments)
        if last == count - 1:
            return number, number < count
        return Mux(number == last, count - 1, number), (number < count - 1) | (number == last)

    def _go_on(
        self,
        m: Module,
        reads: Value,
        wanted: Value,
        writes: Value,
        visited: Fields,
        upper: Value,
        fresh: Value,
        again: Value,
    ) -> Value:
        """The word to be read next; returns its address."""
        count = len(self._increments)
        turn, next_visited, next_upper = Signal(range(count)), Signal.like(visited), Signal()
        m.d.comb += [next_visited.eq(visited), next_upper.eq(upper)]
        # A word that is written by the bus in this cycle is read again in the next one.
        m.d.sync += fresh.eq(~writes)
        with m.If(reads):
            m.d.comb += [next_visited.eq(wanted), next_upper.eq(0)]
            with m.If(again):
                m.d.sync += turn.eq(visited)
        with m.Elif(fresh & ~writes):
            m.d.comb += next_upper.eq(~upper)
            with m.If(upper):
                m.d.comb += next_visited.eq(turn)
                m.d.sync += turn.eq(Mux(turn == count - 1, 0, turn + 1))
        m.d.sync += [visited.eq(next_visited), upper.eq(next_upper)]
        return Cat(next_upper, next_visited)

    def _collect(
        self, m: Module, visit: Value, visited: Value, shown: Value
    ) -> tuple[Value, Value]:
        """Add the increments to the accumulators; `visit` restarts the one of counter `visited`.

        Returns the accumulator of counter `shown`, whose word was read, and what waits to be added
        to it. The bus never writes that word in the same cycle, so the choice need not wait for the
        address of the bus.
        """
        accumulators, waiting = [], []
        most = 2 * len(self._increments) + 4  # cycles of a round with a read before it
        for index, (counter, increment) in enumerate(self._increments.items()):
            name, given = counter.name.lower(), getattr(self, _port(counter))
            added = delay(m, given, self._late, f"late_{name}")[-1]
            width = increment.in_cycles(most).bit_length()
            width = max(width, BUSY_BITS if counter in BUSY else 0)
            value, later = Signal(width, name=f"count_{name}"), Signal(name=f"waits_{name}")
            now, restart = (later, 0) if increment.most == 1 else (added, added)
            m.d.sync += value.eq(value + now)
            with m.If(visit & (visited == index)):
                m.d.sync += value.eq(restart)
            if increment.most == 1:
                m.d.sync += later.eq(added)
            accumulators.append(value)
            waiting.append(later)
        return Array(accumulators)[shown], Array(waiting)[shown]


def _port(counter: Counter) -> str:
    return f"add_{counter.name.lower()}"
