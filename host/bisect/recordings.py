"""Two recordings of the same run: the first answer in which they part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.bisect.difference import ANSWER, REPORTED, WEIGHT, Difference, located
from axonloop.host.devices import Contents, packet_starts, read_recording
from axonloop.host.devices.packets import Words, unpack_pending, unpack_weights
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import (
    MODEL_COUNTERS,
    Control,
    Counter,
    Kind,
    Region,
    argument_of,
    core_of,
    kind_of,
    region_words,
)


@dataclass(frozen=True)
class Question:
    """A TICK or READ packet, what was posted before it, and the answer: `spikes` and `words`."""

    ticks: int
    posted: list[list[int]]
    packet: list[int]
    spikes: list[int]
    words: list[int]


def compare_recordings(one: Path, other: Path) -> Difference | None:
    """The first answer in which two recordings of the same run differ, or None.

    Counters that only RTL has may differ. Raises ValueError for recordings of different chips, or
    where the host asks for something else before any answer differs.
    """
    both = [read_recording(path) for path in (one, other)]
    chips = [contents.configuration for contents in both]
    require(chips[0] == chips[1], "recordings", "of the same chip", "of two configurations")
    asked = [list(questions(contents)) for contents in both]
    for first, second in zip(*asked, strict=False):
        same = first.posted == second.posted and first.packet == second.packet
        where = f"the host's words behind {first.ticks} ticks"
        require(same, where, "the same in both recordings", "others: they are of different runs")
        if found := _answers_differ(chips[0], first, second):
            return found
    counts = [len(questions) for questions in asked]
    require(counts[0] == counts[1], "recordings", "of the same length", counts)
    return None


def questions(contents: Contents) -> Iterator[Question]:
    """All questions of a recording with their answers."""
    answers = _answers(np.concatenate(contents.heard) if contents.heard else np.zeros(0, np.uint32))
    posted: list[list[int]] = []
    ticks = 0
    for packet in split_packets(np.concatenate(contents.sent)):
        if kind_of(packet[0]) not in (Kind.TICK, Kind.READ):
            posted.append(packet)
            continue
        spikes, words = next(answers)
        yield Question(ticks, posted, packet, spikes, words)
        ticks += kind_of(packet[0]) == Kind.TICK
        posted = []


def split_packets(words: Words) -> Iterator[list[int]]:
    """The packets among whole ones."""
    starts = [index for index, _ in packet_starts(words)]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield words[start:end].tolist()


def _answers(words: Words) -> Iterator[tuple[list[int], list[int]]]:
    """Answers, each with the SPIKE packets before it, sorted."""
    spikes: list[int] = []
    for packet in split_packets(words):
        if kind_of(packet[0]) == Kind.SPIKE:
            spikes += packet
        else:
            yield sorted(spikes), packet
            spikes = []


def _answers_differ(chip: ChipConfig, one: Question, other: Question) -> Difference | None:
    """The difference of the answers to one question."""
    tick = max(one.ticks - (kind_of(one.packet[0]) == Kind.READ), 0)
    reported = [neurons_of(chip, each.spikes) for each in (one, other)]
    if found := located(chip, tick, REPORTED, reported):
        return found
    if one.words == other.words:
        return None
    if kind_of(one.packet[0]) == Kind.READ and len(one.words) == len(other.words):
        return _words_differ(chip, tick, one, other)
    values = [" ".join(f"0x{word:08X}" for word in each.words[:4]) for each in (one, other)]
    return Difference(tick, ANSWER, (), None, (values[0], values[1]))


def neurons_of(chip: ChipConfig, spikes: list[int]) -> Int32Array:
    neurons = chip.geometry.neurons
    found = [(core_of(word) - chip.first) * neurons + argument_of(word) for word in spikes]
    return np.array(found, np.int32)


def _words_differ(chip: ChipConfig, tick: int, one: Question, other: Question) -> Difference | None:
    """The difference of words that were read, by the register map."""
    core, address, start = core_of(one.packet[0]), one.packet[1], one.packet[1] & 0xFFFFFF
    region, geometry = Region(address >> 24), chip.geometry
    if region == Region.CONTROL:
        return _control_differs(core, tick, start, one, other)
    whole = []
    for each in (one, other):
        words = np.zeros(region_words(geometry)[region], np.uint32)
        words[start : start + len(each.words) - 1] = each.words[1:]
        whole.append(words)
    unit = region.key
    arrays: list[Any] = [words.view(np.int32) for words in whole]
    if region == Region.WEIGHT:
        unit, arrays = WEIGHT, [unpack_weights(geometry, words) for words in whole]
    elif region == Region.PENDING:
        arrays = [unpack_pending(geometry, words) for words in whole]
    where = np.argwhere(arrays[0] != arrays[1])
    if not where.size:
        return None
    index = tuple(where[0].tolist())
    return Difference(tick, unit, index, core, (int(arrays[0][index]), int(arrays[1][index])))


def _control_differs(
    core: int, tick: int, start: int, one: Question, other: Question
) -> Difference | None:
    """The difference of words of CONTROL: registers, or counters that every device has."""
    for offset, (first, second) in enumerate(
        zip(one.words[1:], other.words[1:], strict=True), start
    ):
        if first == second:
            continue
        if offset >= Control.COUNTERS:
            counter = Counter((offset - Control.COUNTERS) // 2)
            if counter not in MODEL_COUNTERS:
                continue
            name = counter.name.lower()
        else:
            name = Control(offset).name.lower() if offset in set(Control) else "control"
        return Difference(tick, name, (), core, (first, second))
    return None
