"""Digits without labels: STDP and lateral inhibition (Diehl & Cook 2015; Roy et al. 2019, fig. 4b).

Pixels spike at rates into CELLS neurons. A neuron that spikes moves its weights toward the pixels
that were active before, inhibits the others at once and, through a small population, everybody a
tick later; its threshold rises with each of its spikes and falls slowly (the reset R), so that all
take part. The rule, on the chip, in the tick of the neuron's spike:

    dW_ij = S_i (Qq_j / 2^7 - 1)            Diehl & Cook's  eta (x_pre - x_tar), without a limit
                                            that depends on the weight; weights stop at +-127

Without such a factor weights run into their limits, and runs of more than three passes get worse.
Beside it stand theirs, (w_max - w) / 2 w_max whether a weight rises or falls, and soft bounds, that
slow it down on its way to either limit, for 3, 6 and 9 passes.

With 512 neurons the host, every 50 digits, scales each neuron's weights to one length, as Diehl &
Cook do with their sum: else those that have learned answer to everything.

Labels only name the neurons afterwards, by the class of the training part to which each answers
most. Then thresholds are frozen and a digit goes to the class whose neurons answer most on
average: the paper's votes. Votes weighted by response use the same means: a spike votes for every
class, with the logarithm of the class's share in what the neuron answers. Beside both stands a
linear readout of the same spikes, which labels do teach.

Settings of 128 neurons were chosen on the validation part with seeds 1 and 2, those with a factor
and those of 512 with seeds 11 and 12: votes of 512 90.1 %, weighted 92.7 %. The 512 then learn the
validation part as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier  # type: ignore[import-untyped]

from axonloop.host.console import Progress
from axonloop.host.data import (
    BUILDING,
    CLASSES,
    PIXELS,
    WHITE,
    Digits,
    Part,
    RateEncoder,
    generator,
    split_digits,
)
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.experiments.stdp.digits_picture import draw as draw
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
from axonloop.host.processing import LabelFree
from axonloop.host.training import (
    EncodedPart,
    Task,
    TrainingLoop,
    Weights,
    open_copies,
    telling,
)
from axonloop.models.arrays import Int32Array
from axonloop.models.config import (
    DECAY_ONE,
    NO_TABLES,
    ChipConfig,
    MemristorTables,
    ParameterSet,
    ResetMode,
)
from axonloop.models.memristor import power_gains, soft_bound_gains
from axonloop.models.rules import toward_input, weighted

CELLS, INHIBITORS = 128, 64
TICKS, REST = 40, 20
"""Ticks of a sample, and ticks of silence after it in which the membranes decay."""
PEAK = 0.8
EPOCHS = 3
FIRST_WEIGHTS = 60
STRONGEST = -127
CELL = ParameterSet(
    alpha_n=3700,
    beta_n=0,
    gamma=4095,
    rho=1300,
    theta=4000,
    w_exp=1,
    reset_mode=ResetMode.ZERO,
    beta_p=3600,
    q_inc=900,
    qq_shift=4,
    terms=toward_input(shift=7),
)
INHIBITOR = ParameterSet(alpha_n=0, beta_n=0, theta=1, w_exp=0, reset_mode=ResetMode.ZERO)
FEW_PAPER, MANY_PAPER = "83 % (100 neurons, MNIST)", "95 % (6,400 neurons, MNIST)"
LEAST_SHARE, RIDGE = 0.02, 3.0
"""What is added to a class's share of a neuron's answers; the penalty of the linear readout."""


@dataclass(frozen=True)
class CellLayer:
    """The neurons that learn, their largest first weight, and the passes over the digits.

    When they are named and scored a digit is shown for `read` ticks. With a `length` the host holds
    each neuron's weights to it: the root of their squares' sum. `tables` are the gains of a rule
    that sees its weights.
    """

    cells: int
    neuron: ParameterSet
    first: int
    epochs: int
    read: int = TICKS
    length: float | None = None
    tables: MemristorTables = NO_TABLES


def few() -> CellLayer:
    """The layer of 128."""
    return CellLayer(CELLS, CELL, FIRST_WEIGHTS, EPOCHS)


MANY = CellLayer(512, replace(CELL, w_exp=0, rho=500), 120, 2, read=2 * TICKS, length=500)
"""With larger first weights, neurons that have learned nothing yet win what no other matches."""
PASSES = (3, 6, 9)
"""Over the digits, for rules that see their weights and one that does not."""
SCALED = 50
"""After so many digits the host scales the weights."""


def bounded() -> dict[str, CellLayer]:
    """The layer of 128 without a factor of the weight, and with either."""
    layer = few()
    neuron = replace(layer.neuron, terms=weighted(layer.neuron.terms))
    soft = replace(layer, neuron=replace(neuron, w_exp=2), tables=soft_bound_gains(8))
    theirs = replace(layer, neuron=neuron, tables=power_gains(8, 1))
    return {"no factor": layer, "factor w_max - w": theirs, "soft bounds": soft}


@dataclass(frozen=True)
class LearnedCells:
    """What a chip came to: accuracies in 0..1, spikes per digit, hashes that all devices share.

    `accuracy` and `validation` are by votes, `weighted` and `linear` by the other readings, on the
    test part. `at_limit` is the share of the weights that can go no further.
    """

    accuracy: float
    validation: float
    weighted: float
    linear: float
    spikes: float
    at_limit: float
    weight_hash: str
    spike_hash: str
    weights: list[list[int]]
    names: list[int]


def network_of(seed: int, layer: CellLayer | None = None) -> Network:
    """Pixels to cells (plastic), cells to each other, cells to inhibitors and back."""
    random, layer = generator(seed, BUILDING), layer or few()
    first = random.integers(0, layer.first + 1, (PIXELS, layer.cells))
    rivals, strongest = ~np.eye(layer.cells, dtype=bool), np.int64(STRONGEST)
    forth, back = (layer.cells, INHIBITORS), (INHIBITORS, layer.cells)
    projections = (
        Projection("pixels", "cells", first),
        Projection("cells", "cells", np.full(rivals.shape, strongest), rivals, plastic=False),
        Projection("cells", "inhibitors", np.full(forth, -strongest), plastic=False),
        Projection("inhibitors", "cells", np.full(back, strongest), plastic=False),
    )
    cells = Population("cells", layer.cells, layer.neuron, bias=False)
    inhibitors = Population("inhibitors", INHIBITORS, INHIBITOR, bias=False, report=False)
    pixels = Source("pixels", PIXELS)
    return Network((pixels,), (cells, inhibitors), projections, seed, layer.tables)


def program_of(seed: int, layer: CellLayer | None = None) -> Program:
    """The network on one core."""
    network = network_of(seed, layer)
    return compile_network(network, smallest_geometry(network))


def scaled(program: Program, weights: Weights, length: float) -> Weights:
    """All weights, with those of the pixels scaled to `length` per cell and rounded.

    Diehl & Cook do so after every picture, with the sum of the weights.
    """
    pixels = program.axons_of("pixels", np.arange(PIXELS))
    place = np.ix_(np.arange(len(weights)), pixels, program.neurons["cells"])
    own, found = weights[place].astype(np.float64), weights.copy()
    lengths = np.sqrt(np.square(own).sum(axis=1, keepdims=True))
    most = -STRONGEST
    found[place] = np.rint(own * (length / np.maximum(lengths, 1))).clip(-most, most)
    return found


def frozen(config: ChipConfig) -> ChipConfig:
    """The chip with thresholds that neither rise nor fall."""
    cores = [
        replace(
            core,
            parameter_sets=tuple(
                replace(each, rho=0, gamma=DECAY_ONE) for each in core.parameter_sets
            ),
        )
        for core in config.cores
    ]
    return replace(config, cores=tuple(cores))


def samples_of(part: Part, ticks: int = TICKS) -> EncodedPart:
    """Digits as the chip sees them, each with its silence behind it."""
    return EncodedPart(part, RateEncoder(ticks, WHITE, PEAK), CLASSES, REST)


def answers_of(loop: TrainingLoop, part: Part, ticks: int, progress: Progress) -> NDArray[np.int64]:
    """Spikes of every cell for every digit, shown for so many ticks: int `(digits, cells)`."""
    cells = loop.program.neurons["cells"]
    found = np.zeros((len(part), len(cells)), dtype=np.int64)
    for place, spikes in enumerate(loop.responses(samples_of(part, ticks))):
        found[place] = spikes[:, 0, cells].sum(0)
        progress("score", place + 1, len(part))
    return found


def means_of(answers: NDArray[np.int64], labels: Int32Array) -> NDArray[np.float64]:
    """What each cell answers to each class on average: `(classes, cells)`."""
    shown = labels == np.arange(CLASSES)[:, None]
    sums, counts = shown.astype(np.int64) @ answers, shown.sum(axis=1, keepdims=True)
    means: NDArray[np.float64] = sums / np.maximum(counts, 1)
    return means


def names_of(answers: NDArray[np.int64], labels: Int32Array) -> NDArray[np.int64]:
    """The class to which each cell answers most on average: int `(cells,)`."""
    names: NDArray[np.int64] = means_of(answers, labels).argmax(axis=0)
    return names


def share_right(answers: NDArray[np.int64], names: NDArray[np.int64], labels: Int32Array) -> float:
    """How many digits go to their class: that of the cells that answer most on average."""
    votes = np.zeros((len(answers), CLASSES))
    for kind in set(names.tolist()):
        votes[:, kind] = answers[:, names == kind].mean(axis=1)
    return float((votes.argmax(axis=1) == labels).mean())


def weighted_right(
    answers: NDArray[np.int64], means: NDArray[np.float64], labels: Int32Array
) -> float:
    """How many digits go to their class where a spike votes with the log of each class's share."""
    shares = means / np.maximum(means.sum(axis=0), 1e-9)
    votes = answers @ np.log(shares + LEAST_SHARE).T
    return float((votes.argmax(axis=1) == labels).mean())


def learned(
    device: str,
    seed: int,
    digits: Digits,
    progress: Progress,
    epochs: int | None = None,
    layer: CellLayer | None = None,
) -> LearnedCells:
    """Train one chip, name its cells, score it."""
    layer = layer or few()
    program, epochs = program_of(seed, layer), epochs or layer.epochs
    task = Task(samples_of(digits.train), ("pixels",), fresh=False)
    with open_copies(device, program.config, [seed]) as chip:
        chip.load_weights(program.weights[None])
        loop = TrainingLoop(chip, program, [task], LabelFree(TICKS), [seed], epochs)
        tell = telling(loop, progress)

        def after_sample() -> None:
            tell()
            if layer.length is not None and loop.position.sample % SCALED == 0:
                chip.load_weights(scaled(program, chip.weights(), layer.length))

        loop.run(after_sample)
        chip.configure(frozen(program.config))
        known = answers_of(loop, digits.train, layer.read, progress)
        names, scores = names_of(known, digits.train.labels), []
        for part in (digits.validation, digits.test):
            answers = answers_of(loop, part, layer.read, progress)
            scores.append(share_right(answers, names, part.labels))
        (weights,) = chip.weights()
    plastic = program.weights_of(program.plan.network.projection("pixels", "cells"), weights)
    return LearnedCells(
        accuracy=scores[1],
        validation=scores[0],
        weighted=weighted_right(answers, means_of(known, digits.train.labels), digits.test.labels),
        linear=float(
            RidgeClassifier(RIDGE)
            .fit(known, digits.train.labels)
            .score(answers, digits.test.labels)
        ),
        spikes=float(answers.sum(axis=1).mean()),
        at_limit=float((np.abs(plastic) == -STRONGEST).mean()),
        weight_hash=weight_hash(weights, program.geometry),
        spike_hash=loop.chains[0].hexdigest(),
        weights=plastic.T.tolist(),
        names=names.tolist(),
    )


def measure(order: Order, progress: Progress) -> Metrics:
    """Learn with all seeds on the device, with few neurons and with many."""
    whole, device = split_digits(), str(order.device)
    parts = (part.first(order.limit) for part in (whole.train, whole.validation, whole.test))
    digits, found, rows = Digits(*parts), {}, []
    both = replace(digits, train=digits.train.join(digits.validation))
    for layer, data, paper in ((few(), digits, FEW_PAPER), (MANY, both, MANY_PAPER)):
        runs = [learned(device, seed, data, progress, layer=layer) for seed in order.seeds]
        shown = {name: getattr(runs[0], name) for name in ("weights", "names", "accuracy")}
        found[str(layer.cells)] = [_told(run) for run in runs]
        readings = {
            "votes": (paper, [run.accuracy for run in runs]),
            "votes weighted by response": ("prints none", [run.weighted for run in runs]),
            "linear readout, taught by labels": ("prints none", [run.linear for run in runs]),
        }
        rows += [
            ResultRow(f"{layer.cells} neurons, {reading}", told, "", percent(shares))
            for reading, (told, shares) in readings.items()
        ]
    for name, layer in bounded().items():
        found[name], more = _passes(name, layer, device, order.seeds, digits, progress)
        rows += more
    return {"runs": found, "rows": rows, "shown": shown}


def _told(run: LearnedCells) -> dict[str, Any]:
    return {name: value for name, value in vars(run).items() if name not in ("weights", "names")}


def _passes(
    name: str,
    layer: CellLayer,
    device: str,
    seeds: Sequence[int],
    digits: Digits,
    progress: Progress,
) -> tuple[list[dict[str, Any]], list[ResultRow]]:
    """All seeds with each number of passes: what is told of the runs, and their rows."""
    told, rows, first = [], [], None
    for passes in PASSES:
        runs = [learned(device, seed, digits, progress, passes, layer) for seed in seeds]
        told += [
            {"passes": passes, "seed": seed} | _told(run)
            for seed, run in zip(seeds, runs, strict=True)
        ]
        shares = [run.accuracy for run in runs]
        limit = f"{100 * np.mean([run.at_limit for run in runs]):.0f} % of the weights at a limit"
        first = np.mean(shares) if first is None else first
        lost = "" if passes == PASSES[0] else f", {100 * (first - np.mean(shares)):.1f} points lost"
        what = f"{layer.cells} neurons, {name}, {passes} passes, votes"
        rows.append(ResultRow(what, "prints none", "", f"{percent(shares)}{lost}; {limit}"))
    return told, rows
