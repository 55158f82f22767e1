"""The chip: for now one core behind its host port."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.core import Core
from axonloop.models.config import Geometry


class Chip(wiring.Component):
    """Ports: `commands` and `replies`, words of packets (docs/contract.md, section 6)."""

    def __init__(self, geometry: Geometry, core: int = 0) -> None:
        self._geometry, self._core = geometry, core
        super().__init__(
            {"commands": In(stream.Signature(32)), "replies": Out(stream.Signature(32))}
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.core = core = Core(self._geometry, self._core)
        connect(m, host=flipped(self.commands), core=core.commands)
        connect(m, core=core.replies, host=flipped(self.replies))
        return m
