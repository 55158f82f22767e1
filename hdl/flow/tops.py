"""The designs that a chip is delivered in: what its ports speak."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amaranth.lib import wiring

from axonloop.hdl.boards import Build
from axonloop.hdl.boards import Top as SerialTop
from axonloop.hdl.chip import Chip
from axonloop.models.checks import require

Maker = Callable[[Build, int], wiring.Component]
"""Makes the design of a build; the number is the build hash that it tells, if it tells one."""


@dataclass(frozen=True)
class Delivery:
    """A design around a chip: its module, what it is in a line, what each of its ports is for."""

    module: str
    text: str
    ports: Mapping[str, str]
    make: Maker


CLOCK = {"clk": "clock; all other ports are of it", "rst": "synchronous reset, active high"}
"""The ports of every design."""
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
    ),
}
"""By the name that is asked for."""


def find_delivery(name: str) -> Delivery:
    """The design of a name; ValueError lists those that there are."""
    require(name in DELIVERIES, "top", f"one of {', '.join(DELIVERIES)}", name)
    return DELIVERIES[name]
