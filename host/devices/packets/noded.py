"""A node behind packets: what a host tells it, and what it has become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.hdl.processing.firmware import CODE_BEGIN, MAILBOX, firmware_words
from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.packets.addresses import Addresses
from axonloop.host.devices.packets.node_failure import failure_text
from axonloop.host.devices.packets.node_words import node_tables, read_node, write_node
from axonloop.host.devices.packets.packet_device import PacketDevice
from axonloop.host.devices.packets.packing import Words, as_words
from axonloop.host.devices.packets.replies import data_payload, spikes_of_ticks
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import NodeGeometry
from axonloop.models.golden.processing import NodeConstants, NodeLoss, ProcessingNode
from axonloop.models.protocol import (
    HEARS,
    TELLS,
    Kind,
    NodeCommand,
    NodeRegion,
    NodeRegister,
    header,
    kind_of,
)

REGISTERS = NodeRegion.REGISTERS
STATE = NodeRegister.WHERE + 1 - NodeRegister.CONTROL
"""Registers that are read behind a sample, from CONTROL on."""
CONSTANTS = [
    entry.name.lower()
    for entry in NodeRegister
    if NodeRegister.NEURONS <= entry <= NodeRegister.SLOWNESS
]
"""The registers of a node that are its constants, from NEURONS on."""
MAILED = ("loss", "gain", "burn_in")
"""The constants of a loss, as the firmware finds them behind the number of the sample."""
TARGET, AGE = MAILBOX + 4, MAILBOX + 6
PROGRAM = 4096
"""Words of the processor's memory, of which the targets of a sample may fill what is left."""
STACK = 48
"""Words at the end of that memory which are the processor's own."""


def node_for(node: ProcessingNode, lanes: int) -> NodeGeometry:
    """The sizes of gateware for a node."""
    constants = node.constants
    return NodeGeometry(constants.neurons, constants.classes, lanes, PROGRAM)


def built_node(device: PacketDevice) -> NodeGeometry:
    """The sizes of the node that is beside a chip; DeviceError where there is none."""
    replies = device.exchange(read_node(REGISTERS, len(NodeRegister)), 1)
    if kind_of(int(replies[-1])) == Kind.FAULT:
        told = "device must have a processing node, not none: build it with [board] processor"
        raise DeviceError(f"{told} = true, or leave --processor out")
    found = data_payload(replies, len(NodeRegister)).tolist()
    sizes = ("MOST_NEURONS", "MOST_CLASSES", "LANES", "PROGRAM", "TAPE")
    return NodeGeometry(*(found[NodeRegister[name]] for name in sizes))


def guard_word(built: NodeGeometry) -> int:
    """The register GUARD: the processor may write neither its code nor up to its stack."""
    return firmware_words()[CODE_BEGIN] // 4 | built.program - STACK << 16


def check_node(constants: NodeConstants, built: NodeGeometry) -> None:
    """DeviceError unless a node of such sizes, with a processor, can have these constants."""
    sizes = {"neurons": constants.neurons, "classes": constants.classes}
    sizes |= {"program": len(firmware_words()) + STACK}
    for name, wanted in sizes.items():
        found = getattr(built, name)
        if found < wanted:
            raise DeviceError(
                f"{name} of the node must be {wanted} at least, not {found}: build it with "
                f"another [board.node]"
            )


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
        check_node(node.constants, built)
        own = [int(getattr(node.constants, name)) for name in MAILED]
        packets = [
            write_node(REGISTERS, [0, 0], NodeRegister.HEARS),
            *node_tables(device.config, built, node.constants, heard),
            write_node(
                REGISTERS,
                [int(getattr(node.constants, name)) for name in CONSTANTS],
                NodeRegister.NEURONS,
            ),
            write_node(REGISTERS, [guard_word(built)], NodeRegister.GUARD),
            write_node(NodeRegion.PROGRAM, firmware_words()),
            write_node(NodeRegion.PROGRAM, own, MAILBOX + 1),
            write_node(REGISTERS, [1], NodeRegister.RUNS),
            read_node(REGISTERS, 1),
        ]
        device.exchange(np.concatenate(packets), 1)

    def learn_sample(
        self, trains: Sequence[Int32Array], targets: Sequence[Any]
    ) -> list[Int32Array]:
        """Clear the chip and learn a sample, with a target for the node; see `NodeChip`.

        All words go out at once. Returns the neurons that were reported in each tick.
        """
        tick = as_words([header(Kind.TICK, self._device.config.first)])
        ticks = [part for axons in trains for part in (self._addresses.spikes(axons), tick)]
        words = [*self._moved(), *self._sample(np.concatenate(ticks), targets, HEARS | TELLS)]
        asked, counts = self._questions()
        replies = self._device.exchange(np.concatenate([*words, *asked]), len(trains) + len(asked))
        end = np.flatnonzero(replies >> 28 == int(Kind.TICK))[len(trains) - 1] + 1
        self._take(data_payload(replies[end:], sum(counts)), counts)
        return spikes_of_ticks(replies[:end], len(trains), self._addresses)

    def _sample(self, ticks: Words, targets: Sequence[Any], hears: int) -> list[Words]:
        """A sample as packets, from CLEAR on, of which the node hears the `ticks` alone."""
        (target,) = targets
        self._node.begin(target)
        begin = [
            as_words([header(Kind.CLEAR, self._device.config.first)]),
            *(
                write_node(REGISTERS, [number], at)
                for at, number in (
                    (NodeRegister.COMMAND, NodeCommand.BEGIN),
                    (NodeRegister.HEARS, hears),
                )
            ),
        ]
        quiet = write_node(REGISTERS, [0], NodeRegister.HEARS)
        return [*self._mail(target), *begin, ticks, quiet]

    def _moved(self) -> list[Words]:
        """What the chip must be told of the node's state: nothing if it is as the chip left it."""
        state = self._node.state()
        kept = ("residue", "control", "events", "clipped")
        known = self._known
        if known and all(np.array_equal(state[name], known[name]) for name in kept):
            return []
        numbers = [state[name] for name in ("control", "events", "clipped")]
        return [
            write_node(NodeRegion.RESIDUE, state["residue"]),
            write_node(REGISTERS, numbers, NodeRegister.CONTROL),
            write_node(NodeRegion.PROGRAM, [0], AGE + 1),
        ]

    def _mail(self, target: Any) -> list[Words]:
        """The target of a sample, and last its number."""
        self._samples += 1
        packets, place, stride = [], len(firmware_words()), 0
        if self._node.constants.loss == NodeLoss.MSE:
            rows = np.atleast_2d(target)
            room = self._built.program - STACK - place
            require(rows.size <= room, "numbers of a target", f"at most {room}", rows.size)
            packets.append(write_node(NodeRegion.PROGRAM, rows.ravel(), place))
            target, stride = 4 * place, rows.shape[1] * (np.ndim(target) - 1)
        mail = [int(target), stride]
        numbers = write_node(NodeRegion.PROGRAM, [self._samples], MAILBOX)
        return [*packets, write_node(NodeRegion.PROGRAM, mail, TARGET), numbers]

    def _questions(self) -> tuple[list[Words], list[int]]:
        """READs of all that a node has become, and the words that answer each."""
        classes, neurons = self._node.constants.classes, self._node.constants.neurons
        asked = [
            (REGISTERS, STATE, NodeRegister.CONTROL),
            (NodeRegion.LEVEL, classes, 0),
            (NodeRegion.RESIDUE, neurons, 0),
            (NodeRegion.PROGRAM, 2 + classes, AGE),
        ]
        return [read_node(*each) for each in asked], [count for _, count, _ in asked]

    def _check(self, registers: Words) -> None:
        """DeviceError where the registers, from CONTROL on, say that the processor failed."""
        failed, where = (
            int(registers[register - NodeRegister.CONTROL])
            for register in (NodeRegister.FAILED, NodeRegister.WHERE)
        )
        if failed:
            image = firmware_words()
            own = [read_node(NodeRegion.PROGRAM, len(image))]
            found = data_payload(self._device.exchange(own[0], 1), len(image))
            self._device.forget()
            raise DeviceError(failure_text(failed, where, found.tolist()))

    def _take(self, found: Words, counts: Sequence[int]) -> None:
        """Make the node what it became on the chip, by the answers to `_questions`."""
        parts = np.split(found.view(np.int32).astype(np.int64), np.cumsum(counts)[:-1])
        registers, level, residue, mail = parts
        self._check(found[:STATE])
        control, events, clipped = (int(word) % 2**32 for word in registers[:3])
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
