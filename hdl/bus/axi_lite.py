"""AXI4-Lite: a subordinate of 32 bits."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.bus.registers import WORD_BITS, Access

ADDRESS_BITS = WORD_BITS + 2
OKAY, SLVERR = 0, 2
"""Answers: done, and refused."""
Pairs = list[tuple[Signal, Value]]
"""Registers, and what they are set to."""


class AxiLite(wiring.Component):
    """From AXI4-Lite to accesses. Rules:

    1. Address and data of a write are taken in any order, one of each ahead; the write is made when
       both are there and the answer to the last one was taken. So is a read.
    2. A refused access is answered with SLVERR, every other one with OKAY.
    3. If both a write and a read wait, the write is first; a read waits for one write at most.
    4. A valid stays, with its payload, until ready. No output depends on an input in its cycle.

    Addresses count bytes; their lowest two bits and PROT are ignored. Latency: 3 cycles from
    address and data to the answer; an access every 3 cycles of one kind, every 2 of both.

    Members
    -------
    s_axi_* : the bus, with the names of its specification
    access : to the registers
    """

    def __init__(self) -> None:
        channels = {
            "aw": {"addr": ADDRESS_BITS, "prot": 3},
            "w": {"data": 32, "strb": 4},
            "ar": {"addr": ADDRESS_BITS, "prot": 3},
        }
        answers = {"b": {"resp": 2}, "r": {"data": 32, "resp": 2}}
        ports = {"access": Out(Access())}
        for group, to_us, from_us in ((channels, In, Out), (answers, Out, In)):
            for channel, fields in group.items():
                ports[f"s_axi_{channel}valid"] = to_us(1)
                ports[f"s_axi_{channel}ready"] = from_us(1)
                ports |= {f"s_axi_{channel}{name}": to_us(bits) for name, bits in fields.items()}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        access = self.access
        to_write, data, mask = Signal(WORD_BITS), Signal(32), Signal(4)
        to_read = Signal(WORD_BITS)
        has_address = self._take(m, "aw", [(to_write, self.s_axi_awaddr[2:])])
        has_data = self._take(m, "w", [(data, self.s_axi_wdata), (mask, self.s_axi_wstrb)])
        has_read = self._take(m, "ar", [(to_read, self.s_axi_araddr[2:])])
        write_due, read_due = Signal(), Signal()
        can_write = has_address & has_data & ~write_due & ~self.s_axi_bvalid
        can_read = has_read & ~read_due & ~self.s_axi_rvalid
        write, read = Signal(), Signal()
        m.d.comb += [
            write.eq(can_write),
            read.eq(can_read & ~write),
            access.ask.eq(write | read),
            access.write.eq(write),
            access.whole.eq(mask.all()),
            access.number.eq(Mux(write, to_write, to_read)),
            access.data.eq(data),
        ]
        m.d.sync += [write_due.eq(write), read_due.eq(read)]
        with m.If(write):
            m.d.sync += [has_address.eq(0), has_data.eq(0)]
        with m.If(read):
            m.d.sync += has_read.eq(0)
        answer = Mux(access.refused, SLVERR, OKAY)
        self._answer(m, "b", write_due, [(self.s_axi_bresp, answer)])
        values = [(self.s_axi_rdata, access.word), (self.s_axi_rresp, answer)]
        self._answer(m, "r", read_due, values)
        return m

    def _take(self, m: Module, channel: str, kept: Pairs) -> Signal:
        """Keep what comes on a channel; returns whether something is kept, to be cleared."""
        has = Signal(name=f"has_{channel}")
        ready = getattr(self, f"s_axi_{channel}ready")
        m.d.comb += ready.eq(~has)
        with m.If(getattr(self, f"s_axi_{channel}valid") & ready):
            m.d.sync += [has.eq(1), *(register.eq(value) for register, value in kept)]
        return has

    def _answer(self, m: Module, channel: str, due: Signal, values: Pairs) -> None:
        """Show an answer from the cycle behind `due` on, until it is taken."""
        valid = getattr(self, f"s_axi_{channel}valid")
        with m.If(due):
            m.d.sync += [valid.eq(1), *(port.eq(value) for port, value in values)]
        with m.Elif(getattr(self, f"s_axi_{channel}ready")):
            m.d.sync += valid.eq(0)
