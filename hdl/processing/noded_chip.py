"""A chip with a processing node."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib import fifo, stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.chip import Chip
from axonloop.hdl.processing.node import QUEUE, Node
from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry


class NodedChip(wiring.Component):
    """A chip, and a node between it and its host; ports as those of `Chip`.

    No core may have the node's number, `NODE_CORE`. On each of the ways to and from the node lies a
    queue, so no path of logic leads across it.

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
        self._queue(m, "asked", flipped(self.commands), node.commands)
        self._queue(m, "told", node.chip_commands, chip.commands)
        self._queue(m, "heard", chip.replies, node.chip_replies)
        self._queue(m, "answered", node.replies, flipped(self.replies))
        return m

    def _queue(self, m: Module, name: str, words: Any, to: Any) -> None:
        """Words go from one stream to another, by a queue."""
        m.submodules[name] = queue = fifo.SyncFIFO(width=32, depth=QUEUE)
        connect(m, words=words, queue=queue.w_stream)
        connect(m, queue=queue.r_stream, to=to)
