"""The designs that a chip is delivered in: what its ports speak."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.lib import wiring

from axonloop.hdl.boards import Build
from axonloop.hdl.boards import Top as SerialTop
from axonloop.hdl.bus import AxiLiteChip, WishboneChip
from axonloop.hdl.chip import Chip
from axonloop.models.checks import require

Maker = Callable[[Build, int], wiring.Component]
"""Makes the design of a build; the number is the build hash that it tells, if it tells one."""


@dataclass(frozen=True)
class Delivery:
    """A design around a chip: its module, what it is in a line, what each of its ports is for.

    `fixed` are the fields of a build, beside geometry and mesh, that it depends on. With `on_bus`
    it has the registers of `axonloop.hdl.bus`.
    """

    module: str
    text: str
    ports: Mapping[str, str]
    make: Maker
    fixed: tuple[str, ...] = ()
    on_bus: bool = False


CLOCK = {"clk": "clock; all other ports are of it", "rst": "synchronous reset, active high"}
"""The ports of every design."""
DEPTHS = ("command_depth", "reply_depth")
INTERRUPT = {"irq": "for the processor, as long as its cause lasts"}
WISHBONE_PORTS = {
    "wb_cyc_i": "a cycle of the bus",
    "wb_stb_i": "an access",
    "wb_we_i": "it is a write",
    "wb_adr_i": "number of the register: its byte address / 4",
    "wb_sel_i": "bytes that are meant; a write needs all",
    "wb_dat_i": "word to write",
    "wb_dat_o": "word that was read",
    "wb_ack_o": "the access is done",
    "wb_err_o": "the access is refused",
    **INTERRUPT,
}
_CHANNELS = {
    "aw": ("address of a write", {"addr": "byte address", "prot": "ignored"}),
    "w": ("data of a write", {"data": "word to write", "strb": "bytes meant; all are needed"}),
    "b": ("answer to a write", {"resp": "0: done, 2: refused"}),
    "ar": ("address of a read", {"addr": "byte address", "prot": "ignored"}),
    "r": ("answer to a read", {"data": "word that was read", "resp": "0: done, 2: refused"}),
}
AXI_LITE_PORTS = {
    **{
        f"s_axi_{channel}{name}": meaning
        for channel, (what, fields) in _CHANNELS.items()
        for name, meaning in {
            "valid": f"{what} is offered",
            "ready": f"{what} is taken",
            **fields,
        }.items()
    },
    **INTERRUPT,
}


def _depths(build: Build) -> tuple[int, int]:
    return build.command_depth, build.reply_depth


def _wishbone(pipelined: bool) -> Maker:
    return lambda build, number: WishboneChip(build.geometry, build.mesh, _depths(build), pipelined)


DELIVERIES = {
    "stream": Delivery(
        "axonloop_chip",
        "a chip behind two streams of packet words (docs/contract.md, section 6)",
        {
            "commands__payload": "a word for the chip",
            "commands__valid": "the word is there; stays so until it is taken",
            "commands__ready": "the chip takes the word in this cycle",
            "replies__payload": "a word from the chip",
            "replies__valid": "the word is there; stays so until it is taken",
            "replies__ready": "the word is taken in this cycle",
        },
        lambda build, number: Chip(build.geometry, build.mesh),
    ),
    "serial": Delivery(
        "axonloop_serial",
        "a chip behind a serial line (docs/link.md)",
        {
            "rx": "the line to the chip; synchronised inside",
            "tx": "the line from the chip",
            "session": "the host has a session open",
        },
        lambda build, number: SerialTop(
            build.link(build.clock), build.geometry, build.mesh, build=number
        ),
        ("clock", "baud", *DEPTHS),
    ),
    "wishbone": Delivery(
        "axonloop_wishbone",
        "a chip as a device of Wishbone B4, classic (docs/verilog.md)",
        WISHBONE_PORTS,
        _wishbone(pipelined=False),
        DEPTHS,
        on_bus=True,
    ),
    "wishbone-pipelined": Delivery(
        "axonloop_wishbone_pipelined",
        "a chip as a device of Wishbone B4, pipelined (docs/verilog.md)",
        {**WISHBONE_PORTS, "wb_stall_o": "always 0: every cycle takes an access"},
        _wishbone(pipelined=True),
        DEPTHS,
        on_bus=True,
    ),
    "axi-lite": Delivery(
        "axonloop_axi_lite",
        "a chip as a subordinate of AXI4-Lite (docs/verilog.md)",
        AXI_LITE_PORTS,
        lambda build, number: AxiLiteChip(build.geometry, build.mesh, _depths(build)),
        DEPTHS,
        on_bus=True,
    ),
}
"""By the name that is asked for."""


def find_delivery(name: str) -> Delivery:
    """The design of a name; ValueError lists those that there are."""
    require(name in DELIVERIES, "top", f"one of {', '.join(DELIVERIES)}", name)
    return DELIVERIES[name]
