"""The board's end of the serial link (docs/link.md): frames in and out, words for the chip."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import Fields
from axonloop.hdl.link.buffers import Inbox, Outbox
from axonloop.hdl.link.framing import Deframer, Enframer, Heard
from axonloop.hdl.link.words import STATUS, LinkWords
from axonloop.models.config import ceil_log2
from axonloop.models.protocol import (
    FRAME_WORDS,
    HEADER_0,
    HEADER_1,
    NUMBER_BITS,
    FrameKind,
    LinkConfig,
    Reason,
    Status,
)

RESET_CYCLES = 4
"""Cycles for which a new session holds the chip in reset."""
HEADERS = data.StructLayout(
    {name: field.width for fields in (HEADER_0, HEADER_1) for name, field in fields.items()}
)
"""Both header words, in the order of their bits."""


def is_before(number: Value, other: Value) -> Value:
    """Is word `number` before word `other`?"""
    return (number - other)[NUMBER_BITS - 1]


class Link(wiring.Component):
    """Between the bytes of a line and a chip. `identity`: the words of the identification.

    Rules: docs/link.md. Frames are answered one at a time: what is owed is kept in one bit of
    each kind. Nothing here waits for anything but the line and the chip.

    Latency: the header of a frame is made when fewer than 16 bytes wait to be sent.

    Members
    -------
    received, sent : bytes from and to the line
    commands, replies : words to and from the chip
    chip_reset : the chip must be in reset; for `RESET_CYCLES` with every new session
    session : there is a session
    """

    def __init__(self, config: LinkConfig, identity: Sequence[int]) -> None:
        self._config, self._identity = config, identity
        self._bits = ceil_log2(config.reply_depth) + 1
        """So many bits tell how far words in the buffer are apart."""
        super().__init__(
            {
                "received": In(stream.Signature(8, always_ready=True)),
                "sent": Out(stream.Signature(8)),
                "commands": Out(stream.Signature(32)),
                "replies": In(stream.Signature(32)),
                "chip_reset": Out(1),
                "session": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.deframer = self._deframer = Deframer()
        m.submodules.enframer = self._enframer = Enframer()
        m.submodules.inbox = self._inbox = Inbox(self._config.command_depth)
        m.submodules.outbox = self._outbox = Outbox(self._config.reply_depth)
        m.submodules.told = self._told = LinkWords(self._identity)
        connect(m, line=flipped(self.received), deframer=self._deframer.bytes)
        connect(m, enframer=self._enframer.line, line=flipped(self.sent))
        connect(m, inbox=self._inbox.words, chip=flipped(self.commands))
        connect(m, chip=flipped(self.replies), outbox=self._outbox.words)
        self._declare(m)
        self._speak(m)
        self._listen(m)
        self._watch(m)
        return m

    def _declare(self, m: Module) -> None:
        """State and wires that both directions of the link share."""
        self._open, self._session, self._reason = Signal(), Signal(32), Signal(Reason)
        owed = data.StructLayout(dict.fromkeys(FrameKind.__members__, 1))
        self._owed: Fields = Signal(owed)
        self._complaint = Signal()
        self._acknowledged, self._next = Signal(NUMBER_BITS), Signal(NUMBER_BITS)
        self._limit, self._back = Signal(NUMBER_BITS), Signal()
        self._last_limit = Signal(ceil_log2(self._config.command_depth) + 1)
        self._epoch, self._refused = Signal(HEADER_1["epoch"].width), Signal(8)
        self._counts = [Signal(name=f"count_{entry.name}") for entry in Status]
        hold = Signal(range(RESET_CYCLES + 1), init=RESET_CYCLES)
        self._restart = Signal()
        with m.If(self._restart):
            m.d.sync += hold.eq(RESET_CYCLES)
        with m.Elif(hold != 0):
            m.d.sync += hold.eq(hold - 1)
        m.d.comb += [
            self.chip_reset.eq(hold != 0),
            self.session.eq(self._open),
            self._inbox.clear.eq(hold != 0),
            self._outbox.clear.eq(hold != 0),
            self._outbox.acknowledged.eq(self._acknowledged),
            self._told.count.eq(Cat(self._counts)),
            self._told.open.eq(self._restart),
        ]

    def _count(self, m: Module, counter: Status) -> None:
        m.d.comb += self._counts[counter].eq(1)

    def _listen(self, m: Module) -> None:
        """Keep the headers of a frame, with OPEN the session; store data of which there is use."""
        events, inbox = self._deframer.events, self._inbox
        index, lacked = Signal(range(4)), Signal()
        words = Signal(64)
        header = HEADERS(words)
        word = events.valid & (events.payload.kind == Heard.WORD)
        good = events.valid & (events.payload.kind == Heard.GOOD)
        bad = events.valid & (events.payload.kind == Heard.BAD)
        ours = self._open & (header.session == self._session[:8])
        fits = ours & (header.kind == FrameKind.DATA) & (header.sequence == inbox.expected)
        m.d.comb += [inbox.data.eq(events.payload.data), inbox.put.eq(word & (index >= 2) & fits)]
        m.d.sync += self._back.eq(0)
        with m.If(self._back | (self._next - self._acknowledged)[self._bits]):
            m.d.sync += self._next.eq(self._acknowledged)
        with m.If(word):
            with m.Switch(index):
                with m.Case(0):
                    m.d.sync += words[:32].eq(events.payload.data)
                with m.Case(1):
                    m.d.sync += words[32:].eq(events.payload.data)
                with m.Case(2), m.If(header.kind == FrameKind.OPEN):
                    m.d.sync += words[:32].eq(events.payload.data)
            with m.If(index != 3):
                m.d.sync += index.eq(index + 1)
            with m.If(inbox.put & ~inbox.room):
                m.d.sync += lacked.eq(1)
        with m.If(good | bad):
            m.d.sync += [index.eq(0), lacked.eq(0)]
            m.d.comb += inbox.drop.eq(1)
        has_words, opens = index == 3, header.kind == FrameKind.OPEN
        with m.If(bad | (good & opens & ~has_words)):
            self._count(m, Status.BAD)
            with m.If(self._open):
                m.d.sync += [self._owed.DATA.eq(1), self._complaint.eq(1)]
        with m.Elif(good & opens):
            self._hear_open(m, words[:32])
        with m.Elif(good & ours):
            self._count(m, Status.RECEIVED)
            self._hear_header(m, header)
            with m.If((header.kind == FrameKind.DATA) & has_words):
                self._hear_words(m, header, fits & ~lacked)
        with m.Elif(good):
            self._count(m, Status.FOREIGN)
            m.d.sync += [self._owed.LOST.eq(1), self._refused.eq(header.session)]

    def _hear_open(self, m: Module, session: Value) -> None:
        """Begin the session, unless it is the present one."""
        m.d.comb += self._told.session.eq(session)
        with m.If(~self._open | (self._session != session)):
            m.d.comb += self._restart.eq(1)
            m.d.sync += [
                self._open.eq(1),
                self._session.eq(session),
                self._reason.eq(Reason.NONE),
                self._owed.eq(0),
                self._complaint.eq(0),
                self._acknowledged.eq(0),
                self._next.eq(0),
                self._limit.eq(0),
                self._epoch.eq(0),
            ]
        m.d.sync += self._owed.OPEN.eq(1)

    def _hear_header(self, m: Module, header: Fields) -> None:
        """Acknowledgement, limit, and whether to go back or to answer."""
        # What waits for its acknowledgement lies within the depth of the buffer.
        old = (header.acknowledge - self._acknowledged)[self._bits : NUMBER_BITS].any()
        new = (self._outbox.written - header.acknowledge)[self._bits : NUMBER_BITS].any()
        m.d.sync += [self._limit.eq(header.limit), self._epoch.eq(header.epoch)]
        with m.If(~old & ~new):
            m.d.sync += self._acknowledged.eq(header.acknowledge)
        with m.If(header.repeat & (header.epoch != self._epoch)):
            m.d.sync += self._back.eq(1)
            self._count(m, Status.RETURNS)
        with m.If(header.ask):
            m.d.sync += self._owed.DATA.eq(1)
        with m.If(header.kind == FrameKind.STATUS):
            m.d.sync += self._owed.STATUS.eq(1)

    def _hear_words(self, m: Module, header: Fields, fits: Value) -> None:
        with m.If(fits):
            m.d.comb += self._inbox.commit.eq(1)
        with m.Else():
            self._count(m, Status.ASTRAY)
            m.d.sync += self._owed.DATA.eq(1)
            with m.If(~is_before(header.sequence, self._inbox.expected)):
                m.d.sync += self._complaint.eq(1)

    def _speak(self, m: Module) -> None:
        """Send a frame when section 7 says so."""
        words, outbox = self._enframer.words, self._outbox
        head, left = Signal(64), Signal(range(FRAME_WORDS + 1))
        kind, number = Signal(FrameKind), Signal(NUMBER_BITS)
        word = Mux(kind == FrameKind.DATA, outbox.data, self._told.data)
        told = Mux(kind == FrameKind.STATUS, STATUS, 0) | number[: STATUS.bit_length() - 1]
        m.d.comb += [
            outbox.number.eq(number),
            words.payload.data.eq(word),
            words.payload.last.eq(left == 0),
            self._told.index.eq(told),
        ]
        due, heard = Signal(range(FRAME_WORDS + 1)), Signal()
        m.d.sync += heard.eq(self._deframer.events.valid)
        with m.FSM():
            with m.State("COUNT"):
                m.d.sync += due.eq(self._due_words(m))
                m.next = "CHOOSE"
            with m.State("CHOOSE"):
                m.next = "COUNT"
                # What was heard since may change what is due.
                with m.If(self._enframer.low & ~self.chip_reset & ~heard):
                    self._choose(m, head, kind, left, number, due)
            with m.State("FIRST"):
                m.d.comb += [words.valid.eq(1), words.payload.data.eq(head[:32])]
                m.d.comb += words.payload.last.eq(0)
                with m.If(words.ready):
                    m.next = "SECOND"
            with m.State("SECOND"):
                m.d.comb += [words.valid.eq(1), words.payload.data.eq(head[32:])]
                with m.If(words.ready):
                    self._go_on(m, left)
            with m.State("FETCH"):
                m.d.comb += self._told.fetch.eq(1)
                with m.If(self._told.settled | (kind == FrameKind.DATA)):
                    m.d.sync += left.eq(left - 1)
                    m.next = "DATA"
            with m.State("DATA"):
                m.d.comb += [words.valid.eq(1), self._told.hold.eq(1)]
                with m.If(words.ready):
                    m.d.sync += number.eq(number + 1)
                    self._go_on(m, left)

    def _choose(
        self, m: Module, head: Value, kind: Signal, left: Value, number: Value, count: Value
    ) -> None:
        """The next frame, if one is due: its headers, and how many words of what follow."""
        limit = (self._inbox.taken + self._config.command_depth)[:NUMBER_BITS]
        moved = (limit - self._last_limit)[: len(self._last_limit)]
        news = moved >= self._config.command_depth // 4
        open_, owed = self._open, self._owed
        header, lost = Signal(HEADERS), self._owed.LOST & ~self._owed.OPEN
        m.d.comb += [
            header.sequence.eq(Mux(lost, self._reason, self._next)),
            header.acknowledge.eq(Mux(lost, 0, self._inbox.expected)),
            header.limit.eq(Mux(lost, 0, limit)),
            header.repeat.eq(Mux(lost, 0, self._complaint)),
            header.epoch.eq(Mux(lost, 0, self._epoch)),
            header.session.eq(Mux(lost, self._refused, self._session[:8])),
        ]
        m.d.sync += [head.eq(header.as_value()), kind.eq(header.kind), number.eq(0)]
        with m.If(owed.OPEN):
            self._tell(m, header, FrameKind.OPEN, limit)
            m.d.sync += left.eq(len(self._identity))
        with m.Elif(owed.LOST):
            m.d.comb += header.kind.eq(FrameKind.LOST)
            m.d.sync += [left.eq(0), owed.LOST.eq(0)]
            self._begin_frame(m)
        with m.Elif(open_ & owed.STATUS):
            self._tell(m, header, FrameKind.STATUS, limit)
            m.d.sync += left.eq(len(Status))
        with m.Elif(open_ & (owed.DATA | (count != 0) | news)):
            self._tell(m, header, FrameKind.DATA, limit)
            m.d.sync += [left.eq(count), number.eq(self._next), self._next.eq(self._next + count)]

    def _due_words(self, m: Module) -> Signal:
        """How many words are to be sent now; none with what is owed."""
        outbox, count = self._outbox, Signal(range(FRAME_WORDS + 1))
        waiting = (outbox.written - self._next)[: self._bits]
        answer = (self._next - outbox.complete)[self._bits]
        allowed = (self._limit - self._next)[:NUMBER_BITS]
        wanted = (waiting >= FRAME_WORDS) | answer
        most = Mux(waiting < FRAME_WORDS, waiting, FRAME_WORDS)[: len(count)]
        with m.If(wanted & ~allowed[NUMBER_BITS - 1] & ~self._owed.DATA):
            few = ~allowed[len(count) :].any() & (allowed[: len(count)] < most)
            m.d.comb += count.eq(Mux(few, allowed, most))
        return count

    def _tell(self, m: Module, header: Fields, kind: FrameKind, limit: Value) -> None:
        """A frame with this end's state: one for all that was owed."""
        m.d.comb += header.kind.eq(kind)
        m.d.sync += [
            self._last_limit.eq(limit),
            self._complaint.eq(0),
            self._owed.DATA.eq(0),
            self._owed[kind.name].eq(0),
        ]
        self._begin_frame(m)

    def _begin_frame(self, m: Module) -> None:
        self._count(m, Status.SENT)
        m.next = "FIRST"

    def _go_on(self, m: Module, left: Value) -> None:
        m.next = "COUNT"
        with m.If(left != 0):
            m.next = "FETCH"

    def _watch(self, m: Module) -> None:
        """The watchdog: a chip that moves no word ends the session."""
        commands, replies = self.commands, self.replies
        quiet = Signal(self._config.watchdog_bits + 1)
        moves = (commands.valid & commands.ready) | replies.valid
        m.d.sync += quiet.eq(quiet + 1)
        with m.If(moves | ~commands.valid | ~self._open | self.chip_reset):
            m.d.sync += quiet.eq(0)
        with m.Elif(quiet[-1]):
            m.d.sync += [self._open.eq(0), self._reason.eq(Reason.WATCHDOG)]
