"""A node behind packets: what a host tells it, and what it has become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.hdl.processing.firmware import MAILBOX, firmware_words
from axonloop.host.devices.packets.addresses import Addresses
from axonloop.host.devices.packets.packet_device import PacketDevice
from axonloop.host.devices.packets.packing import Words, as_words
from axonloop.host.devices.packets.replies import data_payload, spikes_of_ticks
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import NodeGeometry
from axonloop.models.golden.processing import NodeLoss, ProcessingNode
from axonloop.models.protocol import (
    IS_HEARD,
    MAX_COUNT,
    NODE_CORE,
    Kind,
    NodeCommand,
    NodeRegion,
    NodeRegister,
    header,
    neuron_stride,
)

REGISTERS = NodeRegion.REGISTERS
HEARS, TELLS = 1, 2
CONSTANTS = [
    entry.name.lower()
    for entry in NodeRegister
    if NodeRegister.NEURONS <= entry <= NodeRegister.SLOWNESS
]
"""The registers of a node that are its constants, from NEURONS on."""
MAILED = ("loss", "scale", "scale_shift", "gain", "burn_in")
"""The constants of a loss, as the firmware finds them behind the number of the sample."""
TARGET, AGE = MAILBOX + 6, MAILBOX + 8
PROGRAM = 4096
"""Words of the processor's memory, of which the targets of a sample may fill what is left."""


def node_for(node: ProcessingNode, lanes: int) -> NodeGeometry:
    """The sizes of gateware for a node."""
    constants = node.constants
    return NodeGeometry(constants.neurons, constants.classes, lanes, PROGRAM)


class NodeDevice:
    """The one node of a chip behind packets, which learns whole samples.

    `node` is what it stands for: its state goes to the chip before a sample where it changed, and
    comes from there behind each. Its spikes, of the neurons `heard`, come to the host all the same.
    """

    def __init__(
        self, device: PacketDevice, built: NodeGeometry, node: ProcessingNode, heard: Int32Array
    ) -> None:
        self._device, self._node, self._built = device, node, built
        self._addresses, self._samples = Addresses(device.config), 0
        self._known: dict[str, Any] = {}
        packets = [*self._tables(heard), *self._constants()]
        packets += [_write(NodeRegion.PROGRAM, firmware_words())]
        own = [int(getattr(node.constants, name)) for name in MAILED]
        packets += [_write(NodeRegion.PROGRAM, own, MAILBOX + 1)]
        packets += [_write(REGISTERS, [1], NodeRegister.RUNS)]
        question = _read(REGISTERS, 1)
        device.exchange(np.concatenate([*packets, question]), 1)

    def learn_sample(
        self, trains: Sequence[Int32Array], targets: Sequence[Any]
    ) -> list[Int32Array]:
        """Clear the chip and learn a sample, with a target for the node; see `NodeChip`.

        All words go out at once. Returns the neurons that were reported in each tick.
        """
        (target,) = targets
        self._node.begin(target)
        self._device.clear()
        begin = [
            _write(REGISTERS, [number], at)
            for at, number in (
                (NodeRegister.COMMAND, NodeCommand.BEGIN),
                (NodeRegister.HEARS, HEARS | TELLS),
            )
        ]
        tick = as_words([header(Kind.TICK, self._device.config.first)])
        ticks = [part for axons in trains for part in (self._addresses.spikes(axons), tick)]
        quiet = _write(REGISTERS, [0], NodeRegister.HEARS)
        asked = self._questions()
        reads = [_read(region, count, offset) for region, count, offset in asked]
        words = [*self._moved(), *self._sample(target), *begin, *ticks, quiet, *reads]
        replies = self._device.exchange(np.concatenate(words), len(trains) + len(reads))
        end = np.flatnonzero(replies >> 28 == int(Kind.TICK))[len(trains) - 1] + 1
        counts = [count for _, count, _ in asked]
        found = np.split(data_payload(replies[end:], sum(counts)), np.cumsum(counts)[:-1])
        self._take(*(words.view(np.int32).astype(np.int64) for words in found))
        return spikes_of_ticks(replies[:end], len(trains), self._addresses)

    def _tables(self, heard: Int32Array) -> list[Words]:
        """Numbers of neurons, and both matrices."""
        config, built, constants = self._device.config, self._built, self._node.constants
        size = config.geometry.neurons
        cores, neurons = np.divmod(np.asarray(heard), size)
        numbers = np.zeros((len(config.cores), neuron_stride(size)), np.int64)
        numbers[cores, neurons] = 1 << IS_HEARD | np.arange(len(heard))
        own = (cores + config.first) << 16 | neurons
        columns = np.zeros((built.neurons, built.pieces * built.lanes), np.int64)
        columns[:, : constants.classes] = constants.columns.T
        rows = np.zeros((built.groups, built.row_stride, built.lanes), np.int64)
        padded = np.zeros((constants.classes, built.groups * built.lanes), np.int64)
        padded[:, : constants.neurons] = constants.rows
        rows[:, : constants.classes] = padded.reshape(-1, built.groups, built.lanes).swapaxes(0, 1)
        return [
            _write(region, words.ravel())
            for region, words in (
                (NodeRegion.NODE_NUMBER, numbers),
                (NodeRegion.CHIP_NUMBER, own),
                (NodeRegion.READOUT, columns),
                (NodeRegion.FEEDBACK, rows),
            )
        ]

    def _constants(self) -> list[Words]:
        own = [int(getattr(self._node.constants, name)) for name in CONSTANTS]
        return [_write(REGISTERS, own, NodeRegister.NEURONS)]

    def _moved(self) -> list[Words]:
        """What the chip must be told of the node's state: nothing if it is as the chip left it."""
        state = self._node.state()
        kept = ("residue", "control", "events", "clipped")
        known = self._known
        if known and all(np.array_equal(state[name], known[name]) for name in kept):
            return []
        numbers = [state[name] for name in ("control", "events", "clipped")]
        return [
            _write(NodeRegion.RESIDUE, state["residue"]),
            _write(REGISTERS, numbers, NodeRegister.CONTROL),
            _write(NodeRegion.PROGRAM, [0], AGE + 1),
        ]

    def _sample(self, target: Any) -> list[Words]:
        """The target of a sample, and last its number."""
        self._samples += 1
        packets, place, stride = [], len(firmware_words()), 0
        if self._node.constants.loss == NodeLoss.MSE:
            rows = np.atleast_2d(target)
            room = self._built.program // 2 - place
            require(rows.size <= room, "numbers of a target", f"at most {room}", rows.size)
            packets.append(_write(NodeRegion.PROGRAM, rows.ravel(), place))
            target, stride = 4 * place, rows.shape[1] * (np.ndim(target) - 1)
        mail = [int(target), stride]
        numbers = _write(NodeRegion.PROGRAM, [self._samples], MAILBOX)
        return [*packets, _write(NodeRegion.PROGRAM, mail, TARGET), numbers]

    def _questions(self) -> list[tuple[NodeRegion, int, int]]:
        """Region, words and offset of all that a node has become."""
        classes, neurons = self._node.constants.classes, self._node.constants.neurons
        return [
            (REGISTERS, 3, NodeRegister.CONTROL),
            (NodeRegion.LEVEL, classes, 0),
            (NodeRegion.RESIDUE, neurons, 0),
            (NodeRegion.PROGRAM, 2 + classes, AGE),
        ]

    def _take(self, registers: Any, level: Any, residue: Any, mail: Any) -> None:
        """Make the node what it became on the chip."""
        control, events, clipped = (int(word) % 2**32 for word in registers)
        self._node.restore(
            {
                "level": level,
                "votes": mail[2:],
                "age": int(mail[0]),
                "residue": residue,
                "control": control,
                "events": events,
                "clipped": (clipped + int(mail[1])) % 2**32,
            }
        )
        self._known = self._node.state()


def _write(region: NodeRegion, words: Any, offset: int = 0) -> Words:
    """WRITE packets to a node."""
    values, packets = as_words(words), []
    for start in range(0, values.size, MAX_COUNT):
        part = values[start : start + MAX_COUNT]
        head = [header(Kind.WRITE, NODE_CORE, part.size), region << 24 | offset + start]
        packets += [as_words(head), part]
    return np.concatenate(packets)


def _read(region: NodeRegion, count: int, offset: int = 0) -> Words:
    """A READ packet to a node."""
    return as_words([header(Kind.READ, NODE_CORE, count), region << 24 | offset])
