"""The tempotron: how many random patterns of latencies a neuron learns to tell into two.

Each of 20 channels spikes once, at random, in the 60 ticks of a pattern; a neuron is to spike at
any tick of half of the patterns, and at none of the others (Gütig & Sompolinsky 2006). Each neuron
has labels of its own. The chip learns by showing a pattern twice (`latencies`), the rule in float
(`models.reference.Tempotron`) from the same first weights, on the same patterns, at the same rate.

A perceptron of as many weights can learn half of the dichotomies at a load of 2 patterns a weight,
hardly any at 3 (Cover's count). Settings were chosen in float with seed 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

import numpy as np
import torch

from axonloop.host.console import Progress
from axonloop.host.experiments.capacity.latencies import (
    COARSER,
    INPUTS,
    NEURON,
    TICKS,
    Classified,
    drawn,
    first_weights,
    learned,
    pace,
    scored,
)
from axonloop.host.experiments.capacity.perceptron import cover
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, shades, styled
from axonloop.host.processing import one_thread
from axonloop.host.training import shuffled
from axonloop.models.config import DECAY_ONE
from axonloop.models.reference import Tempotron

LOADS = (1.0, 1.5, 2.0, 2.5, 3.0)
"""Patterns for each weight."""
EPOCHS, FULL_EPOCHS = 50, 100
FLOAT = 0
"""Instead of weight bits."""
RATE = NEURON.q_inc / (1 << NEURON.pq_shift + NEURON.eta_shift) / NEURON.theta
"""What an error of 1 and P of one spike make of a weight, in thresholds."""
PAPER = "about 3 patterns a weight at most (500 weights)"


@one_thread()
def in_float(load: float, seed: int, epochs: int, progress: Progress) -> Classified:
    """The same task by the float rule."""
    patterns, weights = drawn(seed, load), torch.from_numpy(first_weights(seed))
    own = Tempotron(weights, NEURON.alpha_n / DECAY_ONE, NEURON.beta_n / DECAY_ONE)
    rasters = np.stack([patterns.raster(place) for place in range(len(patterns))], axis=1)
    traces = own.traces(torch.from_numpy(rasters).to(weights.dtype)).unbind(1)
    labels = torch.from_numpy(patterns.labels)
    passes = []
    for epoch in range(epochs):
        rate = RATE * pace(epoch, epochs)
        order = shuffled(len(patterns), seed, epoch).tolist()
        wrong = [own.learn(traces[place], labels[place], rate) for place in order]
        passes.append(1 - float(torch.stack(wrong).double().mean()))
        progress("descend", epoch + 1, epochs)
    answers = torch.stack([own.decide(each)[0] for each in traces])
    return Classified(FLOAT, load, seed, passes, *scored((answers != labels).numpy()))


def measure(order: Order, progress: Progress) -> Metrics:
    """All loads with all seeds, in float and by weight width."""
    epochs = FULL_EPOCHS if order.full else EPOCHS
    runs: list[Classified] = []
    for load in LOADS:
        runs += [in_float(load, seed, epochs, progress) for seed in order.seeds]
        for bits in COARSER:
            runs += learned(str(order.device), bits, load, order.seeds, epochs, progress)
    every = [vars(run) | {"passes": [round(share, 4) for share in run.passes]} for run in runs]
    return {
        "epochs": epochs,
        "inputs": INPUTS,
        "ticks": TICKS,
        "cover": [[load, cover(round(load * INPUTS), INPUTS)] for load in LOADS],
        "runs": every,
        "rows": [_row(runs, load, what) for what in ("right", "faultless") for load in LOADS],
    }


def _row(runs: Sequence[Classified], load: float, what: str) -> ResultRow:
    def shares(bits: int) -> str:
        own = [run for run in runs if (run.bits, run.load) == (bits, load)]
        return percent([getattr(run, what) for run in own])

    name = {"right": "right answers", "faultless": "dichotomies learned"}[what]
    chip = "; ".join(f"{bits} bits {shares(bits)}" for bits in COARSER)
    paper = PAPER if what == "faultless" and load == max(LOADS) else ""
    return ResultRow(f"{name}, {load} patterns a weight", paper, shares(FLOAT), chip)


@styled
def draw(metrics: Metrics) -> Picture:
    """Dichotomies learned against the load, beside a perceptron; right answers over the passes."""
    picture = Picture(10, 4.2)
    left, right = picture.subplots(1, 2)
    runs = metrics["runs"]
    loads = sorted({run["load"] for run in runs})
    ways = {FLOAT: ("float", GREY), **dict(zip(COARSER, (("", BLUE), ("", ORANGE)), strict=True))}
    for bits, (name, colour) in ways.items():
        own = [run for run in runs if run["bits"] == bits]
        shares = [
            100 * mean(run["faultless"] for run in own if run["load"] == load) for load in loads
        ]
        left.plot(loads, shares, "o-", color=colour, label=name or f"chip, {bits} bits")
    perceptron = [100 * share for _, share in metrics["cover"]]
    left.plot(loads, perceptron, "--", color=INK, label="a perceptron can")
    left.set(xlabel="patterns for each weight", ylabel="dichotomies learned (%)", ylim=(-3, 103))
    for load, colour in zip(loads, shades(len(loads)), strict=True):
        for bits, line in ((FLOAT, ":"), (max(COARSER), "-")):
            passes = [r["passes"] for r in runs if (r["bits"], r["load"]) == (bits, load)]
            label = f"{load} patterns a weight" if bits else None
            right.plot(100 * np.mean(passes, axis=0), line, color=colour, label=label)
    right.set(xlabel="pass", ylabel="right answers (%)", title="Chip, and float dotted")
    left.set_title("Tempotrons")
    for axes in (left, right):
        legend(axes, below=True, ncols=2)
    return picture
