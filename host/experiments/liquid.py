"""A liquid on the chip: fixed random neurons that remember, and a linear readout (Maass 2002).

A digit comes row by row, 5 ticks each, over 8 channels, so that a channel tells a column. Two
populations of fixed neurons, one that leaks fast and one slowly, hear the channels and each other.
When the digit is over, a linear readout, fitted by ridge regression on the host, tells the class
from the exponentially filtered spikes of all neurons. Beside it stand

    inputs alone      the same readout of the channels' spikes, filtered the same
    no recurrence     the same liquid without synapses between its neurons
    all pixels        the same readout of the picture itself, which nobody has to remember

Sizes, weights and the ridge were chosen on the validation part with seed 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier  # type: ignore[import-untyped]

from axonloop.host.console import Progress
from axonloop.host.data import BUILDING, SIDE, WHITE, Digits, Part, generator, split_digits
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
from axonloop.host.pictures import BLUE, GREY, Picture, dots, styled
from axonloop.host.processing import Flags, LabelFree
from axonloop.host.training import Task, TrainingLoop, groups_of, open_copies
from axonloop.models.config import ParameterSet, ResetMode

ROW, TAIL = 5, 5
"""Ticks of a row of pixels, and of silence after the last one."""
EACH = 256
LEAKS = {"fast": 3277, "slow": 3891}
"""Neurons of a population, and what they keep of V per tick, in 1/4096."""
HEARD, SPREAD, SHARE, INHIBITING = 60.0, 8.0, 0.1, 0.2
"""Deviations of the weights from channels and among neurons; shares of the synapses that are
there, and of the neurons that inhibit."""
NEURON = ParameterSet(
    beta_n=2048,
    theta=1024,
    box=0,
    w_exp=3,
    reset_mode=ResetMode.ZERO,
    refractory=1,
    alpha_p=0,
    beta_p=0,
)
MEMORIES = (10.0, 40.0)
"""Time constants of the filters before the readout, in ticks."""
RIDGE = 30.0
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Digits row by row: a channel is a column, and brighter pixels spike more often."""

    part: Part

    def __len__(self) -> int:
        return len(self.part)

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """Spikes in even steps: bool `(8 ROW + TAIL, 8)`."""
        bright = np.repeat(self.part.images[place].reshape(SIDE, SIDE), ROW, axis=0) / WHITE
        tick = np.tile(np.arange(ROW), SIDE)[:, None]
        spikes = np.floor((tick + 1) * bright + 0.5) > np.floor(tick * bright + 0.5)
        return np.pad(spikes, ((0, TAIL), (0, 0)))

    def target(self, place: int) -> int:
        """The class."""
        return int(self.part.labels[place])

    def number(self, place: int) -> int:
        """The digit's number."""
        return int(self.part.indices[place])


def network_of(seed: int, recurrent: bool) -> Network:
    """The liquid: nothing in it learns. All seeds have the same synapses, of other weights."""
    random, wiring = generator(seed, BUILDING), generator(0, BUILDING)
    populations, projections = [], []
    for name, alpha in LEAKS.items():
        neuron = replace(NEURON, alpha_n=alpha)
        populations.append(Population(name, EACH, neuron, bias=False))
        projections.append(
            Projection("rows", name, _drawn(random, (SIDE, EACH), HEARD), plastic=False)
        )
    for source in LEAKS if recurrent else ():
        inhibits = random.random(EACH) < INHIBITING
        gain = np.where(inhibits, -(1 - INHIBITING) / INHIBITING, 1.0)[:, None]
        for target in LEAKS:
            weights = _drawn(random, (EACH, EACH), SPREAD, gain)
            present = wiring.random((EACH, EACH)) < SHARE
            projections.append(Projection(source, target, weights, present, plastic=False))
    return Network((Source("rows", SIDE),), tuple(populations), tuple(projections), seed)


def _drawn(
    random: np.random.Generator,
    shape: tuple[int, int],
    spread: float,
    gain: Numbers | None = None,
) -> NDArray[np.int64]:
    """Normal weights; with a `gain`, their magnitudes times that."""
    weights = random.normal(0, spread, shape)
    if gain is not None:
        weights = np.abs(weights) * gain
    return np.rint(weights).clip(-127, 127).astype(np.int64)


def program_of(seed: int, recurrent: bool = True) -> Program:
    """The liquid on one core."""
    network = network_of(seed, recurrent)
    return compile_network(network, smallest_geometry(network))


def filtered(raster: Flags) -> Numbers:
    """What filters hold of spikes `(ticks, channels)` at the end: `(MEMORIES x channels,)`."""
    ages = np.arange(len(raster))[::-1]
    kernels = np.exp(-ages / np.array(MEMORIES)[:, None])
    held: Numbers = (kernels @ raster).ravel()
    return held


@dataclass(frozen=True)
class Liquid:
    """What a chip's liquid makes of digits: `(digits, features)` each, and the spikes' hash."""

    seed: int
    train: Numbers
    validation: Numbers
    test: Numbers
    rate: float
    spike_hash: str


def responses(
    device: str, seeds: Sequence[int], recurrent: bool, digits: Digits, progress: Progress
) -> list[Liquid]:
    """Pour all digits into a liquid for each seed."""
    found: list[Liquid] = []
    parts = (digits.train, digits.validation, digits.test)
    for group in groups_of(device, len(seeds)):
        own = [seeds[place] for place in group]
        programs = [program_of(seed, recurrent) for seed in own]
        neurons = np.concatenate(list(programs[0].neurons.values()))
        with open_copies(device, programs[0].config, own) as copies:
            copies.load_weights(np.stack([program.weights for program in programs]))
            tasks = [Task(Rows(digits.train), ("rows",))] * len(own)
            loop = TrainingLoop(copies, programs[0], tasks, LabelFree(0), own, 0)
            features: list[list[Numbers]] = []
            spikes, ticks = np.zeros(len(own)), 0
            for done, part in enumerate(parts):
                held = []
                for raster in loop.responses(Rows(part)):
                    heard = raster[:, :, neurons]
                    held.append(np.stack([filtered(heard[:, b]) for b in range(len(own))]))
                    spikes, ticks = spikes + heard.mean(2).sum(0), ticks + len(raster)
                features.append(list(np.stack(held, axis=1)))
                progress("score", done + 1, len(parts))
        found += [
            Liquid(
                seed,
                features[0][b],
                features[1][b],
                features[2][b],
                float(spikes[b] / ticks),
                loop.chains[b].hexdigest(),
            )
            for b, seed in enumerate(own)
        ]
    return found


def read(features: Sequence[Numbers], digits: Digits) -> dict[str, float]:
    """How a ridge readout fitted on the training part does on the others, in 0..1."""
    train, *scored = features
    readout = RidgeClassifier(RIDGE).fit(train, digits.train.labels)
    parts = {"validation": digits.validation, "test": digits.test}
    return {
        name: float(readout.score(own, part.labels))
        for own, (name, part) in zip(scored, parts.items(), strict=True)
    }


def inputs_alone(digits: Digits) -> list[Numbers]:
    """The channels' own spikes, filtered as the liquid's."""
    random = np.random.default_rng(0)
    return [
        np.stack([filtered(Rows(part).raster(place, random)) for place in range(len(part))])
        for part in (digits.train, digits.validation, digits.test)
    ]


def measure(order: Order, progress: Progress) -> Metrics:
    """The liquid with and without recurrence, with all seeds, and what it is compared with."""
    whole = split_digits()
    cut = (part.first(order.limit) for part in (whole.train, whole.validation, whole.test))
    digits = Digits(*cut)
    ways: dict[str, list[dict[str, object]]] = {}
    for name, recurrent in (("liquid", True), ("no recurrence", False)):
        liquids = responses(str(order.device), order.seeds, recurrent, digits, progress)
        ways[name] = [
            read((own.train, own.validation, own.test), digits)
            | {"seed": own.seed, "rate": own.rate, "spike_hash": own.spike_hash}
            for own in liquids
        ]
    pictures = [part.images / WHITE for part in (digits.train, digits.validation, digits.test)]
    alone, pixels = read(inputs_alone(digits), digits), read(pictures, digits)
    return {
        **ways,
        "inputs alone": alone,
        "all pixels": pixels,
        "rows": [
            ResultRow(
                f"digits row by row, a liquid of {len(LEAKS) * EACH} neurons, test part",
                "other tasks",
                "",
                _tests(ways["liquid"]),
            ),
            ResultRow("the same without recurrence", "", "", _tests(ways["no recurrence"])),
            ResultRow("the inputs alone, same readout", "", percent([alone["test"]])),
            ResultRow("all pixels, same readout", "", percent([pixels["test"]])),
        ],
    }


def _tests(runs: Sequence[dict[str, object]]) -> str:
    return percent([float(str(run["test"])) for run in runs])


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each way."""
    picture = Picture(6, 3.8)
    axes = picture.subplots()
    ways = {
        "liquid": [run["test"] for run in metrics["liquid"]],
        "without\nrecurrence": [run["test"] for run in metrics["no recurrence"]],
        "inputs\nalone": [metrics["inputs alone"]["test"]],
        "all\npixels": [metrics["all pixels"]["test"]],
    }
    for number, values in enumerate(ways.values()):
        dots(axes, number, values, BLUE if number < 2 else GREY)
    axes.set_xticks(range(len(ways)), list(ways))
    axes.set(ylabel="test accuracy (%)", ylim=(0, 100), title="Digits that come row by row")
    return picture
