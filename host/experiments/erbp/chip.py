"""Event-driven random backpropagation on the chip (Neftci et al. 2017; Neftci 2018, figure 1).

Populations in a chain, all on the chip and plastic: hidden neurons, and behind them an output
neuron per class, the learned readout. The host holds the error neurons, one of each sign per
output, and nothing else:

    e_c' = e_c + S_c - rate of the label      an error spike of sign e where |e| >= threshold,
                                              which is taken off
    E_c  = error spike of output c            to output neurons
    E_i  = sum over c of G_ic E_c             to hidden neurons: G is random and fixed

Each error event meets box and trace on the chip. So no neuron needs a weight of another, and what
the error neurons say is one global event per output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import BUILDING, Digits, generator
from axonloop.host.devices import weight_hash
from axonloop.host.processing import ErrorNeuronsObjective, Teaching, fixed_readout
from axonloop.host.training import (
    INPUT,
    Copies,
    EncodedPart,
    Task,
    TrainingLoop,
    chip_config,
    encoder_of,
    layer_names,
    parts_of,
    program_of,
)


@dataclass(frozen=True)
class Point:
    """Where a copy stood: samples learned, accuracy on the scored part, and the chip's work.

    `synops` and `visits` are of learning alone, without scoring.
    """

    samples: int
    accuracy: float
    synops: int
    visits: int


@dataclass(frozen=True)
class Trained:
    """What became of a copy."""

    points: list[Point]
    weight_hash: str
    spike_hash: str


def train_erbp(
    copies: Copies,
    every: Sequence[Settings],
    digits: Digits,
    teaching: Teaching,
    scored: Sequence[int],
    progress: Progress,
) -> list[Trained]:
    """Train copies online, which differ in their seeds only; the last layer one of classes.

    The part to be scored is scored after these numbers of samples, and at the end: the last layer
    votes by its spikes after the burn-in.
    """
    common = every[0]
    train, test = (
        EncodedPart(p, encoder_of(common), common.task.classes) for p in parts_of(common, digits)
    )
    feedback = np.stack([feedback_of(each, teaching) for each in every])
    program = program_of(common)
    *hidden, outputs = layer_names(common)
    loop = TrainingLoop(
        copies,
        program,
        [Task(train, (INPUT,))] * len(every),
        ErrorNeuronsObjective(
            program, hidden, outputs, feedback, teaching, common.objective.burn_in
        ),
        [each.run.seed for each in every],
        common.run.epochs,
        lambda epoch: chip_config(common, epoch),
    )
    copies.load_weights(np.stack([program_of(each).weights for each in every]))
    points: list[list[Point]] = [[] for _ in every]
    loop.run(_noting(loop, test, scored, points, progress))
    weights, geometry = copies.weights(), copies.config.geometry
    return [
        Trained(own, weight_hash(weights[b], geometry), loop.chains[b].hexdigest())
        for b, own in enumerate(points)
    ]


def _noting(
    loop: TrainingLoop,
    test: EncodedPart,
    scored: Sequence[int],
    points: list[list[Point]],
    progress: Progress,
) -> Callable[[], None]:
    """What scores a run now and then, and tells how far it is."""
    per_epoch = len(loop.tasks[0].train)
    total = per_epoch * loop.epochs
    scoring = np.zeros((loop.copies.count, len(_WORK)), dtype=np.int64)

    def work() -> NDArray[np.int64]:
        return np.array([[own[name] for name in _WORK] for own in loop.copies.counters()])

    def after_sample() -> None:
        nonlocal scoring
        done = loop.position.epoch * per_epoch + loop.position.sample
        progress("train", done, total)
        if done not in scored and done != total:
            return
        before = work()
        scores, learned = loop.scores(test), before - scoring
        scoring = scoring + work() - before
        for own, score, (synops, visits) in zip(points, scores, learned.tolist(), strict=True):
            own.append(Point(done, score.value, synops, visits))

    return after_sample


_WORK = ("synops", "visits")


def feedback_of(settings: Settings, teaching: Teaching) -> NDArray[np.int64]:
    """G, random and fixed: `(classes, neurons of all hidden layers)`, magnitudes in 1..top."""
    random = generator(settings.run.seed, BUILDING, 1)
    return fixed_readout(
        settings.task.classes, sum(settings.network.layers[:-1]), teaching.top, random
    )
