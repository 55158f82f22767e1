"""The registers of a loss engine: docs/contract.md, section 13.1."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature
from axonloop.hdl.processing.loss.payloads import (
    CONTROL_BITS,
    FAILURES,
    HEIGHTS_BITS,
    PASSES_BITS,
    constants_layout,
)
from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import (
    NODE_MAGIC,
    NodePhase,
    NodeRegion,
    NodeRegister,
)


class EngineRegisters(wiring.Component):
    """Constants, commands, and counters that wrap at 32 bits.

    Members
    -------
    constants : the registers that a processor sets
    phase : what the engine does
    command : what was written to COMMAND, in the cycle of the write; 0 in others
    failed, where : the processor stopped, does not answer, or wrote where it may not; its last
        instruction
    sum : of all heights
    control : A
    set_control, new_control : A is written
    add_spikes, add_events, add_clipped : increments of the counters in this cycle
    passes, passed : how often the tape is still played; a pass has ended
    bus : register access
    """

    def __init__(self, geometry: NodeGeometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "constants": Out(constants_layout()),
                "phase": In(NodePhase),
                "command": Out(2),
                "failed": In(FAILURES),
                "where": In(32),
                "sum": In(HEIGHTS_BITS),
                "control": In(CONTROL_BITS),
                "set_control": Out(1),
                "new_control": Out(CONTROL_BITS),
                "add_spikes": In(1),
                "add_events": In(1),
                "add_clipped": In(range(4)),
                "passes": Out(PASSES_BITS),
                "passed": In(1),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, spikes, events, clipped = self.bus, Signal(32), Signal(32), Signal(32)
        selected, kept, reads = Signal(), Signal(range(len(NodeRegister))), Signal()
        writes = {register: Signal(name=f"write_{register.name}") for register in NodeRegister}
        m.d.comb += [
            selected.eq(bus.address[24:] == NodeRegion.REGISTERS),
            *(
                strobe.eq(bus.write & selected & (bus.address[:24] == register))
                for register, strobe in writes.items()
            ),
            self.command.eq(Mux(writes[NodeRegister.COMMAND], bus.write_data, 0)),
            self.set_control.eq(writes[NodeRegister.CONTROL]),
            self.new_control.eq(bus.write_data),
        ]
        m.d.sync += [
            kept.eq(bus.address),
            reads.eq(bus.read & selected & (bus.address[:24] < len(NodeRegister))),
            spikes.eq(spikes + self.add_spikes),
            events.eq(events + self.add_events),
            clipped.eq(clipped + self.add_clipped),
        ]
        constants = {NodeRegister[name.upper()]: name for name in self.constants.shape().members}
        own = {register: self.constants[name] for register, name in constants.items()}
        own |= {NodeRegister.EVENTS: events, NodeRegister.CLIPPED: clipped}
        own |= {NodeRegister.SPIKES: spikes, NodeRegister.PASSES: self.passes}
        with m.If(self.passed & (self.passes != 0)):
            m.d.sync += self.passes.eq(self.passes - 1)
        for register, value in own.items():
            with m.If(writes[register]):
                m.d.sync += value.eq(bus.write_data)
        shown = self._fixed() | own
        shown |= {NodeRegister.PHASE: self.phase, NodeRegister.CONTROL: self.control}
        shown |= {NodeRegister.FAILED: self.failed, NodeRegister.WHERE: self.where}
        shown |= {NodeRegister.SUM: self.sum}
        with m.If(reads), m.Switch(kept):
            for register, value in shown.items():
                with m.Case(register):
                    m.d.comb += bus.read_data.eq(value)
        return m

    def _fixed(self) -> dict[NodeRegister, int]:
        """The words that tell what was built."""
        geometry = self._geometry
        return {
            NodeRegister.MAGIC: NODE_MAGIC,
            NodeRegister.MOST_NEURONS: geometry.neurons,
            NodeRegister.MOST_CLASSES: geometry.classes,
            NodeRegister.LANES: geometry.lanes,
            NodeRegister.PROGRAM: geometry.program,
            NodeRegister.TAPE: geometry.tape,
        }
