"""The tape of a node: what is played, how often, and which packets of a host go between."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from axonloop.hdl.processing.tape import Tape
from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import MAP, MAP_COUNT, NODE_CORE, NodeRegion, packets

TAPE = [
    *packets.write(NODE_CORE, 5, [1, 2]),
    MAP << 28 | 2 << MAP_COUNT.low,
    *(7 << 28 | NODE_CORE << 20, 3 << 28),
    packets.tick(0),
]
"""Packets, of which some words look like headers."""
SIZES = (4, 3, 1)
"""Words of each of them."""
OWN, OTHERS = packets.read(NODE_CORE, 28, 1), [packets.spike(0, 3), packets.tick(0)]


def played(
    words: list[int], passes: int, pauses: int, begins: int = 0, arrives: int = 0
) -> list[int]:
    """What a node hears of a host's words and of `passes` of the tape, each from a cycle on.

    Both sides wait in `pauses` of 256 cycles; a word that was shown stays until it is taken.
    """
    tape, found = Tape(16), []
    waiting, rng = deque(words), np.random.default_rng(pauses)

    async def drive(context: Any) -> None:
        left, quiet, cycle, kept = passes, 0, 0, None
        for place, word in enumerate(TAPE):
            context.set(tape.bus.address, NodeRegion.TAPE << 24 | place)
            context.set(tape.bus.write_data, word)
            context.set(tape.bus.write, 1)
            await context.tick()
        context.set(tape.bus.write, 0)
        context.set(tape.length, len(TAPE))
        while quiet < 100:
            offers, takes = rng.integers(256, size=2) >= pauses
            offers |= kept is not None
            offers &= cycle >= arrives
            context.set(tape.passes, left if cycle >= begins else 0)
            cycle += 1
            context.set(tape.words.valid, bool(waiting) and bool(offers))
            context.set(tape.words.payload, waiting[0] if waiting else 0)
            context.set(tape.packets.ready, bool(takes))
            _, _, taken, shown, word, passed = await context.tick().sample(
                tape.words.ready, tape.packets.valid, tape.packets.payload, tape.passed
            )
            quiet += 1
            left -= passed
            assert kept is None or (shown and word == kept)
            kept = word if shown and not takes else None
            if taken and waiting and offers:
                waiting.popleft()
                quiet = 0
            if shown and takes:
                found.append(word)
                quiet = 0

    simulator = Simulator(tape)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert not waiting
    return found


@pytest.mark.parametrize("pauses", [0, 100])
def test_a_tape_is_played_and_a_hosts_packets_wait(pauses: int) -> None:
    assert played([*OTHERS, *OWN], 0, pauses) == [*OTHERS, *OWN]
    assert played(OTHERS, 3, pauses) == [*TAPE * 3, *OTHERS]


@pytest.mark.parametrize("pauses", [0, 100])
def test_what_is_for_the_node_goes_between_two_packets(pauses: int) -> None:
    """And the packets of both stay whole."""
    found = played([*OWN, *OWN, *OTHERS], 2, pauses)
    assert found[-2:] == OTHERS
    at = [k for k, word in enumerate(found) if word == OWN[0] and found[k + 1] == OWN[1]]
    assert len(at) == 2
    for k in reversed(at):
        del found[k : k + 2]
    assert found[:-2] == TAPE * 2


@pytest.mark.parametrize("arrives", range(1, 24))
def test_no_packet_of_the_tape_is_parted(arrives: int) -> None:
    """Whenever the host asks: its packet stands where one of the tape begins."""
    found = played(OWN, 1, 0, arrives=arrives)
    (at,) = [k for k in range(len(found)) if found[k : k + 2] == OWN]
    assert found[:at] + found[at + 2 :] == TAPE
    assert at in (0, *np.cumsum(SIZES))


@pytest.mark.parametrize("begins", range(12))
def test_a_word_of_the_host_that_is_shown_is_not_taken_back(begins: int) -> None:
    found, size = played(OTHERS * 2, 1, 200, begins), len(TAPE)
    places = [k for k in range(len(found)) if found[k : k + size] == TAPE]
    assert [found[:k] + found[k + size :] for k in places] == [OTHERS * 2]


def test_a_tape_has_a_largest_size() -> None:
    with pytest.raises(
        ValueError, match="tape words of a node must be a whole number in 0..131072"
    ):
        NodeGeometry(tape=2**17 + 1)
