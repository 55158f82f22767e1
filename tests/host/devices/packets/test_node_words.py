"""The words of a chip with a node."""

from __future__ import annotations

import numpy as np

from axonloop.host.devices.packets.node_words import write_node
from axonloop.models.protocol import MAX_COUNT, NODE_CORE, Kind, NodeRegion, header


def test_words_that_are_too_many_for_a_packet_go_in_several() -> None:
    words = np.arange(MAX_COUNT + 2, dtype=np.uint32)
    found = write_node(NodeRegion.PROGRAM, words, 7)
    first, rest = found[: MAX_COUNT + 2], found[MAX_COUNT + 2 :]
    place = NodeRegion.PROGRAM << 24 | 7
    assert first[:2].tolist() == [header(Kind.WRITE, NODE_CORE, MAX_COUNT), place]
    assert first[2:].tolist() == words[:MAX_COUNT].tolist()
    assert rest.tolist() == [
        *(header(Kind.WRITE, NODE_CORE, 2), place + MAX_COUNT),
        *(MAX_COUNT, MAX_COUNT + 1),
    ]
