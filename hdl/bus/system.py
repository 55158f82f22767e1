"""A chip on a bus: its protocol, its registers, the chip."""

from amaranth.hdl import Module, ResetInserter
from amaranth.lib import wiring
from amaranth.lib.wiring import Out, connect

from axonloop.hdl.bus.axi_lite import AxiLite
from axonloop.hdl.bus.port import BusPort
from axonloop.hdl.bus.wishbone import Wishbone
from axonloop.hdl.chip import Chip
from axonloop.models.config import ONE_CORE, Geometry, Mesh

DEPTHS = (1024, 1024)
"""Words that the queues to and from the chip hold."""


class _BusChip(wiring.Component):
    """The ports of `protocol`, with a chip behind its registers, and `irq`."""

    def __init__(self, protocol: wiring.Component, chip: Chip, depths: tuple[int, int]) -> None:
        self._protocol, self._chip, self._depths = protocol, chip, depths
        members = dict(protocol.signature.members.items())
        self._names = [name for name in members if name != "access"]
        super().__init__({**{name: members[name] for name in self._names}, "irq": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.protocol = protocol = self._protocol
        m.submodules.port = port = BusPort(*self._depths)
        m.submodules.chip = chip = ResetInserter(port.chip_reset)(self._chip)
        connect(m, protocol=protocol.access, port=port.access)
        connect(m, port=port.commands, chip=chip.commands)
        connect(m, chip=chip.replies, port=port.replies)
        for name in self._names:
            own, inner = getattr(self, name), getattr(protocol, name)
            inward = protocol.signature.members[name].flow is wiring.In
            m.d.comb += inner.eq(own) if inward else own.eq(inner)
        m.d.comb += self.irq.eq(port.irq)
        return m


class WishboneChip(_BusChip):
    """A chip as a device of Wishbone B4, classic or pipelined; `depths` of its queues, in words."""

    def __init__(
        self,
        geometry: Geometry,
        mesh: Mesh = ONE_CORE,
        depths: tuple[int, int] = DEPTHS,
        pipelined: bool = False,
    ) -> None:
        super().__init__(Wishbone(pipelined), Chip(geometry, mesh), depths)


class AxiLiteChip(_BusChip):
    """A chip as a subordinate of AXI4-Lite; `depths` of its queues, in words."""

    def __init__(
        self, geometry: Geometry, mesh: Mesh = ONE_CORE, depths: tuple[int, int] = DEPTHS
    ) -> None:
        super().__init__(AxiLite(), Chip(geometry, mesh), depths)
