"""Wishbone B4, classic or pipelined: a device of 32 bits that answers every access."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.bus.registers import WORD_BITS, Access


class Wishbone(wiring.Component):
    """From Wishbone (revision B4) to accesses. Rules:

    1. Every access, a cycle with CYC and STB, is answered by one of ACK and ERR: classic in the
       cycle behind the first one, pipelined in the cycle behind each; ERR if it is refused.
    2. Classic: an access is made once, however long STB stays. Pipelined: one in every cycle; STALL
       is always 0.
    3. Nothing is answered without CYC; if that falls, the answers that are due are dropped.

    ADR counts words. SEL must be all ones in a write. There is no burst beyond this.

    Members
    -------
    wb_* : the bus, with the names of its specification
    access : to the registers
    """

    def __init__(self, pipelined: bool = False) -> None:
        self._pipelined = pipelined
        ports = {
            "wb_cyc_i": In(1),
            "wb_stb_i": In(1),
            "wb_we_i": In(1),
            "wb_adr_i": In(WORD_BITS),
            "wb_sel_i": In(4),
            "wb_dat_i": In(32),
            "wb_dat_o": Out(32),
            "wb_ack_o": Out(1),
            "wb_err_o": Out(1),
            "access": Out(Access()),
        }
        if pipelined:
            ports["wb_stall_o"] = Out(1)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        access, due = self.access, Signal()
        answering = due & self.wb_cyc_i
        asked = self.wb_cyc_i & self.wb_stb_i
        if not self._pipelined:
            answering = answering & self.wb_stb_i
            asked = asked & ~due
        m.d.sync += due.eq(asked)
        m.d.comb += [
            access.ask.eq(asked),
            access.write.eq(self.wb_we_i),
            access.whole.eq(self.wb_sel_i.all()),
            access.number.eq(self.wb_adr_i),
            access.data.eq(self.wb_dat_i),
            self.wb_dat_o.eq(access.word),
            self.wb_ack_o.eq(answering & ~access.refused),
            self.wb_err_o.eq(answering & access.refused),
        ]
        return m
