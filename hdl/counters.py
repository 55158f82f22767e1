"""The counters of a core: totals in one small memory, what was just counted beside it."""

from amaranth.hdl import Array, Cat, Module, Mux, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In

from axonloop.hdl.payloads import BusSignature
from axonloop.models.config import ceil_log2
from axonloop.models.registers import COUNTER_BITS, Control, Counter, Region

LEAST_BITS = 8
"""Width for those that go on counting while the bus is in use, by 1 per cycle."""


class Counters(wiring.Component):
    """Counters of 48 bits that wrap. Rules:

    1. Counter n grows by its increment in every cycle. Counters that `increment_bits` does not
       name have no hardware: they read 0 and ignore writes.
    2. A read gives the value at the end of the cycle of its strobe, exactly; a write sets one half,
       and the increment of its cycle is lost.
    3. A counter is visited once per round of all if the bus rests, and within 256 cycles in any
       case: a packet leaves 3 cycles or more to the rounds, and one that does not touch
       CYCLES or STALLS holds at most 22 words of counters.

    One counter is visited per cycle, in turn, or as the bus asks: its total is read, and in the
    next cycle written back with what its accumulator held.

    Latency: reads as every bus, `BUS_LATENCY`. A memory of one word per counter, one adder of 48
    bits, and an accumulator of 8 bits or little more for each counter.

    Members
    -------
    add_{counter} : by how much the counter grows in this cycle
    """

    def __init__(self, increment_bits: dict[Counter, int]) -> None:
        self._bits = increment_bits
        increments = {_port(counter): In(bits) for counter, bits in increment_bits.items()}
        super().__init__(increments | {"bus": In(BusSignature())})

    def elaborate(self, platform) -> Module:
        m = Module()
        bus, count = self.bus, len(self._bits)
        m.submodules.totals = totals = memory.Memory(shape=COUNTER_BITS, depth=count, init=[])
        write = totals.write_port()
        read = totals.read_port(transparent_for=(write,))
        access, known, kept = Signal(), Signal(), Signal(32)
        turn, visited = Signal(range(count)), Signal(range(count))
        visit, reading, writing, high = (
            Signal(name=name) for name in ("visit", "reading", "writing", "high")
        )
        offset = bus.address[:8] - Control.COUNTERS
        m.d.comb += [
            access.eq(
                (bus.read | bus.write)
                & (bus.address[24:] == Region.CONTROL)
                & (bus.address[:8] >= Control.COUNTERS)
            ),
            known.eq((offset >> 1) < count),
            read.addr.eq(Mux(access, offset >> 1, turn)),
        ]
        m.d.sync += [
            visited.eq(read.addr),
            visit.eq(~access | known),
            reading.eq(access & bus.read),
            writing.eq(access & bus.write),
            high.eq(bus.address[0]),
            kept.eq(bus.write_data),
        ]
        with m.If(~access):
            m.d.sync += turn.eq(Mux(turn == count - 1, 0, turn + 1))
        total = Signal(COUNTER_BITS)
        m.d.comb += [
            total.eq(read.data + self._collect(m, visit, visited)),
            write.en.eq(visit),
            write.addr.eq(visited),
            write.data.eq(
                Cat(
                    Mux(writing & ~high, kept, total[:32]),
                    Mux(writing & high, kept[:16], total[32:]),
                )
            ),
        ]
        m.d.comb += bus.read_data.eq(Mux(reading & visit, Mux(high, total[32:], total[:32]), 0))
        return m

    def _collect(self, m, visit, visited):
        """Let the accumulators grow; returns the visited one, which starts again."""
        accumulators = []
        for index, (counter, bits) in enumerate(self._bits.items()):
            name = f"count_{counter.name.lower()}"
            value = Signal(max(bits + ceil_log2(len(self._bits)), LEAST_BITS), name=name)
            m.d.sync += value.eq(value + getattr(self, _port(counter)))
            with m.If(visit & (visited == index)):
                m.d.sync += value.eq(getattr(self, _port(counter)))
            accumulators.append(value)
        return Array(accumulators)[visited]


def _port(counter: Counter) -> str:
    return f"add_{counter.name.lower()}"
