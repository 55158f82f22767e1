"""A node over packets, with the host as its processor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.hdl.processing.firmware import MAILBOX, firmware_words
from axonloop.host.devices.packets import PacketDevice, Transport, as_words
from axonloop.host.devices.packets.noded import CONSTANTS, guard_word
from axonloop.models.config import ChipConfig, NodeGeometry
from axonloop.models.golden import Chip
from axonloop.models.golden.processing import (
    NodeChip,
    NodeConstants,
    NodeLoss,
    ProcessingNode,
)
from axonloop.models.protocol import (
    IS_HEARD,
    NODE_CORE,
    Kind,
    NodeCommand,
    NodePhase,
    NodeRegion,
    NodeRegister,
    address,
    core_of,
    feedback_offset,
    header,
    kind_of,
    neuron_stride,
    packets,
    readout_offset,
)
from tests.support.oracles.node import NaiveNode
from tests.support.random.nodes import naive_of

REGISTERS = NodeRegion.REGISTERS
PATIENCE = 500
"""Questions after which a node counts as hung."""


class PacketNode:
    """The node of a chip behind `transport`; `naive` does what is a processor's.

    `sent` keeps the chip's own words, SPIKEs and answers to TICKs, as they came.
    """

    def __init__(self, transport: Transport, geometry: NodeGeometry, naive: NaiveNode) -> None:
        self.transport, self.geometry, self.naive = transport, geometry, naive
        self.sent: list[int] = []

    def exchange(self, words: Sequence[int], expected: int) -> list[int]:
        """The words of DATA packets of the node; all else is kept in `sent`."""
        found, heard, place = [], self.transport.exchange(as_words(words), expected).tolist(), 0
        while place < len(heard):
            word = heard[place]
            place += 1
            if kind_of(word) == Kind.DATA:
                assert core_of(word) == NODE_CORE
                count = word % 2**16
                found += heard[place : place + count]
                place += count
            else:
                self.sent.append(word)
        return found

    def write(self, region: NodeRegion, words: Iterable[int], offset: int = 0) -> None:
        own = [int(word) % 2**32 for word in words]
        self.exchange(packets.write(NODE_CORE, address(region, offset), own), 0)

    def read(self, region: NodeRegion, count: int, offset: int = 0) -> list[int]:
        """Words as signed numbers."""
        words = self.exchange(packets.read(NODE_CORE, address(region, offset), count), 1)
        return [word - (word >> 31 << 32) for word in words]

    def load(self, constants: NodeConstants, heard: Sequence[int], chip: ChipConfig) -> None:
        """All constants; the numbers of the neurons that are heard, in the chip."""
        geometry, stride = self.geometry, neuron_stride(chip.geometry.neurons)
        for name in CONSTANTS:
            self.write(REGISTERS, [getattr(constants, name)], NodeRegister[name.upper()])
        for i, number in enumerate(heard):
            core, neuron = divmod(number, chip.geometry.neurons)
            word = 1 << IS_HEARD | i
            self.write(NodeRegion.NODE_NUMBER, [word], core * stride + neuron)
            self.write(NodeRegion.CHIP_NUMBER, [core + chip.first << 16 | neuron], i)
            at = readout_offset(geometry, i)
            self.write(NodeRegion.READOUT, constants.columns[:, i].tolist(), at)
            for c in range(constants.classes):
                at = feedback_offset(geometry, i, c)
                self.write(NodeRegion.FEEDBACK, [constants.rows[c, i]], at)
        self.write(NodeRegion.RESIDUE, [0] * len(heard))
        self.write(REGISTERS, [constants.threshold << 8, 0, 0, 1], NodeRegister.CONTROL)

    def begin(self, target: Any) -> None:
        self.naive.begin(target)
        self.write(REGISTERS, [NodeCommand.BEGIN], NodeRegister.COMMAND)

    def tick(
        self, first: int, axons: Sequence[tuple[int, int]], answered: bool = True
    ) -> list[int]:
        """A tick with spikes on axons of cores; the words that the host hears of it.

        A node that is silent has not `answered` it.
        """
        own, naive = self.naive.constants, self.naive
        self.sent = []
        words = [packets.spike(core, axon) for core, axon in axons]
        self.exchange([*words, packets.tick(first)], 0)
        phases = (self.read(REGISTERS, 1, NodeRegister.PHASE)[0] for _ in range(PATIENCE))
        assert NodePhase.WAITING in phases, "a node must not hang"
        assert header(Kind.TICK, first) & 0xFFF00000 not in {w & 0xFFF00000 for w in self.sent}
        naive.level = self.read(NodeRegion.LEVEL, len(naive.level))
        heard = self.read(NodeRegion.HEARD, len(naive.level))
        learns, commands = naive.age >= own["burn_in"], [NodeCommand.DONE]
        if learns:
            of_classes = own["loss"] == NodeLoss.CROSS_ENTROPY
            naive.gradient = naive.softly(heard) if of_classes else naive.squarely()
            self.write(NodeRegion.GRADIENT, naive.gradient)
            commands = [NodeCommand.TEACH, NodeCommand.DONE]
        naive.age = min(naive.age + 1, 65535)
        to, of = (address(REGISTERS, at) for at in (NodeRegister.COMMAND, NodeRegister.PHASE))
        words = [word for command in commands for word in packets.write(NODE_CORE, to, [command])]
        self.exchange([*words, *packets.read(NODE_CORE, of, 1)], 1 + answered)
        assert not answered or kind_of(self.sent[-1]) == Kind.TICK
        return self.sent

    def state(self) -> dict[str, Any]:
        """All state of the node, by the names of the golden one."""
        control, events, clipped = self.read(REGISTERS, 3, NodeRegister.CONTROL)
        return {
            "level": self.read(NodeRegion.LEVEL, len(self.naive.level)),
            "residue": self.read(NodeRegion.RESIDUE, len(self.naive.residue)),
            "control": control,
            "events": events % 2**32,
            "clipped": (clipped + self.naive.clipped) % 2**32,
            "votes": np.array(self.naive.votes).tolist(),
            "age": self.naive.age,
        }


class ProcessorNode(PacketNode):
    """A node whose processor runs the firmware: the host uploads it, and sends samples."""

    samples = 0

    def start(self, constants: NodeConstants, words: Sequence[int]) -> None:
        """Upload firmware and the constants of step 3; let it run."""
        self.write(REGISTERS, [0], NodeRegister.RUNS)
        self.write(REGISTERS, [guard_word(self.geometry)], NodeRegister.GUARD)
        self.write(NodeRegion.PROGRAM, words)
        names = ("loss", "gain", "burn_in")
        own = [int(getattr(constants, name)) for name in names]
        self.write(NodeRegion.PROGRAM, own, MAILBOX + 1)
        self.write(REGISTERS, [1], NodeRegister.RUNS)

    def sample(
        self,
        first: int,
        target: Any,
        ticks: Sequence[Sequence[tuple[int, int]]],
        said: Sequence[int] | None = None,
    ) -> None:
        """Learn a sample; all of its words go out at once, and only the TICKs are answered.

        `said` are the words of its ticks and their spikes, by default a packet for each.
        """
        self.samples, place, stride = self.samples + 1, len(firmware_words()), 0
        if np.ndim(target):
            rows = np.atleast_2d(target)
            self.write(NodeRegion.PROGRAM, rows.ravel().tolist(), place)
            target, stride = 4 * place, rows.shape[1] * (np.ndim(target) - 1)
        self.write(NodeRegion.PROGRAM, [target, stride], MAILBOX + 4)
        self.write(NodeRegion.PROGRAM, [self.samples], MAILBOX)
        words = packets.write(NODE_CORE, address(REGISTERS, NodeRegister.COMMAND), [1])
        if said is None:
            told = [
                [*(packets.spike(*spike) for spike in axons), packets.tick(first)]
                for axons in ticks
            ]
            said = [word for tick in told for word in tick]
        words += said
        self.sent = []
        self.exchange([header(Kind.CLEAR, first), *words], len(ticks))

    def state(self) -> dict[str, Any]:
        age, clipped, *votes = self.read(NodeRegion.PROGRAM, 2 + len(self.naive.votes), MAILBOX + 6)
        self.naive.age, self.naive.clipped, self.naive.votes = age, clipped, votes
        return super().state()


def loaded_alike(
    rng: np.random.Generator,
    transport: Transport,
    chip: ChipConfig,
    geometry: NodeGeometry,
    constants: NodeConstants,
    heard: NDArray[Any],
) -> tuple[NodeChip, PacketDevice, ProcessorNode]:
    """A golden chip with a golden node, and a chip and its node behind `transport`, all loaded.

    Weights are any; the firmware runs.
    """
    golden = NodeChip(Chip(chip), [(ProcessingNode(constants), heard)])
    weights = rng.integers(-20, 100, (chip.axons, chip.neurons))
    golden.chip.load_weights(weights)
    device = PacketDevice(transport, chip, fresh=False)
    device.load_weights(weights)
    device.read_weights()
    node = ProcessorNode(transport, geometry, naive_of(constants))
    node.write(NodeRegion.NODE_NUMBER, [0] * neuron_stride(chip.neurons))
    node.load(constants, heard.tolist(), chip)
    node.start(constants, firmware_words())
    return golden, device, node
