"""The fan-out by itself: what it sends, in which order, and how fast."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.core.fanout import Fanout
from axonloop.models.protocol import FANOUT_FIELDS, Region, address
from tests.support.tiny_chips import TINY

GEOMETRY, CORES = replace(TINY, entries=32), 4
LISTS = {
    0: [(1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 0, 3)],
    1: [],
    2: [(3, 1, 2)],
    3: [(2, 0, 9), (1, 0, 8)],
}
"""Axon, delay and core of the entries of each neuron; there are no cores 8 and 9."""
SPIKES = [0, 2, 1, 0, 3, 0, 2, 2, 1]


def run(seed: int, patience: float) -> tuple[list[tuple[int, ...]], list[int], list[int], int]:
    """What is sent and reported, the cycles of faults, and those until the fan-out rests.

    The even neurons are reported. Receivers take what is shown with a chance of `patience`.
    """
    fanout, rng = Fanout(GEOMETRY, CORES), random.Random(seed)
    sent: list[tuple[int, ...]] = []
    reported: list[int] = []
    faults: list[int] = []
    cycles = 0

    async def bench(context: Any) -> None:
        nonlocal cycles
        where = 0
        for neuron, entries in LISTS.items():
            word = where << FANOUT_FIELDS["first"].low | len(entries) << FANOUT_FIELDS["count"].low
            await write(context, address(Region.FANOUT, neuron), word)
            for axon, delay, core in entries:
                word = core << 20 | delay << 16 | axon
                await write(context, address(Region.ENTRY, where), word)
                where += 1
        waiting, emission = list(SPIKES), fanout.emission
        while waiting or context.get(fanout.busy):
            context.set(fanout.spikes.ready, rng.random() < patience)
            context.set(fanout.reports.ready, rng.random() < patience)
            context.set(emission.waiting, bool(waiting))
            context.set(emission.neurons.valid, bool(waiting))
            if waiting:
                context.set(emission.neurons.payload, waiting[0])
            if context.get(fanout.spikes.valid) and context.get(fanout.spikes.ready):
                payload = context.get(fanout.spikes.payload)
                sent.append((payload.payload.axon, payload.payload.delay, payload.core))
            if context.get(fanout.reports.valid) and context.get(fanout.reports.ready):
                reported.append(context.get(fanout.reports.payload))
            if context.get(fanout.fault):
                faults.append(cycles)
            taken = bool(waiting) and context.get(emission.neurons.ready)
            await context.tick()
            if taken:
                context.set(emission.last, waiting[0])
                context.set(emission.report, waiting.pop(0) % 2 == 0)
                context.set(emission.waiting, bool(waiting))
                context.set(emission.neurons.valid, bool(waiting))
            cycles += 1

    async def write(context: Any, where: int, word: int) -> None:
        for store in fanout.memories.values():
            context.set(store.bus.address, where)
            context.set(store.bus.write_data, word)
            context.set(store.bus.write, 1)
        await context.tick()
        for store in fanout.memories.values():
            context.set(store.bus.write, 0)

    simulator = Simulator(fanout)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return sent, reported, faults, cycles


ENTRIES = [entry for neuron in SPIKES for entry in LISTS[neuron]]
GOOD = [entry for entry in ENTRIES if entry[2] < CORES]


@pytest.mark.parametrize("seed", range(8))
def test_every_entry_is_sent_once_and_in_order_however_long_receivers_take(seed: int) -> None:
    sent, reported, faults, _ = run(seed, (seed + 1) / 8)
    assert sent == GOOD
    assert reported == [neuron for neuron in SPIKES if neuron % 2 == 0]
    assert len(faults) == len(ENTRIES) - len(GOOD) > 1
    assert all(after - before >= 2 for before, after in pairwise(faults))  # as their counter takes


def test_an_entry_takes_a_cycle() -> None:
    """A neuron without entries takes one too, and four cycles pass before the first entry."""
    empty = sum(not LISTS[neuron] for neuron in SPIKES)
    *_, cycles = run(0, 2)
    assert cycles <= len(ENTRIES) + empty + 5 + len(ENTRIES) - len(GOOD)
