"""The barrier: no tick ends with a spike on its way, and every tick ends."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib import enum

from axonloop.hdl.common import popcount
from axonloop.models.config import Mesh
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

BARRIER = "axonloop.hdl.chip.barrier"
MESH = Mesh(2, 2)
CAPACITY = 60
"""That of a mesh of 2 x 2 routers."""


class Phase(enum.Enum, shape=2):
    """Of an abstract core."""

    IDLE = 0
    WAITING = 1
    RUNNING = 2
    FINISHED = 3


class BarrierSpec(Elaboratable):
    """The barrier among abstract cores and an abstract mesh: all that its rule 3 allows.

    A core waits and works as long as it likes and sends only while it works; the mesh delivers a
    spike in any later cycle, to any core. `flight` is the reference count.
    """

    def __init__(self, code: Code) -> None:
        self._barrier = code.load(BARRIER).Barrier(MESH.cores, CAPACITY)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = probe = Probe(self._barrier)
        m.d.comb += Assume(~ResetSignal())
        phases = [self._core(m, number) for number in range(MESH.cores)]
        flight = self._mesh(m)
        self._check(m, probe, phases, flight)
        return m

    def _core(self, m, number: int) -> Signal:
        barrier, phase, go = self._barrier, Signal(Phase, name=f"phase_{number}"), Signal()
        m.d.comb += [
            go.eq(AnySeq(1)),
            barrier.waiting[number].eq(phase == Phase.WAITING),
            barrier.finished[number].eq(phase == Phase.FINISHED),
            barrier.sent[number].eq((phase == Phase.RUNNING) & AnySeq(1)),
            barrier.received[number].eq(AnySeq(1)),
        ]
        with m.Switch(phase):
            with m.Case(Phase.IDLE), m.If(go):
                m.d.sync += phase.eq(Phase.WAITING)
            with m.Case(Phase.WAITING), m.If(barrier.start):
                m.d.sync += phase.eq(Phase.RUNNING)
                with m.If(go):
                    m.d.sync += phase.eq(Phase.FINISHED)
            with m.Case(Phase.RUNNING), m.If(go):
                m.d.sync += phase.eq(Phase.FINISHED)
            with m.Case(Phase.FINISHED), m.If(barrier.finish):
                m.d.sync += phase.eq(Phase.IDLE)
        return phase

    def _mesh(self, m) -> Signal:
        """Spikes on their way; none is received that was not sent earlier."""
        barrier, flight = self._barrier, Signal(range(CAPACITY + MESH.cores + 1))
        sent, received = popcount(barrier.sent), popcount(barrier.received)
        after = flight + sent - received
        m.d.comb += [Assume(received <= flight), Assume(after <= CAPACITY)]
        m.d.sync += flight.eq(after)
        return flight

    def _check(self, m, probe, phases, flight) -> None:
        barrier, ticking, calm = self._barrier, Signal(), Signal(range(4))
        waiting = [phase == Phase.WAITING for phase in phases]
        finished = [phase == Phase.FINISHED for phase in phases]
        all_wait, all_finished = (_all(flags) for flags in (waiting, finished))
        waited = Signal()
        m.d.sync += waited.eq(all_wait & ~barrier.start)
        with m.If(barrier.start):
            m.d.sync += ticking.eq(1)
        with m.If(barrier.finish):
            m.d.sync += ticking.eq(0)
        m.d.sync += calm.eq(0)
        with m.If(all_finished & (flight == 0) & ~barrier.finish):
            m.d.sync += calm.eq(calm + 1)
        m.d.comb += [
            Assert(~barrier.start | (all_wait & ~ticking)),
            Assert(~barrier.finish | (all_finished & (flight == 0) & ticking)),
            Assert(~(barrier.finish & barrier.received.any())),
            Assert(~(waited & ~barrier.start)),
            Assert(calm <= 2),
            Cover(barrier.finish & ticking),
        ]
        self._tie(m, probe, phases, flight, (ticking, calm, all_finished))

    def _tie(self, m, probe, phases, flight, spec) -> None:
        """Invariants: the counters lag as the barrier's docstring says."""
        ticking, calm, all_finished = spec
        barrier, running, done = self._barrier, probe["running"], probe["done"]
        flying, departed, arrived = (probe[name] for name in ("flying", "departed", "arrived"))
        m.d.comb += [
            Assert(flying + departed == flight + arrived),
            Assert((arrived <= flying) & (flying <= CAPACITY)),
            Assert(flight <= CAPACITY),
            Assert(running == (barrier.start | ticking & ~barrier.finish)),
            Assert(~(barrier.start & (barrier.finish | done))),
            Assert(~(done & running) | (all_finished & (departed == 0))),
            Assert((calm == 0) | (all_finished & (flight == 0) & done)),
            Assert((calm == 0) | ((departed == 0) & (arrived == 0))),
            Assert((calm < 2) | barrier.finish),
        ]
        for phase in phases:
            works = (phase == Phase.RUNNING) | (phase == Phase.FINISHED)
            m.d.comb += Assert(ticking | ~works)
            m.d.comb += Assert(~ticking | works)
        m.d.comb += Assert(ticking | (flight == 0))
        m.d.comb += Assert(ticking | (departed == 0))


def _all(flags):
    """Are all of them set?"""
    result = flags[0]
    for flag in flags[1:]:
        result = result & flag
    return result


CLAIMS = [
    Claim(
        "barrier",
        "starts when all wait, finishes when all have finished and nothing flies: once per tick, "
        "and within 2 cycles; counts are exact",
        BarrierSpec,
        depth=2,
        search=12,
        reach=12,
        mutants=(
            Mutant("ignores what flies", BARRIER, "done & (flying == arrived)", "done"),
            Mutant(
                "is content with one in flight",
                BARRIER,
                "(flying == arrived)",
                "(flying <= arrived + 1)",
            ),
            Mutant(
                "asks the cores a cycle late",
                BARRIER,
                "running & done &",
                "running & self.finished.all() &",
            ),
            Mutant("starts when one waits", BARRIER, "self.waiting.all()", "self.waiting.any()"),
            Mutant("counts one core only", BARRIER, "popcount(self.sent)", "self.sent.any()"),
            Mutant(
                "forgets to end",
                BARRIER,
                "(flying == arrived)",
                "(flying == arrived) & arrived.any()",
            ),
        ),
    )
]
