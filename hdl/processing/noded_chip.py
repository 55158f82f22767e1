"""A chip with a processing node."""

from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.chip import Chip
from axonloop.hdl.processing.node import Node
from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry


class NodedChip(wiring.Component):
    """A chip, and a node between it and its host; ports as those of `Chip`.

    No core may have the node's number, `NODE_CORE`.
    """

    def __init__(
        self, geometry: Geometry, node: NodeGeometry, mesh: Mesh = ONE_CORE, core: int = 0
    ) -> None:
        self._chip = Chip(geometry, mesh, core)
        self._node = Node(geometry, mesh, core, node)
        super().__init__(
            {"commands": In(stream.Signature(32)), "replies": Out(stream.Signature(32))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.chip, m.submodules.node = chip, node = self._chip, self._node
        connect(m, host=flipped(self.commands), node=node.commands)
        connect(m, node=node.replies, host=flipped(self.replies))
        connect(m, node=node.chip_commands, chip=chip.commands)
        connect(m, chip=chip.replies, node=node.chip_replies)
        return m
