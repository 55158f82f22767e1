"""Tempotrons on the chip: random latencies, classified by whether a neuron spikes at all.

The rule (`models.reference.Tempotron`) needs P of the tick in which the membrane was highest, and
that tick is known only in the end. So a pattern is shown, and the host reads the membranes after
each tick; it is shown again, and each neuron that was wrong is sent its error event in its own
tick. A refractory time longer than a pattern leaves a neuron one spike at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import BUILDING, TRAINING, generator
from axonloop.host.devices import SpikeChain, weight_hash
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.processing import Flags
from axonloop.host.training import Copies, groups_of, open_copies, shuffled
from axonloop.models.arrays import Int32Array
from axonloop.models.config import DECAY_ONE, Mesh, ParameterSet, ResetMode
from axonloop.models.protocol import Region

INPUTS, NEURONS, TICKS = 20, 64, 60
TAU = 4.0
"""Ticks of the membrane's leak; the current's is a quarter of it, as in the paper."""
FIRST_PACE = 10
"""Error of a mistake in the first pass; it falls to 1 in even steps."""
SPREAD = 0.3
"""Deviation of the first weights, in thresholds."""
NAME = "tempotrons"
NEURON = ParameterSet(
    alpha_n=round(DECAY_ONE * exp(-1 / TAU)),
    beta_n=round(DECAY_ONE * exp(-4 / TAU)),
    theta=2048,
    w_exp=0,
    reset_mode=ResetMode.ZERO,
    refractory=63,
    alpha_p=round(DECAY_ONE * exp(-1 / TAU)),
    beta_p=round(DECAY_ONE * exp(-4 / TAU)),
    q_inc=1024,
    pq_shift=3,
    eta_shift=1,
)
"""With weights of 16 bits; P of a spike passes 1024, and Pq has 128 steps of what a spike adds."""
Places = Sequence[int] | NDArray[np.int64]
COARSER = {16: 0, 8: 7}
"""Weight bits, and `w_exp`: a weight step is 1/2048 and 1/16 of the threshold."""
HIGHEST = 1 << 30
"""Above every membrane."""


@dataclass(frozen=True)
class Latencies:
    """Patterns: the tick of each channel's only spike, int `(P, INPUTS)`; labels `(P, NEURONS)`."""

    ticks: Int32Array
    labels: Flags

    def __len__(self) -> int:
        return len(self.ticks)

    def raster(self, place: int) -> Flags:
        """The spikes of a pattern: bool `(TICKS, INPUTS)`."""
        spikes: Flags = self.ticks[place] == np.arange(TICKS)[:, None]
        return spikes


@dataclass(frozen=True)
class Classified:
    """What tempotrons hold: right answers, by pass and in the end, and who makes no mistake.

    All are shares in 0..1. The hashes are "" in float.
    """

    bits: int
    load: float
    seed: int
    passes: list[float]
    right: float
    faultless: float
    weight_hash: str = ""
    spike_hash: str = ""


def drawn(seed: int, load: float) -> Latencies:
    """Patterns, and for every neuron the toss of a coin for each."""
    count = round(load * INPUTS)
    random = generator(seed, TRAINING, count)
    ticks = random.integers(0, TICKS, (count, INPUTS)).astype(np.int32)
    return Latencies(ticks, random.random((count, NEURONS)) < 0.5)


def first_weights(seed: int) -> NDArray[np.float64]:
    """In thresholds, float `(INPUTS, NEURONS)`: with none, no tick is highest."""
    return generator(seed, BUILDING).normal(0, SPREAD, (INPUTS, NEURONS))


def program_of(seed: int, bits: int) -> Program:
    """Inputs and neurons."""
    steps = COARSER[bits]
    neuron = replace(NEURON, w_exp=steps, eta_shift=NEURON.eta_shift + steps)
    weights = np.rint(first_weights(seed) * (neuron.theta >> steps)).astype(np.int64)
    network = Network(
        (Source("input", INPUTS),),
        (Population(NAME, NEURONS, neuron, bias=False),),
        (Projection("input", NAME, weights),),
        seed,
    )
    return compile_network(network, smallest_geometry(network, Mesh(), weight_bits=bits))


def pace(epoch: int, epochs: int) -> int:
    """The error of a mistake in a pass."""
    return max(1, round(FIRST_PACE * (1 - epoch / epochs)))


class Classroom:
    """Copies of a chip with tempotrons, each with patterns of its own."""

    def __init__(self, copies: Copies, program: Program, patterns: Sequence[Latencies]) -> None:
        self.copies, self.patterns = copies, patterns
        self.count, self.neurons = len(patterns[0]), program.neurons[NAME]
        self.chains = [SpikeChain() for _ in patterns]
        every = [np.zeros((len(own), TICKS, program.config.axons), dtype=bool) for own in patterns]
        for own, found in zip(patterns, every, strict=True):
            for place in range(len(own)):
                program.feed("input", own.raster(place), found[place])
        self._axons = every

    def show(self, places: Places) -> Int32Array:
        """Show each copy a pattern: how high its membranes stand, `(TICKS, copies, NEURONS)`."""
        self.copies.clear()
        return np.stack([self._tick(arriving) for arriving in self._arriving(places)])

    def mistakes(self, places: Places, heights: Int32Array) -> Int32Array:
        """Spikes that are not wanted, 1, and wanted ones that are missing, -1."""
        pairs = zip(self.patterns, places, strict=True)
        wanted = np.stack([own.labels[place] for own, place in pairs])
        spiked = (heights == HIGHEST).any(axis=0)
        mistakes: Int32Array = spiked.astype(np.int32) - wanted.astype(np.int32)
        return mistakes

    def learn(self, places: Places, error: int) -> Int32Array:
        """Show each copy a pattern, and again to correct it: its mistakes, `(copies, NEURONS)`."""
        heights = self.show(places)
        for copy, chain in enumerate(self.chains):
            chain.add(heights[:, copy] == HIGHEST)
        mistakes = self.mistakes(places, heights)
        self._correct(places, error * mistakes, heights.argmax(axis=0))
        return mistakes

    def _correct(self, places: Places, errors: Int32Array, ticks: NDArray[np.int64]) -> None:
        """Show the patterns again, whoever is wrong, and send each error in its own tick."""
        self.copies.clear()
        sent = np.zeros((self.copies.count, self.copies.config.neurons), dtype=np.int32)
        for tick, arriving in enumerate(self._arriving(places)):
            self.copies.tick(arriving)
            sent[:, self.neurons] = np.where(ticks == tick, errors, 0)
            if sent.any():
                self.copies.send_errors(sent, ungated=True)
                self.copies.learn()

    def _arriving(self, places: Places) -> Flags:
        """The spikes of a pattern for each copy, `(TICKS, copies, axons)`."""
        return np.stack([own[at] for own, at in zip(self._axons, places, strict=True)], axis=1)

    def _tick(self, arriving: Flags) -> Int32Array:
        spikes = self.copies.tick(arriving)[:, self.neurons]
        membranes = self.copies.read(Region.MEMBRANE)[:, self.neurons]
        heights: Int32Array = np.where(spikes, HIGHEST, membranes)
        return heights


def learned(
    device: str, bits: int, load: float, seeds: Sequence[int], epochs: int, progress: Progress
) -> list[Classified]:
    """Learn with a chip for each seed; then who is right?"""
    found = []
    for group in groups_of(device, len(seeds)):
        own = [seeds[place] for place in group]
        programs = [program_of(seed, bits) for seed in own]
        with open_copies(device, programs[0].config, own) as copies:
            copies.load_weights(np.stack([program.weights for program in programs]))
            room = Classroom(copies, programs[0], [drawn(seed, load) for seed in own])
            passes = _run(room, own, epochs, progress)
            every = [[place] * len(own) for place in range(room.count)]
            wrong = np.array([room.mistakes(places, room.show(places)) for places in every]) != 0
            hashes = [weight_hash(each, programs[0].geometry) for each in copies.weights()]
        for b, seed in enumerate(own):
            right, faultless = scored(wrong[:, b])
            ends = hashes[b], room.chains[b].hexdigest()
            found.append(Classified(bits, load, seed, passes[b], right, faultless, *ends))
    return found


def scored(wrong: Flags) -> tuple[float, float]:
    """The share of right answers, and of neurons that give no wrong one, of `(P, NEURONS)`."""
    return float(1 - wrong.mean()), float(1 - wrong.any(axis=0).mean())


def _run(
    room: Classroom, seeds: Sequence[int], epochs: int, progress: Progress
) -> list[list[float]]:
    """The share of right answers of each copy and pass."""
    passes = []
    for epoch in range(epochs):
        orders = np.stack([shuffled(room.count, seed, epoch) for seed in seeds], axis=1)
        mistakes = [room.learn(places, pace(epoch, epochs)) for places in orders]
        passes.append(1 - (np.array(mistakes) != 0).mean(axis=(0, 2)))
        progress("train", epoch + 1, epochs)
    shares: list[list[float]] = np.transpose(passes).tolist()
    return shares
