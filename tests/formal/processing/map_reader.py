"""The reader of a node's spike maps: every bit becomes its spike, in order, and nothing else."""

from amaranth.asserts import AnySeq
from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    Const,
    Cover,
    Elaboratable,
    Module,
    ResetSignal,
    Signal,
)

from axonloop.hdl.common import header_layout
from axonloop.hdl.core import payload_words
from axonloop.models.protocol import MAP, MAP_BITS, MAP_COUNT, MAP_FIRST, MAP_TICK, Kind
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

READER = "axonloop.hdl.processing.map_reader"
FIRST = 5
HEADER, BITS, PAYLOAD, TICK = range(4)
"""The states of the reader, in the order in which `MapReader` mentions them first."""


class MapReaderSpec(Elaboratable):
    """A reader beside a plain one, which knows the bits of a map's word that are still to come.

    Host and chip let each other wait as they like; a word stays until it is taken.
    """

    def __init__(self, code: Code) -> None:
        self._reader = code.load(READER).MapReader(FIRST)
        self._left, self._passing = Signal(24), Signal(24)
        self._maps, self._ticks, self._core = Signal(), Signal(), Signal(8)
        self._rest, self._place = Signal(MAP_BITS), Signal(MAP_FIRST.width)

    def elaborate(self, platform) -> Module:
        m = Module()
        words, packets = self._reader.words, self._reader.packets
        m.submodules.dut = probe = Probe(self._reader)
        m.d.comb += [
            Assume(~ResetSignal()),
            words.valid.eq(AnySeq(1)),
            words.payload.eq(AnySeq(32)),
            packets.ready.eq(AnySeq(1)),
            Assume(self._stays(m, words)),
            Assert(self._stays(m, packets)),
        ]
        taken, given = words.valid & words.ready, packets.valid & packets.ready
        with m.If(self._maps):
            self._check_map(m, taken, given)
        with m.Elif((self._passing == 0) & words.valid & self._is_map()):
            m.d.comb += Assert(~packets.valid)
            with m.If(taken):
                self._begin(m)
        with m.Else():
            self._check_pass(m, taken)
        self._tie(m, probe)
        return m

    @staticmethod
    def _stays(m, stream) -> Signal:
        """Is a word that was offered and not taken still there?"""
        held, before, stays = Signal(), Signal(32), Signal()
        m.d.sync += [held.eq(stream.valid & ~stream.ready), before.eq(stream.payload)]
        m.d.comb += stays.eq(~held | (stream.valid & (stream.payload == before)))
        return stays

    def _is_map(self):
        return self._reader.words.payload[28:] == MAP

    def _begin(self, m) -> None:
        argument = self._reader.words.payload[:20]
        first, count, ticks = (
            argument[field.low : field.low + field.width]
            for field in (MAP_FIRST, MAP_COUNT, MAP_TICK)
        )
        m.d.sync += [
            self._maps.eq(1),
            self._rest.eq(0),
            self._place.eq(first - 1),
            self._left.eq(count),
            self._ticks.eq(ticks),
            self._core.eq(self._reader.words.payload[20:28]),
        ]

    def _check_map(self, m, taken, given) -> None:
        """Words are taken when the bits before are told, and told lowest first."""
        words, packets, rest = self._reader.words, self._reader.packets, self._rest
        ends = (rest == 0) & (self._left == 0)
        m.d.comb += [Assert(~taken | ((rest == 0) & (self._left != 0))), Cover(given & ends)]
        with m.If(taken):
            m.d.sync += [rest.eq(words.payload), self._place.eq(self._place + 1)]
            m.d.sync += self._left.eq(self._left - 1)
        with m.If(given & (rest != 0)):
            m.d.sync += rest.eq(rest & (rest - 1))
            m.d.comb += Cover(rest == 1 << 3)
        tick = Kind.TICK << 28 | FIRST << 20
        m.d.comb += Assert(
            ~(given & (rest == 0)) | (ends & self._ticks & (packets.payload == tick))
        )
        spike = Cat(Const(0, 4), self._core, Const(Kind.SPIKE, 4))
        for bit in range(MAP_BITS):
            with m.If(given & rest[bit] & (rest[:bit] == 0)):
                told = Cat(Const(bit, 5), self._place, spike)
                m.d.comb += Assert(packets.payload == told)
        with m.If(ends & (given | ~self._ticks)):
            m.d.sync += self._maps.eq(0)

    def _check_pass(self, m, taken) -> None:
        """All else passes, the words of a payload whatever they look like."""
        words, packets, passing = self._reader.words, self._reader.packets, self._passing
        same = (packets.ready == words.ready) & (packets.payload == words.payload)
        m.d.comb += [
            Assert(packets.valid == words.valid),
            Assert(~words.valid | same),
            Cover(taken & (passing != 0) & self._is_map()),
        ]
        with m.If(taken):
            m.d.sync += passing.eq(passing - 1)
            with m.If(passing == 0):
                m.d.sync += passing.eq(payload_words(header_layout()(words.payload)))

    def _tie(self, m, probe) -> None:
        """Invariants: the plain reader follows the states of the other."""
        state, bits, bit = probe["fsm_state"], probe["bits"], probe["bit"]
        reads = state == BITS
        m.d.comb += [
            Assert(self._maps == (reads | (state == TICK))),
            Assert((self._passing != 0) == (state == PAYLOAD)),
            Assert((state != PAYLOAD) | (probe["left"] == self._passing)),
            Assert(~reads | (probe["left"] == self._left)),
            Assert(~reads | ((bits << bit) == self._rest)),
            Assert((state != TICK) | (self._ticks & (self._rest == 0) & (self._left == 0))),
            Assert(~reads | (probe["place"] == self._place)),
            Assert(~reads | (probe["core"] == self._core)),
            Assert(~reads | (probe["ticks"] == self._ticks)),
        ]


CLAIMS = [
    Claim(
        "node",
        "every bit of a map becomes its spike, once and in order, and the tick behind them comes "
        "if it was asked for; all else passes unchanged; a word that was shown stays",
        MapReaderSpec,
        depth=2,
        search=10,
        reach=12,
        mutants=(
            Mutant(
                "goes on without waiting",
                READER,
                "m.If(packets.ready | ~bits[0])",
                "m.If(1 | bits)",
            ),
            Mutant("numbers the words from one", READER, "MAP_FIRST) - 1", "MAP_FIRST)"),
            Mutant(
                "reads a payload like a header",
                READER,
                "moves & (payload_words(header) != 0)",
                "moves & (payload_words(header) > 1)",
            ),
            Mutant("ends all maps with a tick", READER, "with m.If(ticks)", "with m.If(1)"),
            Mutant("asks core 0 for the tick", READER, "self._first << 20", "0"),
        ),
    )
]
