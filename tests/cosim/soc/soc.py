"""A small system in LiteX: a RISC-V core, memory, and a chip of ours as a device on the bus.

`Axonloop` is what a design of your own needs; the rest is as in any LiteX design.
"""

from __future__ import annotations

from pathlib import Path

from litex.build.generic_platform import GenericPlatform, Pins
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCCore
from litex.soc.interconnect import wishbone
from litex.soc.interconnect.csr import AutoCSR, CSRStorage
from migen import ClockDomain, ClockSignal, Instance, Module, ResetSignal, Signal

ROM_BYTES, RAM_BYTES = 1 << 14, 1 << 12
ADDRESSES = {"axonloop": 0x9000_0000, "told": 0x8200_0000}
"""Byte addresses that firmware must know."""
PINS = {"clk": 1, "rst": 1, "told": 32, "told_valid": 1}


# --8<-- [start:device]
class Axonloop(Module):
    """What `axonloop verilog --top wishbone` writes, as a device of LiteX's bus."""

    def __init__(self) -> None:
        self.bus = bus = wishbone.Interface(data_width=32, address_width=32, addressing="word")
        self.irq = Signal()
        self.specials += Instance(
            "axonloop_wishbone",
            i_clk=ClockSignal("sys"),
            i_rst=ResetSignal("sys"),
            i_wb_cyc_i=bus.cyc,
            i_wb_stb_i=bus.stb,
            i_wb_we_i=bus.we,
            i_wb_adr_i=bus.adr[:4],
            i_wb_sel_i=bus.sel,
            i_wb_dat_i=bus.dat_w,
            o_wb_dat_o=bus.dat_r,
            o_wb_ack_o=bus.ack,
            o_wb_err_o=bus.err,
            o_irq=self.irq,
        )


def add_chip(soc: SoCCore, address: int) -> None:
    """Put a chip onto the bus of a system, at a byte address."""
    soc.submodules.axonloop = chip = Axonloop()
    soc.bus.add_slave("axonloop", chip.bus, SoCRegion(origin=address, size=64, cached=False))


# --8<-- [end:device]


class Told(Module, AutoCSR):
    """A register whose words leave the system: how the firmware speaks to a bench."""

    def __init__(self, word: Signal, valid: Signal) -> None:
        self._word = CSRStorage(32)
        self.comb += [word.eq(self._word.storage), valid.eq(self._word.re)]


class Clock(Module):
    """Clock and reset from pins."""

    def __init__(self, clock: Signal, reset: Signal) -> None:
        self.clock_domains.cd_sys = ClockDomain()
        self.comb += [self.cd_sys.clk.eq(clock), self.cd_sys.rst.eq(reset)]


class Platform(GenericPlatform):
    """Pins of a bench."""

    def __init__(self) -> None:
        super().__init__("bench", [(name, 0, Pins(width)) for name, width in PINS.items()])


class System(SoCCore):
    """A processor without multiplier, its memories, a chip, and words that are told."""

    csr_map = {"told": 0}
    mem_map = SoCCore.mem_map | {"csr": ADDRESSES["told"]}

    def __init__(self, platform: Platform, firmware: list[int]) -> None:
        pins = {name: platform.request(name) for name in PINS}
        super().__init__(
            platform,
            clk_freq=1_000_000,
            cpu_type="picorv32",
            cpu_variant="minimal",
            integrated_rom_size=ROM_BYTES,
            integrated_rom_init=firmware,
            integrated_sram_size=RAM_BYTES,
            with_uart=False,
            with_timer=False,
            ident="",
        )
        self.submodules.clock = Clock(pins["clk"], pins["rst"])
        self.submodules.told = Told(pins["told"], pins["told_valid"])
        add_chip(self, ADDRESSES["axonloop"])


def soc_verilog(firmware: list[int], folder: Path) -> str:
    """Module `soc` in Verilog, its core included, with `firmware` in its ROM; all but the chip.

    The contents of its memories are written into `folder`, where it must run.
    """
    platform = Platform()
    system = System(platform, firmware + [0] * (ROM_BYTES // 4 - len(firmware)))
    system.finalize()
    assert system.csr.regions["told"].origin == ADDRESSES["told"]
    written = platform.get_verilog(system, name="soc")
    for name, contents in written.data_files.items():
        (folder / name).write_text(contents)
    core = "".join(Path(source).read_text() for source, *_ in platform.sources)
    lines = written.main_source.splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("//"))  # what is dated
    return f"/* verilator lint_off COMBDLY */\n{core}{text}"  # as LiteX writes what is no register
