"""The loss engine: what a node does per spike and per neuron, and what of a class is slow in C."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import BusSignature, address_bits
from axonloop.hdl.processing.loss.controller import RateController
from axonloop.hdl.processing.loss.encoder import ErrorEncoder
from axonloop.hdl.processing.loss.feedback import Feedback
from axonloop.hdl.processing.loss.heights import Heights
from axonloop.hdl.processing.loss.levels import Levels
from axonloop.hdl.processing.loss.listener import Listener
from axonloop.hdl.processing.loss.payloads import (
    FAILURES,
    LENGTH_BITS,
    NEURONS_BITS,
    PASSES_BITS,
    event_layout,
)
from axonloop.hdl.processing.loss.registers import EngineRegisters
from axonloop.hdl.processing.loss.sharing import share_bus
from axonloop.models.config import NodeGeometry, ceil_log2
from axonloop.models.protocol import NodeCommand, NodePhase, NodeRegion


class LossEngine(wiring.Component):
    """Steps 1 and 4 to 7 of a tick, and the exponentials of step 3 (contract, 13 and 13.1). Rules:

    1. While it is `LISTENING` it takes spikes; with or after the last one of a tick comes `ended`.
       Then the levels move, their heights follow, and it is `WAITING` for a processor, which
       `wanted` tells.
    2. The processor reads levels, heights and sums, and, but in the burn-in, writes gradients and
       TEACH. Then `events` shows error events, and LEARN if there was one. Behind the last of
       them, and after DONE, the engine is `LISTENING` again, and it sends nothing more. A
       processor that has `failed` counts as one that writes DONE.
    3. BEGIN, while it is `LISTENING` and no spike of the tick has come, zeroes the levels.
    4. Registers can be read at any time. All else is accessed while it is `LISTENING` and no spike
       of the tick has come, or, but for residues, `WAITING`.

    Latency: see `node_cycles` (models/cycles.py).

    Members
    -------
    spikes : numbers of neurons in the node
    ended : a strobe: all spikes of the tick came
    wanted : the engine waits for its processor
    listening : the engine is at rest, and takes spikes
    hears, runs, guard, failed, where : registers for those around the engine
    length, passes, passed : those for the tape
    events : error events and LEARN
    bus : register access
    """

    def __init__(self, geometry: NodeGeometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "spikes": In(stream.Signature(address_bits(geometry.neurons))),
                "ended": In(1),
                "wanted": Out(1),
                "listening": Out(1),
                "hears": Out(3),
                "runs": Out(1),
                "guard": Out(32),
                "failed": In(FAILURES),
                "where": In(32),
                "length": Out(LENGTH_BITS),
                "passes": Out(PASSES_BITS),
                "passed": In(1),
                "events": Out(stream.Signature(event_layout(geometry))),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m, geometry = Module(), self._geometry
        m.submodules.registers = self._registers = EngineRegisters(geometry)
        m.submodules.listener = self._listener = Listener(geometry)
        m.submodules.levels = self._levels = Levels(geometry)
        m.submodules.heights = self._heights = Heights(geometry)
        m.submodules.feedback = self._feedback = Feedback(geometry)
        m.submodules.encoder = self._encoder = ErrorEncoder(geometry)
        m.submodules.controller = self._controller = RateController()
        self._wire_parts(m)
        self._wire_constants(m)
        self._wire_bus(m)
        self._sequence(m)
        return m

    def _wire_parts(self, m: Module) -> None:
        listener, levels, heights = self._listener, self._levels, self._heights
        connect(m, feedback=self._feedback.wrong, encoder=self._encoder.wrong)
        m.d.comb += [
            listener.output.eq(levels.output),
            levels.heard.eq(listener.heard),
            listener.clear.eq(levels.ends),
            levels.asks.eq(heights.reads),
            levels.asked.eq(heights.output),
            heights.level.eq(levels.level),
            heights.best.eq(levels.best),
        ]
        m.d.sync += self._registers.add_clipped.eq(levels.clipped + self._encoder.clipped)

    def _wire_constants(self, m: Module) -> None:
        own, controller = self._registers.constants, self._controller
        for part, names in {
            self._levels: ("classes", "leak", "rise"),
            self._heights: ("classes", "scale", "scale_shift"),
            self._feedback: ("neurons", "classes"),
            self._encoder: ("encoder", "limit"),
            controller: ("wanted", "share", "slowness"),
        }.items():
            m.d.comb += [getattr(part, name).eq(own[name]) for name in names]
        m.d.comb += [
            self.hears.eq(own.hears),
            self.runs.eq(own.runs),
            self.guard.eq(own.guard),
            self.length.eq(own.length),
            self.passes.eq(self._registers.passes),
            self._registers.passed.eq(self.passed),
            self._registers.failed.eq(self.failed),
            self._registers.where.eq(self.where),
            self._registers.sum.eq(self._heights.sum),
            self._listener.pieces.eq((own.classes - 1) >> ceil_log2(self._geometry.lanes)),
            self._encoder.theta.eq(controller.theta),
            self._registers.control.eq(controller.control),
            controller.write.eq(self._registers.set_control),
            controller.written.eq(self._registers.new_control),
        ]

    def _wire_bus(self, m: Module) -> None:
        share_bus(
            m,
            self.bus,
            [
                (self._registers.bus, [NodeRegion.REGISTERS]),
                (self._listener.readout.bus, [NodeRegion.READOUT]),
                (self._levels.store.bus, [NodeRegion.LEVEL, NodeRegion.HEARD]),
                (self._heights.store.bus, [NodeRegion.HEIGHT]),
                (self._feedback.weights.bus, [NodeRegion.FEEDBACK]),
                (self._feedback.gradient.bus, [NodeRegion.GRADIENT]),
                (self._encoder.residues.bus, [NodeRegion.RESIDUE]),
            ],
        )

    def _sequence(self, m: Module) -> None:
        """A tick: listen, decay, raise; after the processor feed back, encode, steer, LEARN."""
        registers, listener, levels = self._registers, self._listener, self._levels
        heights = self._heights
        feedback, encoder, controller = self._feedback, self._encoder, self._controller
        events, found = self.events, Signal(NEURONS_BITS)
        command, done = registers.command, Signal()
        m.d.comb += [
            controller.events.eq(found),
            encoder.start.eq(feedback.start),
            registers.phase.eq(NodePhase.WORKING),
            registers.add_events.eq(encoder.events.valid & encoder.events.ready),
        ]
        m.d.sync += registers.add_spikes.eq(self.spikes.valid & self.spikes.ready)
        m.d.comb += done.eq((command == NodeCommand.DONE) | self.failed.any())
        passed = Signal()
        with m.If(done):
            m.d.sync += passed.eq(1)
        with m.If(self.ended):
            m.d.sync += passed.eq(0)
        with m.If(registers.add_events):
            m.d.sync += found.eq(found + 1)
        with m.FSM():
            with m.State("LISTEN"):
                connect(m, node=flipped(self.spikes), listener=listener.spikes)
                m.d.comb += [self.listening.eq(1), registers.phase.eq(NodePhase.LISTENING)]
                with m.If(self.ended):
                    m.next = "DRAIN"
                with m.Elif(command == NodeCommand.BEGIN):
                    m.d.comb += [levels.start.eq(1), levels.forget.eq(1)]
                    m.next = "FORGET"
            with m.State("FORGET"), m.If(~levels.busy):
                m.next = "LISTEN"
            with m.State("DRAIN"), m.If(~listener.busy):
                m.d.comb += levels.start.eq(1)
                m.next = "DECAY"
            with m.State("DECAY"), m.If(~levels.busy):
                m.d.comb += heights.start.eq(1)
                m.next = "RAISE"
            with m.State("RAISE"), m.If(~heights.busy):
                m.next = "WAIT"
            with m.State("WAIT"):
                m.d.comb += [self.wanted.eq(1), registers.phase.eq(NodePhase.WAITING)]
                m.d.sync += found.eq(0)
                with m.If(done):
                    m.next = "LISTEN"
                with m.Elif(command == NodeCommand.TEACH):
                    m.d.comb += feedback.start.eq(1)
                    m.next = "SWEEP"
            with m.State("SWEEP"):
                connect(m, encoder=encoder.events, node=flipped(events))
                with m.If(~feedback.busy & ~encoder.busy):
                    m.d.comb += controller.start.eq(registers.constants.wanted != 0)
                    m.next = "STEER"
            with m.State("STEER"), m.If(~controller.busy):
                m.next = "LEARN"
            with m.State("LEARN"):
                m.d.comb += [events.valid.eq(found != 0), events.payload.learn.eq(1)]
                with m.If((found == 0) | events.ready):
                    m.next = "REST"
                    with m.If(passed):
                        m.next = "LISTEN"
            with m.State("REST"), m.If(passed):
                m.next = "LISTEN"
