"""A processing node: the loss engine, and how it sits between a chip and its host."""

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import BusSignature, header_layout
from axonloop.hdl.core import COUNT_BITS, payload_words
from axonloop.hdl.processing.access import NodeAccess
from axonloop.hdl.processing.ear import Ear
from axonloop.hdl.processing.loss import FAILURES, LossEngine, share_bus
from axonloop.hdl.processing.map_reader import MapReader
from axonloop.hdl.processing.mouth import Mouth
from axonloop.hdl.processing.processor import Processor
from axonloop.hdl.processing.program import ProgramMemory
from axonloop.hdl.processing.tape import Tape
from axonloop.models.config import Geometry, Mesh, NodeGeometry
from axonloop.models.protocol import NODE_CORE, Kind, NodeRegion

QUEUE = 2
"""Words in a queue that cuts the paths of logic along a stream."""
PATIENCE = 1 << 20
"""Cycles after which a processor that has not answered its engine counts as lost."""


class Node(wiring.Component):
    """Between the packets of a host and those of a chip (docs/contract.md, section 13.2). Rules:

    1. READ and WRITE packets to core `NODE_CORE` are the node's; all others pass to the chip, word
       by word.
    2. While the node hears, spikes of its neurons reach the host only if it tells them, and no
       spikes and no answers to TICKs if it is silent. From a TICK until its answer the chip takes
       error events and LEARN of the node alone, and the answer comes when it has taken all of them.
    3. Answers come in the order of the questions; but during a tick that it hears a node without a
       processor that runs takes and answers its own packets. The words of a DATA packet stay
       together.
    4. A MAP packet is the SPIKEs, and the TICK, that it stands for. Packets of the tape are as if
       the host had sent them.

    Latency: a cycle towards the chip, none from it, but for what the node itself takes.

    Members
    -------
    commands, replies : the host's streams of words
    chip_commands, chip_replies : the chip's
    """

    def __init__(self, geometry: Geometry, mesh: Mesh, first: int, node: NodeGeometry) -> None:
        words = stream.Signature(32)
        self._words, self._tape = node.program, Tape(node.tape) if node.tape else None
        self._engine, self._access, self._maps = LossEngine(node), NodeAccess(), MapReader(first)
        self._ear, self._mouth = Ear(geometry, mesh, first, node), Mouth(first, node)
        super().__init__(
            {
                "commands": In(words),
                "replies": Out(words),
                "chip_commands": Out(words),
                "chip_replies": In(words),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.engine = engine = self._engine
        m.submodules.ear = ear = self._ear
        m.submodules.mouth = mouth = self._mouth
        m.submodules.access = self._access
        m.submodules.maps = maps = self._maps
        m.submodules.waiting = waiting = fifo.SyncFIFO(width=32, depth=QUEUE)
        connect(m, maps=maps.packets, waiting=waiting.w_stream)
        if self._tape is None:
            connect(m, host=flipped(self.commands), maps=maps.words)
        else:
            m.submodules.tape = tape = self._tape
            connect(m, host=flipped(self.commands), tape=tape.words)
            connect(m, tape=tape.packets, maps=maps.words)
            m.d.comb += [tape.length.eq(engine.length), tape.passes.eq(engine.passes)]
            m.d.comb += engine.passed.eq(tape.passed)
        connect(m, ear=ear.spikes, engine=engine.spikes)
        connect(m, engine=engine.events, mouth=mouth.events)
        connect(m, chip=flipped(self.chip_replies), ear=ear.words)
        m.d.comb += [
            engine.ended.eq(ear.ended),
            ear.done.eq(engine.listening & ~mouth.busy),
            ear.hears.eq(engine.hears[0]),
            ear.tells.eq(engine.hears[1]),
            ear.silent.eq(engine.hears[2]),
        ]
        self._wire_bus(m)
        self._hand_on(m, waiting.r_stream)
        self._bring_together(m)
        return m

    def _wire_bus(self, m: Module) -> None:
        """The host's accesses, and, in cycles without one, the processor's; what they read comes
        two cycles later."""
        shared = BusSignature().create(path=("shared",))
        own = (
            NodeRegion.NODE_NUMBER,
            NodeRegion.CHIP_NUMBER,
            NodeRegion.PROGRAM,
            NodeRegion.TAPE,
        )
        members = [
            (self._engine.bus, [region for region in NodeRegion if region not in own]),
            (self._ear.numbers.bus, [NodeRegion.NODE_NUMBER]),
            (self._mouth.numbers.bus, [NodeRegion.CHIP_NUMBER]),
        ]
        if self._tape is not None:
            members.append((self._tape.bus, [NodeRegion.TAPE]))
        first = self._access.bus
        asks = first.read | first.write
        for name in ("address", "read", "write", "write_data"):
            m.d.comb += getattr(shared, name).eq(getattr(first, name))
        m.d.comb += first.read_data.eq(shared.read_data)
        if self._words:
            m.submodules.program = program = ProgramMemory(self._words)
            m.submodules.processor = processor = Processor(self._words)
            members.append((program.bus, [NodeRegion.PROGRAM]))
            m.d.comb += [
                processor.runs.eq(self._engine.runs & ~self._engine.failed.any()),
                processor.guard.eq(self._engine.guard),
                processor.wait.eq(asks),
                processor.bus.read_data.eq(shared.read_data),
                program.strobes.eq(processor.strobes),
            ]
            connect(m, processor=processor.memory, program=program.own)
            self._watch(m, processor)
            with m.If(~asks):
                for name in ("address", "read", "write", "write_data"):
                    m.d.comb += getattr(shared, name).eq(getattr(processor.bus, name))
        share_bus(m, shared, members, late=True)

    def _watch(self, m: Module, processor: Processor) -> None:
        """How the processor failed, and where; kept until the host puts it in reset."""
        engine, waits, failed = self._engine, Signal(range(PATIENCE)), Signal(FAILURES)
        late = waits == PATIENCE - 1
        m.d.sync += [
            waits.eq(Mux(engine.wanted, waits + 1, 0)),
            failed.eq(failed | Cat(processor.trapped, late, processor.strays)),
        ]
        with m.If(~engine.runs):
            m.d.sync += failed.eq(0)
        with m.If(~failed.any()):
            m.d.sync += engine.where.eq(processor.fetched)
        m.d.comb += engine.failed.eq(failed)

    def _hand_on(self, m: Module, host: Any) -> None:
        """The host's packets go to the node or to the chip; the node's go to the chip."""
        chip, mouth = self.chip_commands, self._mouth.words
        header, left = header_layout()(host.payload), Signal(COUNT_BITS + 1)
        ticking, reading, alone = Signal(), Signal(), Signal()
        hears, moves = self._engine.hears[0], host.valid & host.ready
        own = (header.core == NODE_CORE) & (
            (header.kind == Kind.READ) | (header.kind == Kind.WRITE)
        )
        m.d.comb += alone.eq(hears & ~self._engine.runs)  # the host does the processor's part
        with m.If(self._ear.ticked):
            m.d.sync += ticking.eq(0)
        with m.If(self._ear.read):
            m.d.sync += reading.eq(0)
        with m.FSM():
            with m.State("HEADER"):
                m.d.sync += left.eq(payload_words(header))
                with m.If(own), m.If(~reading & (alone | ~ticking)):
                    connect(m, host=host, node=self._access.words)
                    with m.If(moves):
                        m.next = "NODE"
                with m.Elif(~(hears & ticking)):
                    connect(m, host=host, chip=flipped(chip))
                    with m.If(moves):
                        m.d.sync += ticking.eq(ticking | (header.kind == Kind.TICK))
                        m.d.sync += reading.eq(reading | (header.kind == Kind.READ))
                        with m.If(payload_words(header) != 0):
                            m.next = "CHIP"
            for state, words in {"NODE": self._access.words, "CHIP": flipped(chip)}.items():
                with m.State(state):
                    connect(m, host=host, words=words)
                    with m.If(moves):
                        m.d.sync += left.eq(left - 1)
                        with m.If(left == 1):
                            m.next = "HEADER"
        m.d.comb += mouth.ready.eq(chip.ready)
        with m.If(mouth.valid):
            m.d.comb += [chip.valid.eq(1), chip.payload.eq(mouth.payload)]

    def _bring_together(self, m: Module) -> None:
        """The chip's replies, and DATA of the node where the host took the word before."""
        replies, others, access = self.replies, self._ear.others, self._access
        shows = Signal()
        free: Value = ~others.valid | others.ready
        with m.If(shows):
            m.d.sync += shows.eq(access.answers)
            connect(m, node=access.data, host=flipped(replies))
        with m.Else():
            m.d.sync += shows.eq(access.answers & free)
            connect(m, ear=others, host=flipped(replies))
