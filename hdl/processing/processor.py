"""The processor of a node: PicoRV32, a RISC-V core in Verilog, on the node's bus."""

from importlib import import_module
from pathlib import Path

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature
from axonloop.hdl.processing.program import BYTES

MODULE, PACKAGE = "picorv32", "pythondata_cpu_picorv32"
"""The Verilog module, and the package that has it (ISC licence)."""
OPTIONS = {
    "ENABLE_COUNTERS": 0,
    "ENABLE_COUNTERS64": 0,
    "ENABLE_FAST_MUL": 1,
    "ENABLE_DIV": 1,
    "BARREL_SHIFTER": 1,
}
"""RV32IM with a shifter and a multiplier of one step each; a division takes 40 cycles."""


def processor_source() -> str:
    """The Verilog of the processor; ImportError where its package is not installed."""
    try:
        package = import_module(PACKAGE)
    except ImportError as error:
        wanted = (
            "package pythondata-cpu-picorv32 must be installed, as by pip install axonloop[soc]"
        )
        raise ImportError(wanted) from error
    text = Path(package.data_location, "picorv32.v").read_text()
    return "/* verilator lint_off COMBDLY */\n" + text.replace("`timescale 1 ns / 1 ps\n", "")


class Processor(wiring.Component):
    """RV32IM, about four cycles per instruction (docs/contract.md, section 13.3). Rules:

    1. It starts at address 0 of the region PROGRAM when `runs` rises, with its stack at the end of
       the program memory, and is in reset while `runs` is 0.
    2. Byte addresses from 2^31 on are words of the node: bit 31, region 30..24, 4 x offset 23..0.
       Those below are bytes of the region PROGRAM.
    3. An access waits while `wait` is 1. Else one of PROGRAM takes two cycles, a read of a word of
       the node five and a write three: between core and node lies a register on either way.
    4. `trapped` after an illegal instruction or a misaligned access, until a reset.
    5. `strays` after a write to a word of PROGRAM from the lower half of `guard` on and below its
       upper half, or an access behind the end of it.

    Members
    -------
    fetched : the byte address of the instruction that it fetched last
    memory, strobes : accesses to PROGRAM, and which bytes are written
    bus : accesses to the other words of the node; what is read comes two cycles later
    """

    def __init__(self, words: int) -> None:
        self._words, self._stack = words, words * BYTES
        super().__init__(
            {
                "runs": In(1),
                "wait": In(1),
                "guard": In(32),
                "trapped": Out(1),
                "strays": Out(1),
                "fetched": Out(32),
                "memory": Out(BusSignature()),
                "strobes": Out(BYTES),
                "bus": Out(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        valid, done, fetches = Signal(), Signal(), Signal()
        soon_reads, soon_writes = Signal(), Signal()
        address, soon_address = Signal(32), Signal(32)
        data, soon_data, bytes_, soon_bytes = Signal(32), Signal(32), Signal(BYTES), Signal(BYTES)
        far, answer = address[31], Signal(32)
        m.submodules.cpu = Instance(
            MODULE,
            **{f"p_{name}": value for name, value in OPTIONS.items()},
            p_STACKADDR=Const(self._stack, 32),
            i_clk=ClockSignal(),
            i_resetn=self.runs,
            o_trap=self.trapped,
            o_mem_valid=valid,
            o_mem_instr=fetches,
            i_mem_ready=done,
            o_mem_addr=address,
            o_mem_wdata=data,
            o_mem_wstrb=bytes_,
            i_mem_rdata=Mux(far, answer, self.memory.read_data),
            o_mem_la_read=soon_reads,
            o_mem_la_write=soon_writes,
            o_mem_la_addr=soon_address,
            o_mem_la_wdata=soon_data,
            o_mem_la_wstrb=soon_bytes,
            i_irq=Const(0, 32),
            i_pcpi_wr=Const(0, 1),
            i_pcpi_rd=Const(0, 32),
            i_pcpi_wait=Const(0, 1),
            i_pcpi_ready=Const(0, 1),
        )
        # An access to PROGRAM is asked for a cycle before it counts; one that has to wait, again in
        # that one.
        memory, stale, near = self.memory, valid & ~done & ~far, Signal()
        writes = Mux(stale, bytes_.any(), soon_writes)
        m.d.comb += [
            near.eq((stale | ((soon_reads | soon_writes) & ~soon_address[31])) & ~self.wait),
            memory.read.eq(near & ~writes),
            memory.write.eq(near & writes),
            memory.address.eq(Mux(stale, address, soon_address)[2:24]),
            memory.write_data.eq(Mux(stale, data, soon_data)),
            self.strobes.eq(Mux(stale, bytes_, soon_bytes)),
        ]
        bus, asked, issued = self.bus, Signal(2), Signal()
        m.d.comb += [
            issued.eq(valid & far & ~done & (asked == 0) & ~self.wait),
            bus.read.eq(issued & ~bytes_.any()),
            bus.write.eq(issued & bytes_.any()),
            bus.address.eq(Cat(address[2:24], Const(0, 2), address[24:31])),
            bus.write_data.eq(data),
        ]
        m.d.sync += [
            asked.eq(Cat(bus.read, asked[0])),
            answer.eq(bus.read_data),
            done.eq(near | bus.write | asked[1]),
        ]
        with m.If(valid & fetches):
            m.d.sync += self.fetched.eq(address)
        word, low, high = address[2:31], self.guard[:16], self.guard[16:]
        own, guarded = valid & done & ~far, (word >= low) & (word < high)
        m.d.sync += self.strays.eq(own & ((word >= self._words) | (bytes_.any() & guarded)))
        return m
