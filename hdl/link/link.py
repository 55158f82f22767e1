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
SETTLING = 4
"""Cycles from the end of a frame that was heard until what is due is known anew."""
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
        self._limit, self._back, self._heard = Signal(NUMBER_BITS), Signal(), Signal(SETTLING)
        self._due, self._news = Signal(range(FRAME_WORDS + 1)), Signal()
        self._own_limit = (self._inbox.taken + self._config.command_depth)[:NUMBER_BITS]
        self._last_limit = Signal(ceil_log2(self._config.command_depth) + 1)
        self._epoch, self._refused = Signal(HEADER_1["epoch"].width), Signal(8)
        self._counts = [Signal(name=f"count_{entry.name}") for entry in Status]
        hold = Signal(range(RESET_CYCLES + 1), init=RESET_CYCLES)
        self._restart = Signal()
        self._ours, self._present, self._fits, self._known = (Signal() for _ in range(4))
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
        """Keep the headers of a frame, with OPEN the session; store data of which there is use.

        Headers stay as they are until the next frame: what is compared with them is a cycle old.
        """
        events, inbox = self._deframer.events, self._inbox
        index, lacked = Signal(range(4)), Signal()
        words = Signal(64)
        header = HEADERS(words)
        word, good, bad = Signal(), Signal(), Signal()
        m.d.comb += [
            word.eq(events.valid & (events.payload.kind == Heard.WORD)),
            inbox.data.eq(events.payload.data),
            inbox.put.eq(word & (index >= 2) & self._ours & self._fits),
        ]
        m.d.sync += [
            good.eq(events.valid & (events.payload.kind == Heard.GOOD)),
            bad.eq(events.valid & (events.payload.kind == Heard.BAD)),
            self._heard.eq(Cat(events.valid, self._heard)),
        ]
        self._compare(m, words)
        self._go_back(m)
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
        with m.Elif(good & self._ours):
            self._count(m, Status.RECEIVED)
            self._hear_header(m, header)
            with m.If((header.kind == FrameKind.DATA) & has_words):
                self._hear_words(m, header, self._fits & ~lacked)
        with m.Elif(good):
            self._count(m, Status.FOREIGN)
            m.d.sync += [self._owed.LOST.eq(1), self._refused.eq(header.session)]

    def _compare(self, m: Module, words: Value) -> None:
        """Is the frame of our session, or, with OPEN, of the one that is there? Do its data fit on?
        Can the acknowledgement be true?"""
        header, acknowledged, expected = HEADERS(words), self._acknowledged, self._inbox.expected
        # What waits for its acknowledgement lies within the depth of the buffer.
        old = (header.acknowledge - acknowledged)[self._bits : NUMBER_BITS].any()
        new = (self._outbox.written - header.acknowledge)[self._bits : NUMBER_BITS].any()
        m.d.sync += [
            self._ours.eq(self._open & (header.session == self._session[:8])),
            self._present.eq(self._open & (words[:32] == self._session)),
            self._fits.eq((header.kind == FrameKind.DATA) & (header.sequence == expected)),
            self._known.eq(~old & ~new),
        ]

    def _go_back(self, m: Module) -> None:
        """The next word is never one before the acknowledged."""
        m.d.sync += self._back.eq(0)
        with m.If(self._back | (self._next - self._acknowledged)[self._bits]):
            m.d.sync += self._next.eq(self._acknowledged)

    def _hear_open(self, m: Module, session: Value) -> None:
        """Begin the session, unless it is the present one."""
        m.d.comb += self._told.session.eq(session)
        with m.If(~self._present):
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
        m.d.sync += [self._limit.eq(header.limit), self._epoch.eq(header.epoch)]
        with m.If(self._known):
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
        body, outbox, told = self._enframer.body, self._outbox, self._told
        head, left = Signal(64), Signal(range(FRAME_WORDS + 1))
        kind, number = Signal(FrameKind), Signal(NUMBER_BITS)
        heading, place = Signal(), Signal(range(8))
        reply, note = Signal(16), Signal(16)
        half = (reply | note).word_select(place[0], 8)
        first = Mux(kind == FrameKind.STATUS, STATUS, 0)
        over = (place[:2] == 3) & (place[2] | ~heading)
        m.d.comb += [
            outbox.number.eq(number),
            told.index.eq(first | number[: STATUS.bit_length() - 1]),
            body.payload.byte.eq(head[:8] | half),
            body.payload.last.eq(over & (left == 0)),
        ]
        self._reckon(m)
        m.d.sync += [
            reply.eq(outbox.data.word_select(place[1], 16)),
            note.eq(told.data.word_select(place[1], 16)),
        ]
        # All but the one that is to be sent are 0.
        with m.If(heading | (kind != FrameKind.DATA)):
            m.d.sync += reply.eq(0)
        with m.If(heading | (kind == FrameKind.DATA)):
            m.d.sync += note.eq(0)
        with m.FSM():
            with m.State("CHOOSE"):
                # What was heard changes what is due.
                with m.If(self._enframer.low & ~self.chip_reset & ~self._heard.any()):
                    self._choose(m, head, kind, left, number)
                m.d.sync += heading.eq(1)
            with m.State("FETCH"):
                m.d.comb += told.fetch.eq(1)
                with m.If(told.settled | (kind == FrameKind.DATA)):
                    m.d.sync += left.eq(left - 1)
                    m.next = "PICK"
            with m.State("PICK"):
                m.d.comb += told.hold.eq(1)
                m.next = "BYTE"
            with m.State("BYTE"):
                m.d.comb += [body.valid.eq(1), told.hold.eq(1)]
                m.d.sync += place.eq(place + 1)
                m.next = "PICK"
                with m.If(heading):
                    m.d.sync += head.eq(head[8:])
                with m.If(over):
                    m.d.sync += [heading.eq(0), place.eq(0)]
                    with m.If(~heading):
                        m.d.sync += number.eq(number + 1)
                    m.next = "CHOOSE"
                    with m.If(left != 0):
                        m.next = "FETCH"

    def _choose(self, m: Module, head: Value, kind: Value, left: Value, number: Value) -> None:
        """The next frame, if one is due: its headers, and how many words of what follow."""
        open_, owed, count = self._open, self._owed, self._due
        header, lost = Signal(HEADERS), self._owed.LOST & ~self._owed.OPEN
        m.d.comb += [
            header.sequence.eq(Mux(lost, self._reason, self._next)),
            header.acknowledge.eq(Mux(lost, 0, self._inbox.expected)),
            header.limit.eq(Mux(lost, 0, self._own_limit)),
            header.repeat.eq(Mux(lost, 0, self._complaint)),
            header.epoch.eq(Mux(lost, 0, self._epoch)),
            header.session.eq(Mux(lost, self._refused, self._session[:8])),
        ]
        m.d.sync += [head.eq(header.as_value()), kind.eq(header.kind), number.eq(0)]
        with m.If(owed.OPEN):
            self._tell(m, header, FrameKind.OPEN)
            m.d.sync += left.eq(len(self._identity))
        with m.Elif(owed.LOST):
            m.d.comb += header.kind.eq(FrameKind.LOST)
            m.d.sync += [left.eq(0), owed.LOST.eq(0)]
            self._begin_frame(m)
        with m.Elif(open_ & owed.STATUS):
            self._tell(m, header, FrameKind.STATUS)
            m.d.sync += left.eq(len(Status))
        with m.Elif(open_ & (owed.DATA | (count != 0) | self._news)):
            self._tell(m, header, FrameKind.DATA)
            m.d.sync += [left.eq(count), number.eq(self._next), self._next.eq(self._next + count)]

    def _reckon(self, m: Module) -> None:
        """How many words are due, none with what is owed; has the limit moved on by a quarter of
        the buffer? Two cycles late, and one."""
        outbox, due = self._outbox, self._due
        waiting, allowed, answer = Signal(self._bits), Signal(NUMBER_BITS), Signal()
        moved = (self._own_limit - self._last_limit)[: len(self._last_limit)]
        m.d.sync += [
            waiting.eq(outbox.written - self._next),
            allowed.eq(self._limit - self._next),
            answer.eq((self._next - outbox.complete)[self._bits]),
            due.eq(0),
            self._news.eq(moved >= self._config.command_depth // 4),
        ]
        most = Mux(waiting < FRAME_WORDS, waiting, FRAME_WORDS)[: len(due)]
        wanted = (waiting >= FRAME_WORDS) | answer
        with m.If(wanted & ~allowed[NUMBER_BITS - 1] & ~self._owed.DATA):
            few = ~allowed[len(due) :].any() & (allowed[: len(due)] < most)
            m.d.sync += due.eq(Mux(few, allowed, most))

    def _tell(self, m: Module, header: Fields, kind: FrameKind) -> None:
        """A frame with this end's state: one for all that was owed."""
        m.d.comb += header.kind.eq(kind)
        m.d.sync += [
            self._last_limit.eq(self._own_limit),
            self._complaint.eq(0),
            self._owed.DATA.eq(0),
            self._owed[kind.name].eq(0),
        ]
        self._begin_frame(m)

    def _begin_frame(self, m: Module) -> None:
        self._count(m, Status.SENT)
        m.next = "PICK"

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
