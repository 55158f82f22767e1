"""The sizes of a processing node's loss engine, and the encoders that it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from axonloop.models.checks import require, require_range, take_whole
from axonloop.models.config.geometry import ceil_log2

MAX_CLASSES = 256
MAX_HEARD = 2048
"""Most neurons that a node hears."""
MAX_NODE_LANES = 64
MAX_PROGRAM = 1 << 16
MAX_TAPE = 1 << 17


class NodeEncoding(IntEnum):
    """How a node makes error events of what its neurons are wrong by."""

    DENSE = 0
    THRESHOLD = 1
    SIGMA_DELTA = 2


@dataclass(frozen=True)
class NodeGeometry:
    """What is fixed when a node is built: most `neurons` and `classes`, `lanes`, `program`, `tape`.

    `lanes` weights of the readout or of the feedback are read and multiplied per cycle. The memory
    of the processor has `program` words; with 0 there is no processor. The tape, from which it
    learns samples without a host, has `tape` words. ValueError for what is out of range.
    """

    neurons: int = 256
    classes: int = 16
    lanes: int = 16
    program: int = 0
    tape: int = 0

    def __post_init__(self) -> None:
        take_whole(self, "neurons", "classes", "lanes", "program", "tape")
        require_range("neurons of a node", self.neurons, 1, MAX_HEARD)
        require_range("classes of a node", self.classes, 1, MAX_CLASSES)
        require_range("lanes of a node", self.lanes, 1, MAX_NODE_LANES)
        power = self.lanes == 1 << ceil_log2(self.lanes)
        require(power, "lanes of a node", "a power of two", self.lanes)
        require_range("tape words of a node", self.tape, 0, MAX_TAPE)
        require_range("program words of a node", self.program, 0, MAX_PROGRAM)
        power = self.program == 1 << ceil_log2(self.program or 1)
        require(
            power or not self.program, "program words of a node", "a power of two", self.program
        )

    @property
    def groups(self) -> int:
        """Groups of `lanes` neurons."""
        return -(-self.neurons // self.lanes)

    @property
    def pieces(self) -> int:
        """Words of the readout for a neuron: of `lanes` classes each, up to a power of two."""
        return 1 << ceil_log2(-(-self.classes // self.lanes))

    @property
    def row_stride(self) -> int:
        """Words of the feedback for a group, one per class: up to a power of two."""
        return 1 << ceil_log2(self.classes)
