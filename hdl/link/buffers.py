"""The buffers of the board's end of the link: words to the chip, words from it (docs/link.md, 2).

Words have numbers of 16 bits; word n lies at address n mod depth.
"""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import disjoint_memory
from axonloop.models.protocol import NUMBER_BITS, Kind


class Inbox(wiring.Component):
    """Words to the chip: they wait for the end of their frame, then for the chip. Rules:

    1. `put` stores `data` behind the words of the frame so far, if there is `room`.
    2. `commit` makes the words of the frame whole, `drop` forgets them; neither goes with `put`.
    3. While `clear` is 1, all is forgotten and all numbers are 0.

    Latency: 3 cycles from `commit` to the first word; a word every 3 cycles.

    Members
    -------
    expected : number of the first word that is not whole
    taken : number of the first word that the chip did not take
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        super().__init__(
            {
                "data": In(32),
                "put": In(1),
                "commit": In(1),
                "drop": In(1),
                "clear": In(1),
                "room": Out(1),
                "expected": Out(NUMBER_BITS),
                "taken": Out(NUMBER_BITS),
                "words": Out(stream.Signature(32)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = memory = disjoint_memory(32, self._depth)
        write, read = memory.write_port(), memory.read_port()
        end, bits = Signal(NUMBER_BITS), len(write.addr)
        fetched, shown, word = Signal(), Signal(), Signal(32)
        m.d.comb += [
            self.room.eq((end ^ self.taken)[: bits + 1] != self._depth),
            write.addr.eq(end[:bits]),
            write.data.eq(self.data),
            write.en.eq(self.put & self.room),
            read.addr.eq(self.taken[:bits]),
            read.en.eq(1),
            self.words.valid.eq(shown),
            self.words.payload.eq(word),
        ]
        with m.If(self.commit):
            m.d.sync += self.expected.eq(end)
        with m.Elif(self.drop):
            m.d.sync += end.eq(self.expected)
        with m.Elif(write.en):
            m.d.sync += end.eq(end + 1)
        with m.If(shown & self.words.ready):
            m.d.sync += [shown.eq(0), self.taken.eq(self.taken + 1)]
        with m.Elif(fetched):
            m.d.sync += [word.eq(read.data), shown.eq(1), fetched.eq(0)]
        with m.Elif(~shown & (self.taken != self.expected)):
            m.d.sync += fetched.eq(1)
        with m.If(self.clear):
            m.d.sync += [end.eq(0), self.expected.eq(0), self.taken.eq(0)]
            m.d.sync += [fetched.eq(0), shown.eq(0)]
        return m


class Outbox(wiring.Component):
    """Words from the chip: they stay until the host acknowledges them. Rules:

    1. `words` are taken while fewer than `depth` of them wait for their acknowledgement.
    2. `data` is word number `number` of the cycle before.
    3. While `clear` is 1, all is forgotten and all numbers are 0.

    Members
    -------
    acknowledged : number of the first word that must stay; numbers up to `written`
    written : number of the next word
    complete : number of the word behind the last one that ends an answer; not below `acknowledged`
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        super().__init__(
            {
                "words": In(stream.Signature(32)),
                "acknowledged": In(NUMBER_BITS),
                "clear": In(1),
                "number": In(NUMBER_BITS),
                "data": Out(32),
                "written": Out(NUMBER_BITS),
                "complete": Out(NUMBER_BITS),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.buffer = memory = disjoint_memory(32, self._depth)
        m.submodules.answers = answers = Answers()
        write, read = memory.write_port(), memory.read_port()
        bits, moved = len(write.addr), self.words.valid & self.words.ready
        full = (self.written ^ self.acknowledged)[: bits + 1] == self._depth
        m.d.comb += [
            self.words.ready.eq(~full & ~self.clear),
            write.addr.eq(self.written[:bits]),
            write.data.eq(self.words.payload),
            write.en.eq(moved),
            read.addr.eq(self.number[:bits]),
            self.data.eq(read.data),
            answers.word.eq(self.words.payload),
            answers.moved.eq(moved),
            answers.clear.eq(self.clear),
        ]
        with m.If(moved):
            m.d.sync += self.written.eq(self.written + 1)
        with m.If(moved & answers.end):
            m.d.sync += self.complete.eq(self.written + 1)
        with m.Elif((self.complete - self.acknowledged)[bits + 1]):
            m.d.sync += self.complete.eq(self.acknowledged)
        with m.If(self.clear):
            m.d.sync += [self.written.eq(0), self.complete.eq(0)]
        return m


class Answers(wiring.Component):
    """Follows the chip's words; `end`: the present one ends an answer (docs/link.md, section 7)."""

    def __init__(self) -> None:
        super().__init__({"word": In(32), "moved": In(1), "clear": In(1), "end": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, kind, count = Signal(16), self.word[28:], self.word[:16]
        with m.If(left != 0):
            m.d.comb += self.end.eq(left == 1)
        with m.Elif(kind == Kind.DATA):
            m.d.comb += self.end.eq(count == 0)
        with m.Else():
            m.d.comb += self.end.eq((kind == Kind.TICK) | (kind == Kind.FAULT))
        with m.If(self.clear):
            m.d.sync += left.eq(0)
        with m.Elif(self.moved & (left != 0)):
            m.d.sync += left.eq(left - 1)
        with m.Elif(self.moved & (kind == Kind.DATA)):
            m.d.sync += left.eq(count)
        return m
