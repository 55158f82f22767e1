"""Frames of the serial link: bytes to words and back, with COBS and CRC (docs/link.md)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Fields, disjoint_memory
from axonloop.models.protocol import BODY_WORDS

FULL_RUN = 0xFF
"""The COBS code of 254 bytes without a zero behind them."""
STUFFING = 512
"""Bytes of the buffer in which COBS waits for the end of a run."""
NEARLY_EMPTY = 16
"""Bytes left in it when the next frame may come: time enough to have that one's first run ready
even at 4 cycles per bit. There is room for a whole frame then."""


class Heard(enum.Enum, shape=2):
    """The kinds of events that a deframer reports."""

    WORD = 0
    GOOD = 1
    BAD = 2


class Deframer(wiring.Component):
    """Takes frames apart. Rules:

    1. Every word of a body but the last, the CRC, is told as WORD, then GOOD or BAD once, with
       the zero that ends the frame. No more than 66 words are told.
    2. After a zero, all registers are as after reset.

    Latency: none from a zero to its event; a word is told with the last byte of the next one.
    A byte in two cycles, for the CRC takes half a byte per cycle.

    Members
    -------
    bytes : from the line
    events : of kind `Heard`; `data` belongs to WORD
    """

    def __init__(self) -> None:
        layout = data.StructLayout({"data": 32, "kind": Heard})
        super().__init__(
            {
                "bytes": In(stream.Signature(8, always_ready=True)),
                "events": Out(stream.Signature(layout, always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        byte = self.bytes.payload
        begun, full, run = Signal(), Signal(), Signal(8)
        end, code, taken = Signal(), Signal(), Signal()
        decoded = Signal(8)
        m.d.comb += [
            end.eq(self.bytes.valid & (byte == 0)),
            code.eq(self.bytes.valid & (byte != 0) & (run == 0)),
            taken.eq(self.bytes.valid & (byte != 0) & ((run != 0) | (begun & ~full))),
            decoded.eq(Mux(run == 0, 0, byte)),
        ]
        with m.If(end):
            m.d.sync += [begun.eq(0), full.eq(0), run.eq(0)]
        with m.Elif(code):
            m.d.sync += [begun.eq(1), full.eq(byte == FULL_RUN), run.eq(byte - 1)]
        with m.Elif(self.bytes.valid):
            m.d.sync += run.eq(run - 1)
        whole = self._words(m, end, taken, decoded)
        with m.If(end & begun):
            m.d.comb += [
                self.events.valid.eq(1),
                self.events.payload.kind.eq(Mux(whole & (run == 0), Heard.GOOD, Heard.BAD)),
            ]
        return m

    def _words(self, m: Module, end: Value, taken: Value, decoded: Value) -> Value:
        """Bring bytes together; returns whether they are a body with its CRC."""
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=4).create()
        second, later = Signal(), Signal(4)
        m.d.sync += second.eq(taken)
        with m.If(end):
            m.d.sync += later.eq(0)
        with m.Elif(taken):
            m.d.sync += later.eq(decoded[4:])
        m.d.comb += [
            crc.start.eq(end),
            crc.valid.eq((taken | second) & ~end),
            crc.data.eq(Mux(second, later, decoded[:4])),
        ]
        position, word, held = Signal(2), Signal(24), Signal(32)
        count, long, enough = Signal(range(BODY_WORDS + 1)), Signal(), Signal()
        room = count != BODY_WORDS
        m.d.comb += self.events.payload.data.eq(held)
        with m.If(end):
            m.d.sync += [position.eq(0), word.eq(0), held.eq(0), count.eq(0), long.eq(0)]
            m.d.sync += enough.eq(0)
        with m.Elif(taken):
            m.d.sync += [position.eq(position + 1), word.eq(Cat(word[8:], decoded)), long.eq(~room)]
            with m.If((position == 3) & room):
                m.d.comb += self.events.valid.eq(count != 0)
                m.d.comb += self.events.payload.kind.eq(Heard.WORD)
                m.d.sync += [held.eq(Cat(word, decoded)), count.eq(count + 1)]
                with m.If(count == 2):
                    m.d.sync += enough.eq(1)
        return (position == 0) & enough & ~long & crc.match_detected


class Stuffer(wiring.Component):
    """COBS: bytes of a body to bytes on the line, with the zero behind them.

    Bytes wait in a buffer until their run is over and its code is known; while one run is sent the
    next one is gathered, so that the line has no gaps. Rules:

    1. A byte comes in one of two cycles at most, and a body begins only while `low`: then the
       buffer has room for all of it.

    Latency: 2 cycles from the end of a run. A byte in 2 cycles out.

    Members
    -------
    body : bytes; with `end` the body is over, and the byte counts for nothing
    line : bytes for the line
    low : fewer than `NEARLY_EMPTY` bytes wait to be sent
    """

    def __init__(self) -> None:
        layout = data.StructLayout({"byte": 8, "end": 1})
        super().__init__(
            {
                "body": In(stream.Signature(layout, always_ready=True)),
                "line": Out(stream.Signature(8)),
                "low": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = memory = disjoint_memory(8, STUFFING)
        self._put, self._get = memory.write_port(), memory.read_port()
        self._whole = Signal(range(STUFFING))  # runs below it are whole
        self._gather(m)
        self._send(m)
        return m

    def _gather(self, m: Module) -> None:
        """`whole` is the address for the code of the run that is being gathered."""
        put, body, whole = self._put, self.body, self._whole
        address, count = Signal(range(STUFFING), init=1), Signal(8, init=1)
        m.d.comb += [put.addr.eq(whole), put.data.eq(count)]
        with m.FSM():
            with m.State("TAKE"), m.If(body.valid):
                m.d.comb += put.en.eq(1)
                with m.If(body.payload.end):
                    m.next = "END"
                with m.Elif(body.payload.byte == 0):
                    self._next_run(m, address, count)
                with m.Else():
                    m.d.comb += [put.addr.eq(address), put.data.eq(body.payload.byte)]
                    m.d.sync += [address.eq(address + 1), count.eq(count + 1)]
                    with m.If(count == FULL_RUN - 1):
                        m.next = "FULL"
            with m.State("FULL"):
                m.d.comb += put.en.eq(1)
                self._next_run(m, address, count)
                m.next = "TAKE"
            with m.State("END"):
                m.d.comb += [put.en.eq(1), put.addr.eq(address), put.data.eq(0)]
                m.d.sync += [whole.eq(address + 1), address.eq(address + 2), count.eq(1)]
                m.next = "TAKE"

    def _next_run(self, m: Module, address: Fields, count: Value) -> None:
        m.d.sync += [self._whole.eq(address), address.eq(address + 1), count.eq(1)]

    def _send(self, m: Module) -> None:
        read, left, shown = Signal(range(STUFFING)), Signal(range(STUFFING)), Signal()
        m.d.comb += [
            left.eq(self._whole - read),
            self.low.eq(left < NEARLY_EMPTY),
            self._get.addr.eq(read),
            self._get.en.eq(~shown),
            self.line.valid.eq(shown),
            self.line.payload.eq(self._get.data),
        ]
        with m.If(shown & self.line.ready):
            m.d.sync += shown.eq(0)
        with m.Elif(~shown & (left != 0)):
            m.d.sync += [shown.eq(1), read.eq(read + 1)]


class Enframer(wiring.Component):
    """Makes frames: bytes, with the CRC behind them, to bytes on the line. Rules:

    1. A byte comes in one of two cycles at most, for the CRC takes half a byte per cycle.
    2. A body begins only while `low`. It ends with the byte that is its `last`.

    Latency: as `Stuffer`.

    Members
    -------
    body : the bytes of a body but the CRC
    line : bytes for the line
    low : no frame is under way, and the line will soon have nothing to send
    """

    def __init__(self) -> None:
        layout = data.StructLayout({"byte": 8, "last": 1})
        super().__init__(
            {
                "body": In(stream.Signature(layout, always_ready=True)),
                "line": Out(stream.Signature(8)),
                "low": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.stuffer = stuffer = Stuffer()
        m.submodules.crc = crc = CRC32_ISO_HDLC(data_width=4).create()
        wiring.connect(m, stuffer=stuffer.line, line=wiring.flipped(self.line))
        body, byte, half = self.body, stuffer.body.payload.byte, Signal(8)
        taken, second, later, position = Signal(), Signal(), Signal(4), Signal(2)
        m.d.sync += [second.eq(taken), later.eq(half[4:])]
        m.d.comb += [
            byte.eq(body.payload.byte),
            half.eq(byte),
            stuffer.body.valid.eq(taken),
            crc.valid.eq(taken | second),
            crc.data.eq(Mux(second, later, half[:4])),
        ]
        with m.FSM() as fsm:
            m.d.sync += self.low.eq(stuffer.low & fsm.ongoing("WORDS") & ~body.valid)
            with m.State("WORDS"):
                m.d.comb += taken.eq(body.valid)
                with m.If(body.valid & body.payload.last):
                    m.next = "CHECK"
            with m.State("CHECK"), m.If(~second):
                # A CRC that hears what it would say moves on by as many bits.
                m.d.comb += [taken.eq(1), byte.eq(crc.crc[:8]), half.eq(~crc.crc[:8])]
                m.d.sync += position.eq(position + 1)
                with m.If(position == 3):
                    m.next = "END"
            with m.State("END"), m.If(~second):
                m.d.comb += [stuffer.body.valid.eq(1), stuffer.body.payload.end.eq(1)]
                m.d.comb += crc.start.eq(1)
                m.next = "WORDS"
        return m
