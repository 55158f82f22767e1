"""How many random patterns a neuron can hold: the chip's against the limit of a perceptron.

A neuron without leak (alpha = beta = 0) that never resets says in each tick whether W S is above
its threshold: a binary perceptron (Fouda et al. 2019, equation 3). It learns by

    dW_ji = -(S_i - label_i) S_j

which on the chip is one term of SPIKE and the error. Of all 2^P ways to divide P patterns in
general position into two, a perceptron of D weights, threshold included, can do

    2 sum over k < D of binomial(P - 1, k)

(Cover 1965): all up to P = D, half of them at P = 2 D. A pattern is one tick; every neuron of a
chip has labels of its own, and the share of neurons that make no mistake is what is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import mean

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.data import TRAINING, generator
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, legend, mark, styled
from axonloop.host.processing import Flags, SpikeTimesObjective
from axonloop.host.training import Task, TrainingLoop, groups_of, open_copies, telling
from axonloop.models.config import (
    AxonFactor,
    Mesh,
    ParameterSet,
    ResetMode,
    Rounding,
    Term,
    ThirdFactor,
)

BITS, NEURONS = 19, 64
DIMENSIONS = BITS + 1
"""What a neuron can choose: a weight for each bit, and the threshold."""
LOADS = (1.0, 1.5, 2.0, 2.5, 3.0)
"""Patterns for each weight."""
EPOCHS, FULL_EPOCHS = 200, 400
WIDTHS = (8, 4)
"""Weight bits; 8 are room enough (16 do the same here), with 4 a weight has 15 values."""
NAME = "perceptrons"
NEURON = ParameterSet(
    alpha_n=0,
    beta_n=0,
    theta=1,
    box=(1 << 17) - 1,
    w_exp=0,
    reset_mode=ResetMode.NONE,
    alpha_p=0,
    beta_p=0,
    rounding=Rounding.NEAREST,
    terms=(Term(AxonFactor.SPIKE, third=ThirdFactor.ERROR, sign=-1),),
)


@dataclass(frozen=True)
class Dichotomies:
    """Patterns bool `(P, 2 BITS)`, one tick each, and labels bool `(P, neurons)`.

    A bit spikes on one of two channels: what one is to a perceptron of +-1, and 0 on average.
    """

    patterns: Flags
    labels: Flags

    def __len__(self) -> int:
        return len(self.patterns)

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The only tick of a pattern."""
        return self.patterns[place : place + 1]

    def target(self, place: int) -> Flags:
        """Who is to spike in it."""
        return self.labels[place : place + 1]

    def number(self, place: int) -> int:
        """The pattern's number."""
        return place


@dataclass(frozen=True)
class Held:
    """What a chip holds: the share of neurons without a mistake, in 0..1."""

    bits: int
    load: float
    seed: int
    share: float
    weight_hash: str
    spike_hash: str


def drawn(seed: int, count: int) -> Dichotomies:
    """Patterns and labels, each bit the toss of a coin."""
    random = generator(seed, TRAINING, count)
    tossed = random.random((count, BITS + NEURONS)) < 0.5
    bits, labels = tossed[:, :BITS], tossed[:, BITS:]
    return Dichotomies(np.concatenate([bits, ~bits], axis=1), labels)


def program_of(seed: int, bits: int) -> Program:
    """Inputs and neurons, all weights 0."""
    first = np.zeros((2 * BITS, NEURONS), dtype=np.int64)
    network = Network(
        (Source("input", 2 * BITS),),
        (Population(NAME, NEURONS, NEURON),),
        (Projection("input", NAME, first),),
        seed,
    )
    return compile_network(network, smallest_geometry(network, Mesh(), weight_bits=bits))


def learned(
    device: str, bits: int, load: float, seeds: Sequence[int], epochs: int, progress: Progress
) -> list[Held]:
    """Learn with a chip for each seed, with patterns of its own; who is without mistake?"""
    found: list[Held] = []
    count = round(load * DIMENSIONS)
    for group in groups_of(device, len(seeds)):
        own = [seeds[place] for place in group]
        program, samples = program_of(own[0], bits), [drawn(seed, count) for seed in own]
        with open_copies(device, program.config, own) as copies:
            copies.load_weights(np.stack([program.weights] * len(own)))
            objective = SpikeTimesObjective(program, NAME, 0, 0, [0.9] * len(own))
            tasks = [Task(each, ("input",)) for each in samples]
            loop = TrainingLoop(copies, program, tasks, objective, own, epochs)
            loop.run(telling(loop, progress))
            answers = np.concatenate([*loop.responses([*samples])])[..., program.neurons[NAME]]
            wrong = answers != np.stack([each.labels for each in samples], axis=1)
            shares = (~wrong.any(axis=0)).mean(axis=1).tolist()
            weights = copies.weights()
            found += [
                Held(
                    bits,
                    load,
                    seed,
                    shares[b],
                    weight_hash(weights[b], program.geometry),
                    loop.chains[b].hexdigest(),
                )
                for b, seed in enumerate(own)
            ]
    return found


def cover(patterns: int, dimensions: int = DIMENSIONS) -> float:
    """The share of all dichotomies that a perceptron can learn (Cover 1965)."""
    can: int = 2 * sum(comb(patterns - 1, k) for k in range(dimensions))
    return can / (1 << patterns)


def measure(order: Order, progress: Progress) -> Metrics:
    """All loads with all seeds, by weight width."""
    epochs = FULL_EPOCHS if order.full else EPOCHS
    runs = [
        run
        for bits in WIDTHS
        for load in LOADS
        for run in learned(str(order.device), bits, load, order.seeds, epochs, progress)
    ]
    limit = {load: cover(round(load * DIMENSIONS)) for load in LOADS}
    rows = [
        ResultRow(
            f"dichotomies learned, {load} patterns a weight",
            f"{100 * limit[load]:.1f} % (Cover's count)",
            "",
            "; ".join(f"{bits} bits {_share(runs, bits, load)}" for bits in WIDTHS),
        )
        for load in LOADS
    ]
    return {
        "epochs": epochs,
        "dimensions": DIMENSIONS,
        "limit": [[load, share] for load, share in limit.items()],
        "runs": [vars(run) for run in runs],
        "rows": rows,
    }


def _share(runs: Sequence[Held], bits: int, load: float) -> str:
    return percent([mean(run.share for run in runs if (run.bits, run.load) == (bits, load))])


@styled
def draw(metrics: Metrics) -> Picture:
    """The share of dichotomies learned against the load, by weight width, and Cover's count."""
    picture = Picture(7, 4)
    axes = picture.subplots()
    counts = np.arange(metrics["dimensions"] // 2, 3 * metrics["dimensions"] + 1)
    exact = [100 * cover(int(count), metrics["dimensions"]) for count in counts]
    axes.plot(counts / metrics["dimensions"], exact, color=GREY, label="Cover's count")
    for bits, colour in zip(WIDTHS, (BLUE, ORANGE), strict=True):
        own = [run for run in metrics["runs"] if run["bits"] == bits]
        loads = sorted({run["load"] for run in own})
        shares = [100 * mean(run["share"] for run in own if run["load"] == load) for load in loads]
        axes.plot(loads, shares, "o", color=colour, label=f"chip, {bits} bits")
    mark(axes, 50, "half")
    axes.set(xlabel="patterns for each weight", ylabel="dichotomies learned (%)", ylim=(-3, 103))
    axes.set_title("A neuron against the limit of a perceptron")
    legend(axes, below=True, ncols=4)
    return picture
