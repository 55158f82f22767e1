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
from axonloop.models.protocol import HEARS, SILENT, NodeRegister

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
        moved = self._moved()
        if moved:
            self._before = np.zeros(STATE, dtype=np.uint32)
            self._before[EVENTS] = self._node.events
            moved.append(write_node(REGISTERS, [0], NodeRegister.SPIKES))
            self._known = self._node.state()
        words = self._sample(map_words(self._device.config, trains), targets, HEARS | SILENT)
        question = read_node(REGISTERS, STATE, NodeRegister.CONTROL)
        self._device.send(np.concatenate([*moved, *words, question]), 1)

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
