"""A node whose samples are sent ahead: nothing comes back of a sample but its counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axonloop.host.devices.packets.node_words import read_node, write_node
from axonloop.host.devices.packets.noded import REGISTERS, STATE, NodeDevice
from axonloop.host.devices.packets.packing import Words
from axonloop.host.devices.packets.replies import data_payload
from axonloop.host.devices.packets.spike_maps import map_words
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.protocol import HEARS, SILENT, NodeRegion, NodeRegister

EVENTS, SPIKES = (
    register - NodeRegister.CONTROL for register in (NodeRegister.EVENTS, NodeRegister.SPIKES)
)
"""Places of the counters among the registers that are read behind a sample."""


@dataclass(frozen=True)
class SampleCounts:
    """What a node heard and said in a sample."""

    spikes: int
    events: int


class StreamedNode(NodeDevice):
    """The one node of a chip on a line, which learns samples that are sent ahead.

    Spikes and answers to ticks stay on the chip. What the node has become stays there too, until
    `fetch` makes it that of the host's node, whose changes go to the chip before the next sample.
    """

    _before: Words

    def send_sample(self, trains: Sequence[Int32Array], targets: Sequence[Any]) -> None:
        """Clear the chip and let it learn a sample; `take_sample` waits for its counts."""
        words = [*self._told(), *self._silent(trains, targets)]
        question = read_node(REGISTERS, STATE, NodeRegister.CONTROL)
        self._device.send(np.concatenate([*words, question]), 1)

    def _told(self) -> list[Words]:
        """What the chip must be told before a sample."""
        moved = self._moved()
        if moved:
            self._before = np.zeros(STATE, dtype=np.uint32)
            self._before[EVENTS] = self._node.events
            moved.append(write_node(REGISTERS, [0], NodeRegister.SPIKES))
            self._known = self._node.state()
        return moved

    def _silent(self, trains: Sequence[Int32Array], targets: Sequence[Any]) -> list[Words]:
        return self._sample(map_words(self._device.config, trains), targets, HEARS | SILENT)

    def store(self, samples: Sequence[tuple[Sequence[Int32Array], Sequence[Any]]]) -> int:
        """Put samples, trains and targets each, onto the node's tape; the words that they take.

        Raises ValueError for fewer than two samples, or for more than fit.
        """
        require(len(samples) > 1, "samples on a tape", "two or more", len(samples))
        words = np.concatenate([part for each in samples for part in self._silent(*each)])
        room = self._built.tape
        require(words.size <= room, "words on the tape of the node", f"at most {room}", words.size)
        length = write_node(REGISTERS, [words.size], NodeRegister.LENGTH)
        tape = write_node(NodeRegion.TAPE, words)
        self._device.exchange(np.concatenate([tape, length, read_node(REGISTERS, 1)]), 1)
        return int(words.size)

    def play(self, passes: int) -> None:
        """Learn what is on the tape, `passes` times in its order; nothing waits for the end."""
        require_range("passes of a tape", passes, 1, 2**16 - 1)
        start = write_node(REGISTERS, [passes], NodeRegister.PASSES)
        words = [*self._told(), start, read_node(REGISTERS, 1)]
        self._device.exchange(np.concatenate(words), 1)

    def passes(self) -> int:
        """How many passes are left, the one under way among them. DeviceError where it failed."""
        count = NodeRegister.PASSES + 1 - NodeRegister.CONTROL
        question = read_node(REGISTERS, count, NodeRegister.CONTROL)
        found = data_payload(self._device.exchange(question, 1), count)
        self._check(found)
        self._before = found[:STATE]
        return int(found[-1])

    def take_sample(self) -> SampleCounts:
        """The counts of the oldest sample that was not taken. DeviceError where the node failed."""
        found = data_payload(self._device.take(), STATE)
        self._check(found)
        grown, self._before = found - self._before, found
        return SampleCounts(int(grown[SPIKES]), int(grown[EVENTS]))

    def fetch(self) -> None:
        """Make the host's node what the chip's has become, behind all samples that were sent."""
        if self._known:
            packets, counts = self._questions()
            replies = self._device.exchange(np.concatenate(packets), len(packets))
            self._take(data_payload(replies, sum(counts)), counts)
