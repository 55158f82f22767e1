"""A small Boltzmann machine of spiking neurons, held by clamps, that learns while it runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import BUILDING, SCORING, TRAINING, generator
from axonloop.host.devices import Device, SpikeChain
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ParameterSet
from axonloop.models.rules import contrastive

PICTURES = (
    "####.##..##..##.",
    "#...#...#...####",
    "#..##..##..####.",
    "#..#.##..##.#..#",
    "####..#..#..####",
    ".##.#..##..#.##.",
)
SIDE, PIXELS, HIDDEN = 4, 16, 48
PRESENTATIONS = 900
SETTLE, PHASE = 6, 30
"""Ticks before a phase of learning, and of it."""
REPEATS, KICKS = 10, 60
"""Completions of each half of each pattern; free runs, each from noise and read three times."""
FIRST_WEIGHTS = 40
LANES = 16
CLAMPS, STRONGEST = 4, 127
"""Synapses that hold a pixel, and the weight of each."""
HALF = 1 << 15
NEURON = ParameterSet(
    alpha_n=2048,
    beta_n=0,
    theta=1,
    w_exp=2,
    beta_p=3000,
    q_inc=428,
    qq_shift=4,
    zeta=3000,
    z_inc=428,
    z_shift=4,
    pq_on=50,
    terms=contrastive(shift=10),
)
"""Traces of three ticks; 428 >> 4 a spike, 100 where a neuron spikes at every tick."""

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Scores:
    """Shares in 0..1; `shown`: readings of each pattern when nothing is clamped.

    `rates`: of every visible neuron with a pattern's first half clamped, `(patterns, pixels)`.
    """

    completion: float
    free: float
    shown: list[int]
    rates: list[list[float]]


def patterns() -> Bools:
    """The patterns, bool `(patterns, pixels)`; either half tells which one it is."""
    return np.array([[mark == "#" for mark in picture] for picture in PICTURES])


def network_of(seed: int, blank: int = HALF) -> Network:
    """Visible and hidden neurons, the same weights in both directions, and two sets of clamps."""
    first = uniform_weights(generator(seed, BUILDING), PIXELS, HIDDEN, FIRST_WEIGHTS)
    own = np.repeat(np.eye(PIXELS, dtype=np.int64), CLAMPS, axis=0)
    noisy = replace(NEURON, blank=blank)
    clamps = [
        Projection(name, "visible", weight * own, own > 0, plastic=False, traces=NEURON)
        for name, weight in (("on", STRONGEST), ("off", -STRONGEST))
    ]
    return Network(
        (Source("on", len(own)), Source("off", len(own))),
        (Population("visible", PIXELS, noisy), Population("hidden", HIDDEN, noisy)),
        (
            Projection("visible", "hidden", first),
            Projection("hidden", "visible", first.T),
            *clamps,
        ),
        seed,
    )


def program_of(network: Network) -> Program:
    """The network on one core."""
    return compile_network(network, smallest_geometry(network, lanes=LANES, blank_out=1))


class Machine:
    """A chip that is shown patterns, completes them, or runs freely."""

    def __init__(self, device: Device, program: Program) -> None:
        self._device, self._program = device, program
        self.chain = SpikeChain()

    def clamps(self, pattern: Bools, where: Bools | None = None) -> Int32Array:
        """The axons that hold the visible neurons to a pattern, all of them or some."""
        held = np.ones(PIXELS, np.bool_) if where is None else where
        axons = [
            self._program.axons_of(name, np.flatnonzero(np.repeat(pixels & held, CLAMPS)))
            for name, pixels in (("on", pattern), ("off", ~pattern))
        ]
        return np.concatenate(axons)

    def ticks(self, axons: Int32Array, count: int, modulation: int = 0) -> Counts:
        """Run with these spikes at every tick; spikes of the visible neurons, `(pixels,)`."""
        self._device.modulate(modulation)
        trains = [self._device.tick(axons, learn=modulation != 0) for _ in range(count)]
        self.chain.add(trains)
        visible = self._program.split(np.concatenate(trains))["visible"]
        return np.bincount(visible, minlength=PIXELS)

    def present(self, pattern: Bools, modulation: int = 1) -> tuple[Counts, Counts]:
        """Learn from a pattern; the visible spikes of data phase and reconstruction."""
        held, free = self.clamps(pattern), np.zeros(0, np.int32)
        self.ticks(held, SETTLE)
        data = self.ticks(held, PHASE, modulation)
        self.ticks(free, SETTLE)
        return data, self.ticks(free, PHASE, -modulation)

    def learn(self, seed: int, progress: Progress) -> None:
        """Present patterns drawn at random."""
        random, known = generator(seed, TRAINING), patterns()
        for done in range(PRESENTATIONS):
            self.present(known[random.integers(len(known))])
            progress("train", done + 1, PRESENTATIONS)

    def complete(self, pattern: Bools, where: Bools) -> Counts:
        """Hold the pixels `where`, let the others settle, count 20 ticks of spikes."""
        self._device.clear()
        held = self.clamps(pattern, where)
        self.ticks(held, 2 * SETTLE)
        return self.ticks(held, 20)

    def wander(self, start: Bools) -> list[Bools]:
        """Clamp `start`, let go, wait, and read three times ten ticks."""
        free = np.zeros(0, np.int32)
        self._device.clear()
        self.ticks(self.clamps(start), SETTLE)
        self.ticks(free, PHASE)
        return [self.ticks(free, 10) >= 5 for _ in range(3)]

    def scores(self, seed: int) -> Scores:
        """Complete both halves of all patterns, and run freely from noise."""
        known, upper = patterns(), np.arange(PIXELS) < PIXELS // 2
        right, rates = [], np.zeros(known.shape)
        for k, pattern in enumerate(known):
            for where in (upper, ~upper):
                counts = np.array([self.complete(pattern, where) for _ in range(REPEATS)])
                found = (counts >= 10) == pattern
                right += found[:, ~where].all(axis=1).tolist()
                rates[k] += counts.mean(axis=0) / 20 if where is upper else 0
        random = generator(seed, SCORING)
        starts = random.random((KICKS, PIXELS)) < 0.5
        readings = np.array([reading for start in starts for reading in self.wander(start)])
        same = (readings[:, None] == known).all(axis=2)
        return Scores(
            completion=float(np.mean(right)),
            free=float(same.any(axis=1).mean()),
            shown=same.sum(axis=0).tolist(),
            rates=[line.tolist() for line in rates],
        )
