"""The tape of a node: packets of host and tape stay whole, and what was shown stays."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, ResetSignal, Signal

from axonloop.hdl.common import header_layout
from axonloop.hdl.processing.map_reader import words_behind
from axonloop.models.protocol import NODE_CORE, Kind
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

TAPE = "axonloop.hdl.processing.tape"
WORDS = 4
HEADER, FETCH, HOST, LOOK, PLAY = range(5)
"""The states of the tape, in the order in which `Tape` mentions them first."""


class TapeSpec(Elaboratable):
    """A tape of any contents, asked for any passes at any time, beside a host and a node.

    The host holds a word until it is taken.
    """

    def __init__(self, code: Code) -> None:
        self._tape = code.load(TAPE).Tape(WORDS)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = probe = Probe(self._tape)
        m.d.comb += Assume(~ResetSignal())
        self._drive(m)
        self._check(m)
        self._tie(m, probe)
        return m

    def _drive(self, m) -> None:
        tape, bus = self._tape, self._tape.bus
        m.d.comb += [
            tape.words.valid.eq(AnySeq(1)),
            tape.words.payload.eq(AnySeq(32)),
            tape.packets.ready.eq(AnySeq(1)),
            tape.length.eq(AnySeq(len(tape.length))),
            tape.passes.eq(AnySeq(len(tape.passes))),
            bus.address.eq(AnySeq(32)),
            bus.write.eq(AnySeq(1)),
            bus.write_data.eq(AnySeq(32)),
        ]
        _, stays = self._held(m, tape.words)
        m.d.comb += Assume(stays)

    @staticmethod
    def _held(m, stream) -> tuple[Signal, Signal]:
        """Was a word offered and not taken; and if so, is it still offered."""
        held, before, stays = Signal(), Signal(32), Signal()
        m.d.sync += [held.eq(stream.valid & ~stream.ready), before.eq(stream.payload)]
        m.d.comb += stays.eq(~held | (stream.valid & (stream.payload == before)))
        return held, stays

    def _check(self, m) -> None:
        words, packets = self._tape.words, self._tape.packets
        self._shown, stays = self._held(m, packets)
        taken, given = words.valid & words.ready, packets.valid & packets.ready
        header = header_layout()(words.payload)
        asks = (header.kind == Kind.READ) | (header.kind == Kind.WRITE)
        own = asks & (header.core == NODE_CORE)
        self._host = host = self._behind(m, words.payload, taken)
        self._played = played = self._behind(m, packets.payload, given & ~words.ready)
        passes, same = Signal(), packets.payload == words.payload
        m.d.comb += [
            passes.eq((packets.valid == words.valid) & (packets.ready == words.ready) & same),
            Assert(stays),
            Assert(~words.ready | passes),
            Assert((host == 0) | passes),
            Assert((played == 0) | ~words.ready),
            Assert(~(taken & (host == 0) & (self._tape.passes != 0)) | own | self._shown),
            Cover(self._tape.passed),
            Cover(taken & (host == 1) & (self._tape.passes != 0)),
            Cover(self._shown & taken & (host == 0) & (self._tape.passes != 0) & ~own),
        ]

    @staticmethod
    def _behind(m, payload, moves) -> Signal:
        """Words of a packet that are still to come, as they move."""
        left = Signal(24)
        with m.If(moves):
            m.d.sync += left.eq(left - 1)
            with m.If(left == 0):
                m.d.sync += left.eq(words_behind(header_layout()(payload)))
        return left

    def _tie(self, m, probe) -> None:
        """Invariants: the references follow the tape's states."""
        state, left, begun = probe["fsm_state"], probe["left"], probe["begun"]
        plays = (state == FETCH) | (state == LOOK) | (state == PLAY)
        behind = words_behind(header_layout()(self._tape.packets.payload))
        m.d.comb += [
            Assert((self._host != 0) == (state == HOST)),
            Assert((state != HOST) | (left == self._host)),
            Assert((self._played != 0) == (plays & begun)),
            Assert(~(plays & begun) | (left == self._played)),
            Assert((state != HEADER) | (probe["shown"] == self._shown)),
            Assert((state == HEADER) | ~probe["shown"]),
            Assert((state != PLAY) | begun | (probe["behind"] == behind)),
        ]


CLAIMS = [
    Claim(
        "node",
        "the packets of its tape and of its host stay whole, one behind the other; while the tape "
        "plays, of the host's only those for the node begin; a word that was shown stays",
        TapeSpec,
        depth=2,
        search=12,
        reach=14,
        mutants=(
            Mutant("takes back what it showed", TAPE, "~own & ~shown", "~own"),
            Mutant(
                "lets the tape into a packet of the host",
                TAPE,
                "words.ready & (words_behind(header) != 0)",
                "words.ready & (words_behind(header) > 1)",
            ),
            Mutant(
                "lets the host into a packet of the tape",
                TAPE,
                "with m.If(rest == 0)",
                "with m.If(rest <= 1)",
            ),
            Mutant("reads again what it shows", TAPE, "read.en.eq(0)", "read.en.eq(1)"),
            Mutant(
                "lets any packet of the host between", TAPE, "own = words.valid & ", "own = 1 | "
            ),
        ),
    )
]
