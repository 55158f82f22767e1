"""The rows that wait for integration: each comes whole, or its early part and then its late one."""

from amaranth.asserts import AnySeq
from amaranth.hdl import (
    Array,
    Assert,
    Assume,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
)

from axonloop.hdl.common import Part
from axonloop.models.config import Geometry
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

ROWS = "axonloop.hdl.core.row_queue"
GEOMETRY = Geometry(
    axons=8, neurons=8, lanes=2, update_lanes=2, trace_lanes=2, multipliers=2, entries=4
)


class RowQueueSpec(Elaboratable):
    """The queue with one axon, of any number, that is followed from `events` to `rows`.

    An event is shown until it is taken. None comes while `ended` is up but in its first cycle,
    when it is taken at once; `ended` falls while the queue is not busy.
    """

    def __init__(self, code: Code) -> None:
        module = code.load(ROWS)
        module.DEPTH = 4
        self._dut, self._depth = module.RowQueue(GEOMETRY), module.DEPTH

    def elaborate(self, platform) -> Module:
        m = Module()
        dut = self._dut
        m.submodules.dut = self._probe = probe = Probe(dut)
        m.d.comb += Assume(~ResetSignal())
        self._drive(m)
        followed, waits, early = (Signal(name=name) for name in ("followed", "waits", "early"))
        axon, level = Signal(3), probe["queue.level"]
        came, empty = dut.events.valid & (dut.events.payload == axon), level == 0
        took, part = dut.rows.valid & dut.rows.ready, Signal(Part)
        put = came & dut.events.ready & ~(empty & took)
        passed = came & empty & (part == Part.WHOLE)
        given = took & followed & (dut.rows.payload == axon)
        m.d.sync += axon.eq(axon)
        m.d.comb += [
            part.eq(dut.part),
            followed.eq(waits | early),
            Assume(~(dut.events.valid & followed & (dut.events.payload == axon))),
            Assert(
                ~given
                | ((part == Part.WHOLE) & waits)
                | ((part == Part.EARLY) & waits)
                | ((part == Part.LATE) & early)
            ),
            Assert(~(took & waits) | (part != Part.LATE)),
            Assert(~(took & early) | (part != Part.WHOLE)),
            Assert(~(took & (dut.rows.payload == axon)) | followed | passed),
            Assert(~(came & empty) | (dut.rows.valid & (dut.rows.payload == axon))),
            Assert(~(came & empty & took) | dut.events.ready),
            Assert(dut.busy == (dut.events.valid | (level != 0))),
            Assert(dut.rows.valid == dut.busy),
            Assert(~(waits & early)),
            Assert(~followed | dut.busy),
            Cover(given & (part == Part.LATE) & (level == 2)),
        ]
        with m.If(put):
            m.d.sync += waits.eq(1)
        with m.Elif(given):
            m.d.sync += [waits.eq(0), early.eq(part == Part.EARLY)]
        self._tie(m, axon, waits, early, put, took)
        return m

    def _drive(self, m) -> None:
        dut, held, shown = self._dut, Signal(), Signal(3)
        ended, busy = Signal(init=1), Signal()
        events = dut.events
        m.d.comb += [
            events.valid.eq(AnySeq(1)),
            events.payload.eq(AnySeq(3)),
            dut.ended.eq(AnySeq(1)),
            dut.rows.ready.eq(AnySeq(1)),
            Assume(~held | (events.valid & (events.payload == shown))),
            Assume(~(ended & events.valid)),
            Assume(~(dut.ended & events.valid) | events.ready),
            Assume(~(ended & ~dut.ended) | ~busy),
            Assume(~(held & dut.ended) | events.ready),
        ]
        m.d.sync += [
            held.eq(events.valid & ~events.ready),
            shown.eq(events.payload),
            ended.eq(dut.ended),
            busy.eq(dut.busy),
        ]
        self._ended = ended

    def _tie(self, m, axon, waits, early, put, took) -> None:
        """Invariant: the axon lies `place` rows behind the head, and nowhere else."""
        probe, depth, part, left = self._probe, self._depth, Signal(Part), self._probe["left"]
        level, consume = probe["queue.level"], probe["queue.consume"]
        rows, place = probe.rows("queue.storage"), Signal(range(depth + 1))
        followed = waits | early
        m.d.comb += [
            part.eq(self._dut.part),
            Assert(level < depth),
            Assert(part.as_value() != 3),
            Assert(probe["queue.produce"] == ((consume + level) % depth)),
            Assert(~followed | (place < level)),
            Assert((part == Part.WHOLE) | self._ended),
            Assert((part == Part.WHOLE) | (level != 0)),
            Assert((part != Part.EARLY) | ((left != 0) & (left <= level))),
            Assert(~waits | (part != Part.LATE)),
            Assert(~early | (part != Part.WHOLE)),
            Assert(~waits | (part != Part.EARLY) | (place < left)),
            Assert(~early | (part != Part.EARLY) | (place >= left)),
        ]
        again = took & (part == Part.EARLY)
        with m.If(put):
            m.d.sync += place.eq(Mux(level == 0, 0, level - took))
        with m.Elif(took):
            m.d.sync += place.eq(Mux(again & (place == 0), level - 1, place - 1))
        for number in range(depth):
            row = Array(rows)[(consume + number) % depth]
            with m.If(number < level):
                m.d.comb += Assert((row == axon) == (followed & (place == number)))


CLAIMS = [
    Claim(
        "row queue",
        "each row comes once as a whole, or once with its early part and once with its late one; "
        "all early parts before all late ones",
        RowQueueSpec,
        depth=2,
        search=12,
        reach=12,
        mutants=(
            Mutant("drops what it gave early", ROWS, "again | kept", "kept"),
            Mutant("keeps what went at once", ROWS, " & ~(empty & taken)", ""),
            Mutant("an early part too few", ROWS, "with m.If(left == 1):", "with m.If(left <= 2):"),
            Mutant("counts a row that goes whole", ROWS, "queue.level - taken", "queue.level"),
            Mutant("is whole again too early", ROWS, "(queue.level == 1)", "(queue.level <= 2)"),
            Mutant(
                "does not see that the scan ended",
                ROWS,
                "self.ended & ~self.events.valid",
                "~self.events.valid",
            ),
        ),
    ),
]
