"""A small Boltzmann machine of spiking neurons, held by clamps, that learns while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data import BUILDING, SCORING, TRAINING, generator
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
from axonloop.host.processing import Flags, Modulated
from axonloop.host.training import Copies, Task, TrainingLoop
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
PHASES = 4
"""Phases of a presentation."""
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


@dataclass(frozen=True)
class Noise:
    """What is random in a tick: synapses that drop `blank` of 65536 spikes, the threshold."""

    name: str
    blank: int = 0
    temperature: int = 0


BLANK_OUT = Noise("blank-out of one half", blank=1 << 15)
THRESHOLD = Noise("noise at the threshold", temperature=300)
"""As much as a weight of 75 adds; chosen of 100, 200, 300 and 400 with seeds 11 to 13."""
NONE = Noise("no noise")
KINDS = (BLANK_OUT, THRESHOLD, NONE)

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
FREE: Bools = np.zeros(2 * PIXELS * CLAMPS, np.bool_)
"""Channels without a clamp."""


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


def network_of(seed: int, noise: Noise = BLANK_OUT) -> Network:
    """Visible and hidden neurons, the same weights in both directions, and two sets of clamps."""
    first = uniform_weights(generator(seed, BUILDING), PIXELS, HIDDEN, FIRST_WEIGHTS)
    own = np.repeat(np.eye(PIXELS, dtype=np.int64), CLAMPS, axis=0)
    noisy = replace(NEURON, blank=noise.blank, temperature=noise.temperature)
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
    return compile_network(network, smallest_geometry(network, lanes=LANES))


def held(pattern: Bools, where: Bools | None = None) -> Bools:
    """The channels that hold the visible neurons to a pattern, all of them or some."""
    some = np.ones(PIXELS, np.bool_) if where is None else where
    return np.repeat(np.concatenate([pattern & some, ~pattern & some]), CLAMPS)


@dataclass(frozen=True)
class Phase:
    """So many ticks with spikes on the same channels, and the third factor M."""

    ticks: int
    channels: Bools
    modulation: int = 0


class Phases:
    """Samples: each is a phase, and its target is M."""

    def __init__(self, phases: Sequence[Phase]) -> None:
        self._phases = phases

    def __len__(self) -> int:
        return len(self._phases)

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The clamps, bool `(ticks, channels)`: nothing of them is drawn."""
        phase = self._phases[place]
        return np.tile(phase.channels, (phase.ticks, 1))

    def target(self, place: int) -> int:
        """The third factor M."""
        return self._phases[place].modulation

    def number(self, place: int) -> int:
        """The phase's number."""
        return place


def presentation(pattern: Bools) -> list[Phase]:
    """How a pattern is learned: settle, data phase, drift, reconstruction."""
    clamped = held(pattern)
    return [
        Phase(SETTLE, clamped),
        Phase(PHASE, clamped, 1),
        Phase(SETTLE, FREE),
        Phase(PHASE, FREE, -1),
    ]


def presented(seed: int, epoch: int) -> NDArray[np.int64]:
    """The phases of presentations of patterns drawn at random."""
    random, known = generator(seed, TRAINING), len(PICTURES)
    drawn = np.array([random.integers(known) for _ in range(PRESENTATIONS)])
    return (drawn[:, None] * PHASES + np.arange(PHASES)).ravel()


class Machine:
    """A chip that learns patterns, completes them, or runs freely."""

    def __init__(self, copies: Copies, program: Program, seed: int) -> None:
        phases = [phase for pattern in patterns() for phase in presentation(pattern)]
        task = Task(Phases(phases), ("on", "off"), fresh=False, order=presented)
        self.loop = TrainingLoop(copies, program, [task], Modulated(), [seed], epochs=1)
        self._visible = program.neurons["visible"]

    def counts(self, phases: Sequence[Phase]) -> list[Counts]:
        """From silence, without learning: spikes of the visible neurons in every phase."""
        self.loop.copies.clear()
        rasters = self.loop.responses(Phases(phases))
        return [raster[:, 0, self._visible].sum(0) for raster in rasters]

    def complete(self, pattern: Bools, where: Bools) -> Counts:
        """Hold the pixels `where`, let the others settle, count 20 ticks of spikes."""
        clamped = held(pattern, where)
        return self.counts([Phase(2 * SETTLE, clamped), Phase(20, clamped)])[1]

    def wander(self, start: Bools) -> list[Bools]:
        """Clamp `start`, let go, wait, and read three times ten ticks."""
        phases = [Phase(SETTLE, held(start)), Phase(PHASE, FREE), *[Phase(10, FREE)] * 3]
        return [counts >= 5 for counts in self.counts(phases)[2:]]

    def scores(self) -> Scores:
        """Complete both halves of all patterns, and run freely from noise."""
        known, upper = patterns(), np.arange(PIXELS) < PIXELS // 2
        right, rates = [], np.zeros(known.shape)
        for k, pattern in enumerate(known):
            for where in (upper, ~upper):
                counts = np.array([self.complete(pattern, where) for _ in range(REPEATS)])
                found = (counts >= 10) == pattern
                right += found[:, ~where].all(axis=1).tolist()
                rates[k] += counts.mean(axis=0) / 20 if where is upper else 0
        random = generator(self.loop.seeds[0], SCORING)
        starts = random.random((KICKS, PIXELS)) < 0.5
        readings = np.array([reading for start in starts for reading in self.wander(start)])
        same = (readings[:, None] == known).all(axis=2)
        return Scores(
            completion=float(np.mean(right)),
            free=float(same.any(axis=1).mean()),
            shown=same.sum(axis=0).tolist(),
            rates=[line.tolist() for line in rates],
        )
