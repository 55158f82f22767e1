"""Packets from the host: decoded, checked, carried out one after the other, answered."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    CORE_BITS,
    BusSignature,
    Fields,
    TickPort,
    address_bits,
    bus_latency,
    bus_registers,
    delay_strobe,
    error_layout,
    header_layout,
    is_below,
    spike_layout,
)
from axonloop.models.config import Geometry
from axonloop.models.protocol import (
    NEAR_NEURONS,
    READ_ONLY,
    Control,
    Fault,
    Kind,
    Region,
    region_words,
)

COUNT_BITS = 16
REGION_BITS = 6
"""Bits of a region's number that are kept; those above are 0 in all that there are."""


def for_all_cores(kind: Value) -> Value:
    """Is a packet of this kind for the whole chip?"""
    return (kind >= Kind.TICK) & (kind <= Kind.CLEAR)


def payload_words(header: Fields) -> Value:
    """Words that follow a header on its way to the chip."""
    count = header.argument[:COUNT_BITS]
    return Mux(header.kind == Kind.WRITE, count + 1, header.kind == Kind.READ)


class Commands(wiring.Component):
    """Carries out the packets for one core (docs/contract.md, section 6). Rules:

    1. Packets take effect in order; the next one waits until the core is idle again. Spikes and
       register words take one cycle each, error events 2, register words on their way out
       `bus_latency` + 2; after the last register word comes a cycle per `bus_registers`.
    2. A packet that is refused changes nothing; its payload is dropped, and FAULT is sent.
    3. `replies` may stall for ever; then the core waits, nothing is dropped.
    4. TICK, LEARN and CLEAR are for the whole chip and carry the number of its first core, 0 or
       that of a core which is `alone`; all other packets carry this core's own `number`.
    5. A TICK shows `waiting` until `start`, then runs, then shows `finished` until `finish`. Only
       then comes its answer, from the first core alone, and then learning.
    6. `words.ready` depends on no input of the same cycle.

    Latency: `waiting` rises one cycle after TICK was taken; `tick` is `start` and `finished` is
    `done` in the same cycle.

    Members
    -------
    number : of this core in its chip, a constant
    words, replies : 32-bit words of packets, from and to the host
    reports : neurons whose spikes the host hears, while a tick runs
    spikes, errors : accepted events
    tick, learn, clear : strobes that start work; `done` falls in the next cycle and rises again
    ticks : rule 5, and `idle` while no packet is in work
    learned, tick_number : from the control registers; the number is that of the tick that ran
    fault : a packet was refused
    """

    def __init__(self, geometry: Geometry, *, alone: bool) -> None:
        self._geometry, self._alone = geometry, alone
        super().__init__(
            {
                "number": In(CORE_BITS),
                "words": In(stream.Signature(32)),
                "replies": Out(stream.Signature(32)),
                "reports": In(stream.Signature(address_bits(geometry.neurons))),
                "spikes": Out(stream.Signature(spike_layout(geometry))),
                "errors": Out(stream.Signature(error_layout(geometry))),
                "tick": Out(1),
                "learn": Out(1),
                "clear": Out(1),
                "done": In(1),
                "ticks": Out(TickPort()),
                "learned": In(1),
                "tick_number": In(32),
                "fault": Out(1),
                "bus": Out(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        most = max(region_words(self._geometry).values())
        self._header, self._kind = Signal(header_layout()), Signal(4)
        self._learns, self._astray, self._code = Signal(), Signal(), Signal(4)
        self._region, self._left = Signal(REGION_BITS), Signal(COUNT_BITS)
        self._offset, self._absent = Signal(range(most)), Signal()
        address = Cat(self._offset, Const(0, 24 - len(self._offset)), self._region)
        m.d.comb += [
            self._header.as_value().eq(self.words.payload),
            self.bus.address.eq(address),
            self.bus.write_data.eq(self.words.payload),
        ]
        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += self.ticks.idle.eq(1)
                self._decode(m)
            with m.State("REST"):
                m.next = "HEADER"
            with m.State("REFUSE"):
                self._refuse(m)
            with m.State("WAIT START"):
                m.d.comb += [self.ticks.waiting.eq(1), self.tick.eq(self.ticks.start)]
                with m.If(self.ticks.start):
                    m.next = "WAIT TICK"
            with m.State("WAIT TICK"):
                self._report(m)
                m.d.comb += self.ticks.finished.eq(self.done)
                with m.If(self.ticks.finish):
                    m.next = "TICK DONE"
            with m.State("TICK DONE"):
                self._answer_tick(m)
            with m.State("START"):
                m.next = "WAIT"
            with m.State("WAIT"), m.If(self.done):
                m.next = "HEADER"
            with m.State("ADDRESS"):
                m.d.comb += self.words.ready.eq(1)
                offset, region = self.words.payload[:24], self.words.payload[24:]
                m.d.sync += [self._offset.eq(offset), self._region.eq(region)]
                m.d.sync += self._absent.eq(
                    offset[len(self._offset) :].any() | region[REGION_BITS:].any()
                )
                with m.If(self.words.valid):
                    m.next = "CHECK"
            with m.State("CHECK"):
                self._check(m)
            with m.State("WRITE"):
                self._write(m)
            with m.State("DATA"):
                self._reply(m, Kind.DATA, self._left)
                with m.If(self.replies.ready):
                    m.next = "READ"
            with m.State("READ"):
                self._read(m)
        return m

    def _reply(self, m: Module, kind: Kind, argument: Value) -> None:
        m.d.comb += [
            self.replies.valid.eq(1),
            self.replies.payload.eq(kind << 28 | self.number << 20 | argument),
        ]

    def _answer_tick(self, m: Module) -> None:
        """The first core answers; all learn."""
        first = self._alone | (self.number == 0)
        with m.If(first):
            self._reply(m, Kind.TICK, self.tick_number[:20])
        with m.If(~first | self.replies.ready):
            m.d.comb += self.learn.eq(self._learns)
            m.next = "START"

    def _report(self, m: Module) -> None:
        m.d.comb += [
            self.replies.valid.eq(self.reports.valid),
            self.replies.payload.eq(Kind.SPIKE << 28 | self.number << 20 | self.reports.payload),
            self.reports.ready.eq(self.replies.ready),
        ]

    def _reject(self, m: Module, code: Fault | Value) -> None:
        m.d.sync += self._code.eq(code)
        m.next = "REFUSE"

    def _refuse(self, m: Module) -> None:
        """Drop the words of a WRITE, then answer FAULT."""
        with m.If((self._kind == Kind.WRITE) & (self._left != 0)):
            m.d.comb += self.words.ready.eq(1)
            with m.If(self.words.valid):
                m.d.sync += self._left.eq(self._left - 1)
        with m.Else():
            self._reply(m, Kind.FAULT, Cat(self._code, self._kind))
            with m.If(self.replies.ready):
                m.d.comb += self.fault.eq(1)
                m.next = "HEADER"

    def _decode(self, m: Module) -> None:
        header = self._header
        m.d.comb += self.words.ready.eq(1)
        m.d.sync += [
            self._kind.eq(header.kind),
            self._left.eq(header.argument),
            self._learns.eq(header.argument[0]),
            self._astray.eq(0),
        ]
        known = (header.kind >= Kind.SPIKE) & (header.kind <= Kind.READ)
        if self._geometry.neurons > NEAR_NEURONS:
            known |= header.kind == Kind.FAR_ERROR
        first = self.number if self._alone else 0
        expected = Mux(for_all_cores(header.kind), first, self.number)
        with m.If(self.words.valid):
            with m.If(~known):
                self._reject(m, Fault.KIND)
            with m.Elif(header.core != expected):
                m.d.sync += self._astray.eq(1)
                self._reject(m, Fault.CORE)
                with m.If((header.kind == Kind.WRITE) | (header.kind == Kind.READ)):
                    m.next = "ADDRESS"
            with m.Else():
                self._dispatch(m)

    def _dispatch(self, m: Module) -> None:
        header, geometry = self._header, self._geometry
        axon, slot_delay = header.argument[:16], header.argument[16:20]
        neuron = header.argument[8:19]
        errors: tuple[Kind, ...] = (Kind.ERROR,)
        if geometry.neurons > NEAR_NEURONS:
            errors = (Kind.ERROR, Kind.FAR_ERROR)
            neuron = Cat(neuron, header.kind == Kind.FAR_ERROR)
        m.d.comb += [
            self.spikes.payload.axon.eq(axon),
            self.spikes.payload.delay.eq(slot_delay),
            self.errors.payload.value.eq(header.argument[:8].as_signed()),
            self.errors.payload.neuron.eq(neuron),
            self.errors.payload.ungated.eq(header.argument[19]),
        ]
        with m.Switch(header.kind):
            with m.Case(Kind.SPIKE):
                inside = is_below(axon, geometry.axons) & (slot_delay <= geometry.max_delay)
                m.d.comb += self.spikes.valid.eq(inside)
                with m.If(~inside):
                    self._reject(m, Fault.RANGE)
            with m.Case(*errors):
                inside = is_below(neuron, geometry.neurons)
                m.d.comb += self.errors.valid.eq(inside)
                m.next = "REST"
                with m.If(~inside):
                    self._reject(m, Fault.RANGE)
            with m.Case(Kind.TICK):
                m.next = "WAIT START"
            with m.Case(Kind.LEARN):
                m.d.comb += self.learn.eq(~self.learned)
                m.next = "START"
                with m.If(self.learned):
                    self._reject(m, Fault.LEARNED)
            with m.Case(Kind.CLEAR):
                m.d.comb += self.clear.eq(1)
                m.next = "START"
            with m.Case(Kind.WRITE, Kind.READ):
                m.next = "ADDRESS"

    def _check(self, m: Module) -> None:
        """Does the access lie inside its region, and may it be written?"""
        sizes = region_words(self._geometry)
        words = Signal(range(max(sizes.values()) + 1))
        with m.Switch(self._region):
            for number, size in sizes.items():
                with m.Case(number):
                    m.d.comb += words.eq(size)
        writing, fixed = self._kind == Kind.WRITE, Signal()
        m.d.comb += fixed.eq((self._region == Region.CONTROL) & (self._offset < Control.TICK))
        if self._geometry.convolutions:
            behind = (self._offset < Control.COUNTERS) & (
                self._offset + self._left > Control.CONVOLUTIONS
            )
            with m.If((self._region == Region.CONTROL) & behind):
                m.d.comb += fixed.eq(1)
        with m.If(Cat(self._region == number for number in READ_ONLY).any()):
            m.d.comb += fixed.eq(1)
        inside = (self._offset + self._left <= words) & (self._left != 0) & ~self._absent
        with m.If(~inside | (writing & fixed) | self._astray):
            self._reject(m, Mux(self._astray, Fault.CORE, Fault.RANGE))
        with m.Elif(writing):
            m.next = "WRITE"
        with m.Else():
            m.next = "DATA"

    def _write(self, m: Module) -> None:
        m.d.comb += [self.words.ready.eq(1), self.bus.write.eq(self.words.valid)]
        with m.If(self.words.valid):
            m.d.sync += [self._offset.eq(self._offset + 1), self._left.eq(self._left - 1)]
            with m.If(self._left == 1):
                # The parts see the word a cycle later, and what follows must find it there.
                m.next = "REST" if bus_registers(self._geometry) else "HEADER"

    def _read(self, m: Module) -> None:
        """One word after the other: asked for, kept, sent."""
        asked = delay_strobe(m, self.bus.read, bus_latency(self._geometry), "asked")
        word, kept, more = Signal(32), Signal(), Signal(init=1)
        resting = ~(Cat(asked[1:]).any() | kept)
        m.d.comb += [
            self.bus.read.eq(resting & more),
            self.replies.valid.eq(kept),
            self.replies.payload.eq(word),
        ]
        with m.If(self.bus.read):
            m.d.sync += [self._offset.eq(self._offset + 1), self._left.eq(self._left - 1)]
            m.d.sync += more.eq(self._left != 1)
        with m.If(kept & self.replies.ready):
            m.d.sync += kept.eq(0)
        with m.If(asked[-1]):
            m.d.sync += [word.eq(self.bus.read_data), kept.eq(1)]
        with m.If(resting & ~more):
            m.d.sync += more.eq(1)
            m.next = "HEADER"
