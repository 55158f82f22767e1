"""The ear of a node: it takes every spike soon, loses none, and keeps back the tick's answer."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, ResetSignal, Signal

from axonloop.hdl.common import header_layout
from axonloop.models.config import ONE_CORE, Geometry, NodeGeometry
from axonloop.models.protocol import Kind
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

EAR = "axonloop.hdl.processing.ear"
CHIP = Geometry(axons=4, neurons=4, lanes=2, update_lanes=1, trace_lanes=1, multipliers=1)
SLOWEST = 2
"""Cycles that engine and host let a word wait here; the claim does not depend on how many."""
LONGEST = 3 * SLOWEST + 2
"""Cycles that a word of the chip then waits at most: a spike before it is looked up, taken by the
engine and told to the host; or the answer to a tick goes on."""
HEADER, SPIKE, HOLD, DATA, TELL, ANSWER = range(6)
"""The states of the ear, in the order in which `Ear` mentions them first."""


class EarSpec(Elaboratable):
    """An ear that gets any words, beside an engine and a host that take words in bounded time.

    A DATA packet has a word at least: a chip refuses to READ none. While the ear keeps the answer
    to a tick, the chip has nothing to say but FAULT. The engine is done with a tick when it likes,
    and the table says of any neuron what it likes.
    """

    def __init__(self, code: Code) -> None:
        self._ear = code.load(EAR).Ear(CHIP, ONE_CORE, 0, NodeGeometry(4, 2, 2))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = probe = Probe(self._ear)
        m.d.comb += Assume(~ResetSignal())
        self._drive(m)
        self._check_spikes(m)
        self._check_answer(m)
        self._tie(m, probe)
        return m

    def _drive(self, m) -> None:
        ear, table = self._ear, self._ear.numbers.bus
        hears, tells, silent = Signal(), Signal(), Signal()
        m.d.sync += [hears.eq(ear.hears), tells.eq(ear.tells), silent.eq(ear.silent)]
        steady, begun = Signal(), Signal()
        m.d.sync += begun.eq(1)
        m.d.comb += [
            ear.words.valid.eq(AnySeq(1)),
            ear.words.payload.eq(AnySeq(32)),
            ear.done.eq(AnySeq(1)),
            ear.hears.eq(AnySeq(1)),
            ear.tells.eq(AnySeq(1)),
            ear.silent.eq(AnySeq(1)),
            table.address.eq(AnySeq(32)),
            table.write.eq(AnySeq(1)),
            table.write_data.eq(AnySeq(32)),
            steady.eq((ear.hears == hears) & (ear.tells == tells) & (ear.silent == silent)),
            Assume(~begun | steady),
        ]
        for stream in (ear.spikes, ear.others):
            waits = self._waits(m, stream)
            m.d.comb += [stream.ready.eq(AnySeq(1)), Assume(waits <= SLOWEST)]
        self._word, before = ear.words, Signal(32)
        waited = self._waits(m, ear.words)
        m.d.sync += before.eq(ear.words.payload)
        m.d.comb += [
            Assume((waited == 0) | (ear.words.valid & (ear.words.payload == before))),
            Assert(waited <= LONGEST),
            Cover((waited == LONGEST) & ear.words.ready),
        ]

    @staticmethod
    def _waits(m, stream) -> Signal:
        """For how many cycles a word has been offered and not taken."""
        waits = Signal(4)
        m.d.sync += waits.eq(0)
        with m.If(stream.valid & ~stream.ready):
            m.d.sync += waits.eq(waits + (waits != 15))
        return waits

    def _check_spikes(self, m) -> None:
        """A spike that was taken goes somewhere before the next word is.

        In silence the host hears none: one that is not for the node goes nowhere.
        """
        ear, owed, left = self._ear, Signal(), Signal(16)
        self._owed, self._left = owed, left
        header = header_layout()(ear.words.payload)
        taken = ear.words.valid & ear.words.ready
        given = (ear.spikes.valid & ear.spikes.ready) | (ear.others.valid & ear.others.ready)
        passes = ear.others.valid & ear.others.ready & taken
        counts = (header.kind == Kind.DATA) & (left == 0)
        m.d.comb += Assume(~(counts & (header.argument[:16] == 0)))
        with m.If(taken & (left == 0) & (header.kind == Kind.DATA)):
            m.d.sync += left.eq(header.argument)
        with m.Elif(taken & (left != 0)):
            m.d.sync += left.eq(left - 1)
        with m.If(taken & (left == 0) & (header.kind == Kind.SPIKE) & ~passes):
            m.d.sync += owed.eq(1)
        with m.Elif(given | (ear.silent & ~ear.spikes.valid)):
            m.d.sync += owed.eq(0)
        m.d.comb += [
            Assert(~(owed & taken)),
            Assert(~(given & ~taken & ear.spikes.valid) | owed),
            Assert(~(owed & ear.silent & ear.others.valid)),
            Cover(owed & ear.spikes.valid & ear.spikes.ready),
        ]

    def _check_answer(self, m) -> None:
        """The answer to a tick goes on behind a cycle in which the node was done."""
        ear, ticking, done = self._ear, Signal(), Signal()
        refused = header_layout()(ear.words.payload).kind == Kind.FAULT
        m.d.comb += Assume(~(ticking & ear.words.valid) | refused)
        self._ticking, self._done = ticking, done
        with m.If(ear.ended):
            m.d.sync += [ticking.eq(1), done.eq(0)]
        with m.Elif(ticking):
            m.d.sync += [done.eq(done | ear.done), ticking.eq(~ear.ticked)]
        m.d.comb += [
            Assert(~(ticking & ear.ticked) | done),
            Assert(~(ticking & ear.ended)),
            Cover(ticking & ear.ticked),
        ]

    def _tie(self, m, probe) -> None:
        """Invariants: the references follow the ear's states."""
        state, left = probe["fsm_state"], probe["left"]
        m.d.comb += [
            Assert(state <= ANSWER),
            Assert(self._owed == (state == SPIKE)),
            Assert((self._left != 0) == (state == DATA)),
            Assert((state != DATA) | (left == self._left)),
            Assert(self._ticking == ((state == HOLD) | (state == ANSWER))),
            Assert((state != ANSWER) | self._done),
        ]


CLAIMS = [
    Claim(
        "node",
        "takes every spike of the chip, whenever it comes, in bounded time, and loses none; keeps "
        "the answer to a tick until it is done",
        EarSpec,
        depth=LONGEST + 2,
        search=14,
        reach=18,
        mutants=(
            Mutant(
                "never hands a spike on",
                EAR,
                "self.spikes.valid.eq(heard)",
                "self.spikes.valid.eq(0)",
            ),
            Mutant(
                "drops a spike that has to wait",
                EAR,
                "goes | dropped | (self.spikes.valid & self.spikes.ready)",
                "goes | dropped | self.spikes.valid",
            ),
            Mutant(
                "takes no words while it keeps an answer",
                EAR,
                'with m.State("HOLD"):\n                connect',
                'with m.State("HOLD"), m.If(self.done):\n                connect',
            ),
            Mutant(
                "answers before the node is done", EAR, "self.done & ~words.valid", "~words.valid"
            ),
        ),
    )
]
