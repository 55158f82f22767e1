"""The counters of a core: totals in one small memory, what was just counted beside it."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, Fields, disjoint_memory
from axonloop.models.protocol import COUNTER_BITS, Counter, Region

BUSY_BITS = 8
"""Width of those that go on counting while the bus is in use, by 1 per cycle."""
BUSY = (Counter.CYCLES, Counter.STALLS)


class Counters(wiring.Component):
    """Counters of 48 bits that wrap. Rules:

    1. Counter n grows by its increment in every cycle. Counters that `increment_bits` does not
       name have no hardware: they read 0 and ignore writes.
    2. A read comes `SPACING` = 3 cycles after another access or later, and gives the value at the
       end of the cycle of its strobe, exactly.
    3. A write sets one half: the low one as if nothing had been counted before its cycle, the high
       one as if what was counted since the last visit came after it.
    4. A counter is visited once per round of all. A round takes a cycle per counter, and one more
       for a carry, if the bus rests; 256 cycles in any case: a packet leaves 3 cycles or more, each
       read leaves one, and a packet that leaves CYCLES and STALLS alone has at most 22 words.

    A counter is two words of a memory. A visit reads the low one and, in the next cycle, writes it
    back with what the counter's accumulator held. A carry, or the bus, leads to the high one.
    Visits come in turn, or as the bus asks.

    Latency: a low half as on every bus, `BUS_LATENCY`; a high one in the cycle after, on `high`.
    A memory of two words per counter, one adder of 32 bits, and an accumulator for each counter.

    Members
    -------
    add_{counter} : by how much the counter grows in this cycle
    high : a high half that was read, one cycle later than `bus.read_data`; else 0
    """

    SPACING = 3

    def __init__(self, increment_bits: dict[Counter, int]) -> None:
        self._bits = increment_bits
        increments = {_port(counter): In(bits) for counter, bits in increment_bits.items()}
        high = {"high": Out(COUNTER_BITS - 32)}
        super().__init__(increments | high | {"bus": In(BusSignature())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, count = self.bus, len(self._bits)
        m.submodules.totals = totals = disjoint_memory(32, 2 * count)
        write, read = totals.write_port(), totals.read_port()
        reads, writes, wanted, half = self._access(m)
        # The word that was read: of which counter, which half, and whether it is as in the memory.
        place, upper, fresh = Signal(range(count)), Signal(), Signal()
        index, total, carry, more = Signal.like(place), Signal(33), Signal(), Signal()
        shows_low, asks_high, shows_high = Signal(), Signal(), Signal()
        again, commit = Signal(), Signal()
        counted = self._collect(m, writes & ~half | commit & ~upper, index, place)
        m.d.comb += [
            index.eq(Mux(writes, wanted, place)),
            total.eq(read.data + Mux(upper, carry, counted)),
            more.eq(~upper & (total[32] | asks_high)),
            # The bus takes the read port away: whatever a carry would need, known without waiting
            # for it.
            again.eq(reads & ~upper),
            commit.eq(fresh & ~writes & ~again),
            write.en.eq(writes | commit),
            write.addr.eq(Cat(Mux(writes, half, upper), index)),
            write.data.eq(Mux(writes, bus.write_data, total[:32])),
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
        where = self._go_on(m, reads, wanted, writes, place, upper, fresh, more, again)
        m.d.comb += read.addr.eq(where)
        return m

    def _access(self, m: Module) -> tuple[Signal, Signal, Value, Value]:
        """What the bus wants: strobes of reading and writing, the counter, its half."""
        bus = self.bus
        offset = Cat(bus.address[:5], bus.address[6])  # of CONTROL, less Control.COUNTERS
        known, reads, writes = Signal(), Signal(), Signal()
        m.d.comb += [
            known.eq(
                (bus.address[24:] == Region.CONTROL)
                & (bus.address[5] | bus.address[6])
                & (offset[1:] < len(self._bits))
            ),
            reads.eq(bus.read & known),
            writes.eq(bus.write & known),
        ]
        return reads, writes, offset[1:], offset[0]

    def _go_on(
        self,
        m: Module,
        reads: Value,
        wanted: Value,
        writes: Value,
        place: Fields,
        upper: Value,
        fresh: Value,
        more: Value,
        again: Value,
    ) -> Value:
        """The word to be read next; returns its address."""
        count = len(self._bits)
        turn, next_place, next_upper = Signal(range(count)), Signal.like(place), Signal()
        m.d.comb += [next_place.eq(place), next_upper.eq(upper)]
        m.d.sync += fresh.eq(~writes)
        with m.If(reads):
            m.d.comb += [next_place.eq(wanted), next_upper.eq(0)]
            with m.If(again):
                m.d.sync += turn.eq(place)
        with m.Elif(fresh & ~writes):
            m.d.comb += next_upper.eq(more)
            with m.If(~more):
                m.d.comb += next_place.eq(turn)
                m.d.sync += turn.eq(Mux(turn == count - 1, 0, turn + 1))
                # A word that is written in this cycle is read again in the next one.
                m.d.sync += fresh.eq(upper | (turn != place))
        m.d.sync += [place.eq(next_place), upper.eq(next_upper)]
        return Cat(next_upper, next_place)

    def _collect(self, m: Module, visit: Value, visited: Value, shown: Value) -> Value:
        """Let the accumulators grow; the visited one starts again with `visit`. Returns that of
        the word which was read: never one that the bus writes, so that is not waited for."""
        accumulators = []
        for index, (counter, bits) in enumerate(self._bits.items()):
            most = ((1 << bits) - 1) * (2 * len(self._bits) + 4)  # in a round full of carries
            width = max(most.bit_length(), BUSY_BITS if counter in BUSY else 0)
            value = Signal(width, name=f"count_{counter.name.lower()}")
            m.d.sync += value.eq(value + getattr(self, _port(counter)))
            with m.If(visit & (visited == index)):
                m.d.sync += value.eq(getattr(self, _port(counter)))
            accumulators.append(value)
        return Array(accumulators)[shown]


def _port(counter: Counter) -> str:
    return f"add_{counter.name.lower()}"
