"""A node that has said that it is done: it sends nothing, and takes spikes, until the next tick."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, Mux, ResetSignal, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.processing.loss import event_layout
from axonloop.models.config import ONE_CORE, Geometry, NodeGeometry
from axonloop.models.protocol import NodeCommand, NodePhase
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

ENGINE, MOUTH = "axonloop.hdl.processing.loss.engine", "axonloop.hdl.processing.mouth"
NODE = "axonloop.hdl.processing.node"
SIZES = NodeGeometry(4, 2, 2)
CHIP = Geometry(axons=4, neurons=4, lanes=2, update_lanes=1, trace_lanes=1, multipliers=1)
SLOWEST = 2
"""Cycles that a part works here, or lets a spike wait; the claim does not depend on how many."""
LONGEST = 2 * SLOWEST + 1
"""Cycles that a spike then waits at most: levels become 0 before it is heard."""
LISTEN, DRAIN, FORGET, DECAY, RAISE, WAIT, SWEEP, STEER, LEARN, REST = range(10)
"""The states of the engine, in the order in which it mentions them first."""


class Worker(wiring.Component):
    """A part of the engine that works in bounded time from `start` on; `fed`, at times, too."""

    def __init__(self, events=None) -> None:
        super().__init__(
            {
                "start": In(1),
                "forget": In(1),
                "fed": In(1),
                "busy": Out(1),
                "events": In(3) if events is None else Out(events),
            }
        )

    def elaborate(self, platform) -> Module:
        m, worked = Module(), Signal(3)
        m.d.sync += worked.eq(Mux(self.busy, worked + 1, 0))
        m.d.sync += self.busy.eq(self.start | (self.busy & AnySeq(1)))
        m.d.comb += Assume(worked <= SLOWEST)
        return m


class Encoder(Worker):
    """The encoder: works when it is `fed`, and until its events are taken."""

    def __init__(self) -> None:
        super().__init__(stream.Signature(event_layout(SIZES)))

    def elaborate(self, platform) -> Module:
        m, events = Module(), self.events
        waits = events.valid & ~events.ready
        m.d.sync += self.busy.eq(waits | ((self.fed | self.busy) & AnySeq(1)))
        m.d.comb += [
            events.valid.eq(self.busy & AnySeq(1)),
            events.payload.as_value().eq(AnySeq(events.payload.shape().size)),
            Assume(~events.payload.learn),
        ]
        return m


class Commands(wiring.Component):
    """The registers: a processor and a host that write any command at any time."""

    def __init__(self, geometry) -> None:
        super().__init__(
            {
                "command": Out(2),
                "phase": In(NodePhase),
                "add_spikes": In(1),
                "add_events": In(1),
                "constants": Out(data.StructLayout({"wanted": 1})),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += [self.command.eq(AnySeq(2)), self.constants.wanted.eq(AnySeq(1))]
        return m


class Hearer(wiring.Component):
    """The listener: it takes a spike in bounded time, and is busy for a cycle behind it."""

    def __init__(self, geometry) -> None:
        super().__init__({"spikes": In(stream.Signature(2)), "busy": Out(1)})

    def elaborate(self, platform) -> Module:
        m, waited = Module(), Signal(3)
        m.d.sync += [self.busy.eq(self.spikes.valid), waited.eq(0)]
        with m.If(self.spikes.valid & ~self.spikes.ready):
            m.d.sync += waited.eq(waited + 1)
        m.d.comb += [self.spikes.ready.eq(AnySeq(1)), Assume(waited <= SLOWEST)]
        return m


class Edge(wiring.Component):
    """The ear: any spikes, and ticks that end behind all of them."""

    def __init__(self) -> None:
        words = stream.Signature(32)
        super().__init__(
            {
                "words": In(words),
                "others": Out(words),
                "spikes": Out(stream.Signature(2)),
                "ended": Out(1),
                "done": In(1),
                "hears": In(1),
                "tells": In(1),
                "silent": In(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += [self.ended.eq(AnySeq(1)), self.spikes.valid.eq(AnySeq(1))]
        return m


class SilenceSpec(Elaboratable):
    """A node as it is put together, its engine's sequence, its mouth; parts that keep their rules.

    The chip takes words when it likes, and the processor fails when it likes. A tick ends only
    after the node was done with the one before, as the ear sees to; BEGIN does not come while a
    spike is offered.
    """

    def __init__(self, code: Code) -> None:
        engine, mouth, node = (code.load(name) for name in (ENGINE, MOUTH, NODE))
        parts = engine.LossEngine
        engine.EngineRegisters, engine.Listener = Commands, Hearer
        engine.Levels = engine.Heights = engine.Feedback = lambda geometry: Worker()
        engine.ErrorEncoder, engine.RateController = lambda geometry: Encoder(), Worker
        parts._wire_constants = parts._wire_bus = _nothing
        parts._wire_parts = _feed
        node.LossEngine, node.Mouth, node.Ear = parts, mouth.Mouth, lambda *sizes: Edge()
        whole = node.Node
        whole._wire_bus = whole._bring_together = _nothing
        whole._hand_on = _speak
        self._node = whole(CHIP, ONE_CORE, 0, SIZES)

    def elaborate(self, platform) -> Module:
        m, node = Module(), self._node
        m.submodules.dut = probe = Probe(node)
        m.d.comb += [Assume(~ResetSignal()), node.chip_commands.ready.eq(AnySeq(1))]
        m.d.comb += node._engine.failed.eq(AnySeq(3))
        self._check(m, probe)
        return m

    def _check(self, m, probe) -> None:
        """`silent`: from when the node is done to the end of the next tick."""
        node, silent, waited = self._node, Signal(init=1), Signal(4)
        engine, done, words = node._engine, node._ear.done, node.chip_commands
        command, state = probe["engine.registers.command"], probe["engine.fsm_state"]
        spikes, spoke, ended = engine.spikes, Signal(), node._ear.ended
        with m.If(ended):
            m.d.sync += silent.eq(0)
        with m.Elif(done):
            m.d.sync += silent.eq(1)
        m.d.sync += waited.eq(0)
        with m.If(silent & spikes.valid & ~spikes.ready):
            m.d.sync += waited.eq(waited + 1)
        m.d.sync += spoke.eq((spoke | words.valid) & ~ended)
        begins = command == NodeCommand.BEGIN
        m.d.comb += [
            Assume(~ended | (silent & engine.listening & ~spikes.valid)),
            Assume(~begins | (~spikes.valid & (waited == 0))),
            Assert(~(silent & words.valid)),
            Assert(waited <= LONGEST),
            Cover(silent & spoke),
            Cover((waited == LONGEST) & spikes.ready),
            Assert(state <= REST),
            Assert(~silent | ((state == LISTEN) | (state == FORGET)) & ~engine.events.valid),
        ]


def _nothing(part, m) -> None:
    """What is left out."""


def _feed(engine, m) -> None:
    """The encoder gets what the feedback hands out."""
    m.d.comb += engine._encoder.fed.eq(engine._feedback.busy)


def _speak(node, m, host) -> None:
    """The chip takes words of the node alone."""
    connect(m, mouth=node._mouth.words, chip=flipped(node.chip_commands))


CLAIMS = [
    Claim(
        "node",
        "sends nothing from when it has said that it is done until the next tick, and takes spikes "
        "in bounded time",
        SilenceSpec,
        depth=LONGEST + 2,
        search=16,
        reach=16,
        mutants=(
            Mutant(
                "is done before its last word has left",
                NODE,
                "engine.listening & ~mouth.busy",
                "engine.listening",
            ),
            Mutant(
                "is done while it waits for its processor",
                ENGINE,
                "[self.wanted.eq(1),",
                "[self.wanted.eq(1), self.listening.eq(1),",
            ),
            Mutant(
                "is done before it says LEARN",
                ENGINE,
                "events.payload.learn.eq(1)]",
                "events.payload.learn.eq(1), self.listening.eq(1)]",
            ),
            Mutant("says words that are none", MOUTH, "valid.eq(self.busy)", "valid.eq(1)"),
            Mutant(
                "does not listen again after BEGIN",
                ENGINE,
                'm.State("FORGET"), m.If(~levels.busy)',
                'm.State("FORGET"), m.If(command == NodeCommand.DONE)',
            ),
        ),
    )
]
