"""STDP of whole spike trains: every pair of spikes counts, or the nearest one alone.

Two random trains for each of 101 synapses, one of the axon, one forced onto the neuron. The rule is
pair STDP; what a spike adds to the traces decides which pairs count:

    all pairs        a spike adds to Q and Z
    nearest spike    a spike sets Q and Z: it adds as much as they can hold

(Morrison, Diesmann & Gerstner 2008: all-to-all, and symmetric nearest-neighbour; the second is what
Neftci 2018, figure 2, draws with X and Y.) Weights after the trains must equal integers that are
computed apart from the chip, for the nearest spike from intervals alone, without a trace.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import TRAINING, generator
from axonloop.host.devices import Device, open_device
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.experiments.stdp.window import MINUS, PLUS, Window, chip, intervals
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, styled
from axonloop.host.processing import Flags
from axonloop.models.config import CoreConfig, ThirdFactor
from axonloop.models.rules import pair_stdp

TICKS, RATE = 100, 0.05
FULL = 4095
"""The largest trace of 12 bits: where a spike adds it, nothing is left of the spikes before."""
HALF = 64 << 7
"""A threshold above what the plastic synapses reach, and below what forces a spike."""
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Pairing:
    """Which pairs count: what a spike adds to both traces, and their right shift."""

    name: str
    added: int
    shift: int


ALL, NEAREST = Pairing("all pairs", 512, 6), Pairing("nearest spike", FULL, 9)
PAIRINGS = (ALL, NEAREST)


def config_of(pairing: Pairing) -> CoreConfig:
    """The core of `stdp-window` with other traces."""
    core = chip(Window("pair STDP", pair_stdp(0, 0), ThirdFactor.ONE))
    (own,) = core.parameter_sets
    added, shift = pairing.added, pairing.shift
    traces = replace(own, q_inc=added, z_inc=added, qq_shift=shift, z_shift=shift)
    return replace(core, parameter_sets=(replace(traces, theta=HALF),))


def trains() -> tuple[Flags, Flags]:
    """Spikes of axons and neurons: bool `(TICKS, pairs)` each."""
    random = generator(1, TRAINING)
    drawn = random.random((2, TICKS, len(intervals()))) < RATE
    return drawn[0], drawn[1]


def measured(device: Device, before: Flags, after: Flags) -> Whole:
    """Run the trains on a chip just opened: the weights after every tick, `(TICKS, pairs)`."""
    geometry = device.config.geometry
    own, pairs = np.arange(geometry.neurons, dtype=np.int32), np.arange(before.shape[1])
    weights = np.full((geometry.axons, geometry.neurons), geometry.no_synapse)
    weights[own, own], weights[geometry.neurons + own, own] = 0, geometry.weight_max
    device.load_weights(weights)
    found = []
    for arriving, forced in zip(before, after, strict=True):
        driven = geometry.neurons + np.flatnonzero(forced)
        device.tick(np.concatenate([np.flatnonzero(arriving), driven]), learn=True)
        found.append(device.read_weights()[pairs, pairs])
    return np.array(found, dtype=np.int64)


def faded(kept: int, added: int, ticks: int) -> int:
    """What is left of a spike after some ticks, in integers."""
    for _ in range(ticks):
        added = added * kept >> 12
    return added


def expected_nearest(before: Flags, after: Flags) -> Whole:
    """The weights after every tick of one pair, from the intervals to the nearest spike before."""
    weight, found = 0, []
    for tick in range(len(before)):
        axon, neuron = before[: tick + 1].nonzero()[0], after[: tick + 1].nonzero()[0]
        if after[tick] and len(axon):
            weight += faded(PLUS, FULL, tick - int(axon[-1])) >> NEAREST.shift
        if before[tick] and len(neuron):
            weight -= faded(MINUS, FULL, tick - int(neuron[-1])) >> NEAREST.shift
        found.append(weight)
    return np.array(found)


def expected_all(before: Flags, after: Flags) -> Whole:
    """The same where every pair counts: from sums, whose decays are cut as the chip's."""
    weight, up, down, found = 0, 0, 0, []
    for arriving, spiked in zip(before, after, strict=True):
        up = (up * PLUS >> 12) + ALL.added * bool(arriving)
        down = (down * MINUS >> 12) + ALL.added * bool(spiked)
        weight += (up >> ALL.shift) * bool(spiked)
        weight -= (down >> ALL.shift) * bool(arriving)
        found.append(weight)
    return np.array(found)


EXPECTED = {ALL.name: expected_all, NEAREST.name: expected_nearest}


def measure(order: Order, progress: Progress) -> Metrics:
    """The trains with both pairings on the device, each compared with its integers."""
    before, after = trains()
    found, rows = {}, []
    for done, pairing in enumerate(PAIRINGS):
        with open_device(str(order.device), config_of(pairing)) as device:
            weights = measured(device, before, after)
        pairs = zip(before.T, after.T, strict=True)
        wanted = np.stack([EXPECTED[pairing.name](*pair) for pair in pairs], axis=1)
        wrong = int((weights != wanted).any(axis=0).sum())
        count = weights.shape[1]
        found[pairing.name] = {"wrong": wrong, "after": weights[-1].tolist()}
        found[pairing.name]["first"] = weights[:, 0].tolist()
        text = f"{count - wrong} of {count} synapses equal to the integers in all {TICKS} ticks"
        rows.append(ResultRow(pairing.name, "a drawing", "integers apart from the chip", text))
        progress("score", done + 1, len(PAIRINGS))
    shown = {"axon": before[:, 0].tolist(), "neuron": after[:, 0].tolist()}
    return {"trains": shown, "pairings": found, "rows": rows}


@styled
def draw(metrics: Metrics) -> Picture:
    """One synapse: its spikes, what Q is with both pairings, and its weight."""
    picture = Picture(8, 5.4)
    top, middle, bottom = picture.subplots(3, 1, sharex=True, height_ratios=(1, 2, 2))
    trains = {name: np.array(train) for name, train in metrics["trains"].items()}
    for row, (name, colour) in enumerate((("neuron", ORANGE), ("axon", INK))):
        top.vlines(trains[name].nonzero()[0], row - 0.35, row + 0.35, color=colour)
    top.set_yticks([0, 1], ["neuron", "axon"])
    top.set(ylim=(-0.6, 1.6), title="One of the synapses")
    for pairing, colour in zip(PAIRINGS, (GREY, BLUE), strict=True):
        trace, level = [], 0
        for arriving in trains["axon"]:
            level = min((level * PLUS >> 12) + pairing.added * bool(arriving), FULL)
            trace.append(level >> pairing.shift)
        middle.step(range(TICKS), trace, where="post", color=colour, label=pairing.name)
        weights = metrics["pairings"][pairing.name]["first"]
        bottom.step(range(TICKS), weights, where="post", color=colour)
    middle.set(ylabel="trace Q, shifted", ylim=0)
    bottom.set(xlabel="tick", ylabel="weight (LSB)")
    legend(middle)
    return picture
