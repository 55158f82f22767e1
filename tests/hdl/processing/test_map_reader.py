"""Maps of spikes: the packets that they stand for, among others that pass."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest

from axonloop.hdl.processing.map_reader import MapReader
from axonloop.host.devices.packets.spike_maps import map_words
from axonloop.models.config import ChipConfig, CoreConfig, Geometry, Mesh, ParameterSet
from axonloop.models.protocol import MAP, packets
from tests.support.streams import Streams

GEOMETRY = Geometry(axons=80, neurons=4, lanes=2, update_lanes=2, trace_lanes=2, multipliers=2)
CORES = tuple(CoreConfig(GEOMETRY, (ParameterSet(),), core=number) for number in range(2))
CHIP = ChipConfig(CORES, Mesh(2, 1))
FIRST = 1
CYCLES = 3000
"""Twice as many as the words of a test take."""


def read(words: list[int], pauses: int) -> list[int]:
    """What a reader makes of words, while both sides wait in `pauses` of 256 cycles."""
    reader, waiting, found = MapReader(FIRST), deque(words), []
    rng = np.random.default_rng(pauses)

    def goes(cycle: int, number: int) -> bool:
        return bool(rng.integers(256) >= pauses)

    def offer(cycle: int, number: int) -> int | None:
        return waiting.popleft() if waiting and goes(cycle, number) else None

    streams = Streams(reader, [reader.words], [reader.packets])
    streams.run(CYCLES, offer, goes, lambda cycle, number, word: found.append(word))
    assert not waiting
    return found


def plain(trains: list[np.ndarray[Any, Any]]) -> list[int]:
    """The packets that ticks with such spikes stand for."""
    words = []
    for axons in trains:
        words += [packets.spike(a // 80, a % 80) for a in sorted(axons.tolist())]
        words.append(packets.tick(FIRST))
    return words


@pytest.mark.parametrize("pauses", [0, 100])
def test_maps_are_the_spikes_and_ticks_that_they_stand_for(pauses: int) -> None:
    rng = np.random.default_rng(pauses)
    trains = [np.flatnonzero(rng.random(160) < rate).astype(np.int32) for rate in (0.3, 0, 1, 0.01)]
    words, others = map_words(CHIP, trains).tolist(), packets.write(1, 0, [MAP << 28 | 1 << 19, 7])
    others += packets.read(0, MAP << 28, 1)
    assert read([*others, *words, *others], pauses) == [*others, *plain(trains), *others]


def test_words_without_a_spike_are_left_out() -> None:
    at = [np.array(axons, dtype=np.int32) for axons in ([70], [], [0, 159])]
    sizes = [map_words(CHIP, [axons]).size for axons in at]
    assert sizes == [2, 1, 4]
    assert read(map_words(CHIP, at).tolist(), 0) == plain(at)


def test_an_axon_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="axons must be in 0..159"):
        map_words(CHIP, [np.array([160], dtype=np.int32)])
