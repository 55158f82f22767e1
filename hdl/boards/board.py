"""A board: its FPGA, its pins, and the build that is made for it by default."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from axonloop.models.checks import require, require_range
from axonloop.models.config import ConvolutionGeometry, Geometry, Mesh, NodeGeometry
from axonloop.models.protocol import LinkConfig

FIRMWARE_WORDS = 1024
"""Words of a processor's memory that hold the firmware of the node."""


@dataclass(frozen=True)
class Build:
    """A chip with its link, at a clock: what goes onto a board.

    `clock` in Hz, made from the board's oscillator; `baud` in bit/s; `seed` of the placer. With
    `processor` there is a processing node of the sizes `node` between link and chip. Raises
    ValueError for values that do not go together.
    """

    geometry: Geometry = field(default_factory=Geometry)
    mesh: Mesh = field(default_factory=Mesh)
    clock: int = 12_000_000
    baud: int = 1_000_000
    command_depth: int = 1024
    reply_depth: int = 1024
    seed: int = 1
    processor: bool = False
    node: NodeGeometry = field(default_factory=lambda: NodeGeometry(program=FIRMWARE_WORDS))

    def __post_init__(self) -> None:
        require_range("seed", self.seed, 0, 2**31 - 1)
        self.link(self.clock)
        self.geometry.require_small()
        sized = self.node != NodeGeometry(program=FIRMWARE_WORDS)
        require(self.processor or not sized, "node", "left out without a processor", self.node)

    @property
    def built_node(self) -> NodeGeometry | None:
        """The sizes of the node, if there is one."""
        return self.node if self.processor else None

    def link(self, clock: int) -> LinkConfig:
        """The link at the clock that the board really makes."""
        return LinkConfig(clock, self.baud, self.command_depth, self.reply_depth)

    def changed(self, data: Mapping[str, Any]) -> "Build":
        """This build with what `data` names, as {"clock": 60000000, "geometry": {"lanes": 8}}.

        `mesh` is text as "2x2". Raises ValueError for unknown names and values out of range.
        """
        known = [entry.name for entry in dataclasses.fields(self)]
        unknown = sorted(set(data) - set(known))
        require(not unknown, "configuration", f"among {', '.join(known)}", unknown)
        values = dict(data)
        if "mesh" in values:
            values["mesh"] = Mesh.parse(str(values["mesh"]))
        node = values.get("node", {})
        require(isinstance(node, Mapping), "node", "an object of names and values", node)
        given = values.get("geometry", {})
        require(isinstance(given, Mapping), "geometry", "an object of names and values", given)
        kind = ConvolutionGeometry if "convolutions" in given else type(self.geometry)
        names = {entry.name for entry in dataclasses.fields(kind)}
        strange = sorted(set(given) - names)
        require(not strange, "geometry", f"among {', '.join(sorted(names))}", strange)
        try:
            values["node"] = replace(self.node, **node)
            values["geometry"] = kind(**dataclasses.asdict(self.geometry) | given)
            return replace(self, **values)
        except TypeError as error:
            raise ValueError(f"configuration must be of the known kinds: {error}") from error

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `changed` reads it."""
        return dataclasses.asdict(self) | {"mesh": str(self.mesh)}


@dataclass(frozen=True)
class Board:
    """A board.

    `part` are nextpnr's arguments that name the FPGA, `device` is its name for the packer and,
    with Gowin, the PLL. `oscillator` in Hz. `pins` are the sites of the ports `oscillator`, `rx`
    and `tx`; `leds` those that show, in this order, heartbeat, session, activity; `high` those that
    must be driven high. `loader` is openFPGALoader's name of the board.
    """

    name: str
    title: str
    family: str
    part: tuple[str, ...]
    device: str
    oscillator: int
    pins: Mapping[str, str]
    leds: tuple[str, ...]
    leds_low: bool
    loader: str
    build: Build
    high: tuple[str, ...] = ()

    @property
    def sites(self) -> dict[str, str]:
        """The pin of every bit of every port."""
        listed = {"leds": self.leds, "high": self.high}
        bits = {f"{port}[{k}]": s for port, sites in listed.items() for k, s in enumerate(sites)}
        return dict(self.pins) | bits
