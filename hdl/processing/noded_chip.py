"""A chip with a processing node."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.chip import Chip
from axonloop.hdl.processing.node import Node
from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry

WAITING = 2
"""Words that wait on each of the ways to and from the node: no path of logic leads across it."""


class NodedChip(wiring.Component):
    """A chip, and a node between it and its host; ports as those of `Chip`.

    No core may have the node's number, `NODE_CORE`.

    Latency: four cycles, two on either way, and what the node takes.
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
        self._hand_on(m, "asked", flipped(self.commands), node.commands)
        self._hand_on(m, "told", node.chip_commands, chip.commands)
        self._hand_on(m, "heard", chip.replies, node.chip_replies)
        self._hand_on(m, "answered", node.replies, flipped(self.replies))
        return m

    def _hand_on(self, m: Module, name: str, words: Any, to: Any) -> None:
        """Words go from one stream to another, by a queue."""
        m.submodules[name] = queue = fifo.SyncFIFO(width=32, depth=WAITING)
        connect(m, words=words, queue=queue.w_stream)
        connect(m, queue=queue.r_stream, to=to)
