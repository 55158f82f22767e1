"""The deframer: after a zero it is where it was after reset, whatever came before."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Cover, Elaboratable, Module, Mux, Signal

from axonloop.hdl.link.framing import Heard
from axonloop.models.protocol import BODY_WORDS
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

FRAMING = "axonloop.hdl.link.framing"
STATE = (
    *("begun", "full", "run", "position", "word", "held", "count", "enough", "long"),
    *("second", "later"),
    "crc.crc_reg",
)
"""All registers of the deframer."""
CRC_START = 0xFFFF_FFFF


class DeframerSpec(Elaboratable):
    """A deframer that hears any bytes at any times.

    The reference counts the decoded bytes of the present frame by itself.
    """

    def __init__(self, code: Code) -> None:
        self._deframer = code.load(FRAMING).Deframer()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = probe = Probe(self._deframer)
        received = self._deframer.bytes
        m.d.comb += [received.valid.eq(AnySeq(1)), received.payload.eq(AnySeq(8))]
        zero = received.valid & (received.payload == 0)
        ended, some = Signal(init=1), Signal()
        m.d.sync += ended.eq(zero | (ended & ~received.valid))
        m.d.sync += some.eq(~zero & (some | received.valid))
        self._check_start(m, probe, ended, some)
        self._check_events(m, probe, zero, some)
        return m

    def _check_start(self, m, probe, ended, some) -> None:
        """Between a zero and the next byte all registers are as after reset."""
        with m.If(ended):
            for name in STATE:
                start = CRC_START if name == "crc.crc_reg" else 0
                m.d.comb += Assert(probe[name] == start)
        m.d.comb += [Assert(probe["begun"] == some), Assert(ended == ~some)]
        m.d.comb += Assert(probe["count"] <= BODY_WORDS)
        m.d.comb += Assert(probe["enough"] == (probe["count"] >= 3))

    def _check_events(self, m, probe, zero, some) -> None:
        """One verdict for every frame, with its zero; at most 66 words before."""
        events, heard = self._deframer.events, self._deframer.bytes.valid
        kind = events.payload.kind.as_value()
        verdict = events.valid & (kind != Heard.WORD.value)
        told, word = Signal(range(BODY_WORDS + 1)), events.valid & ~verdict
        good = events.valid & (kind == Heard.GOOD.value)
        with m.If(zero):
            m.d.sync += told.eq(0)
        with m.Elif(word):
            m.d.sync += told.eq(told + 1)
        m.d.comb += [
            Assert(verdict == (zero & some)),
            Assert(~word | (heard & ~zero & (told < BODY_WORDS - 1))),
            Assert(~good | (told >= 2)),
            Cover(word & (told == 1)),
            Cover(good),
        ]
        count = probe["count"]
        m.d.comb += Assert(told == Mux(count == 0, 0, count - 1))


CLAIMS = [
    Claim(
        "deframer",
        "is as after reset after every zero, whatever came before; one verdict for every frame; at "
        "most 66 words",
        DeframerSpec,
        depth=2,
        search=18,
        reach=16,
        mutants=(
            Mutant("keeps its run", FRAMING, "full.eq(0), run.eq(0)]", "full.eq(0)]"),
            Mutant("keeps a long run's mark", FRAMING, "begun.eq(0), full.eq(0)", "begun.eq(0)"),
            Mutant(
                "keeps its byte of a word", FRAMING, "[position.eq(0), word.eq(0)", "[word.eq(0)"
            ),
            Mutant("keeps its count", FRAMING, "count.eq(0), long.eq(0)]", "long.eq(0)]"),
            Mutant("keeps the CRC", FRAMING, "crc.start.eq(end),", ""),
            Mutant("keeps half a byte", FRAMING, "m.d.sync += later.eq(0)", "m.d.sync += []"),
            Mutant(
                "is silent on short frames",
                FRAMING,
                "with m.If(end & begun):",
                "with m.If(end & begun & (run == 0)):",
            ),
            Mutant("lets one header pass", FRAMING, "(count == 2)", "(count == 1)"),
            Mutant("remembers a long frame", FRAMING, "m.d.sync += enough.eq(0)", "m.d.sync += []"),
        ),
    )
]
