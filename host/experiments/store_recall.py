"""Neurons that adapt remember: store and recall, with thresholds that rise and slowly fall.

Digits follow each other, ten ticks each. With one of them STORE is on; when all have passed, RECALL
is, and the answer is the digit that came with STORE: up to 40 ticks back, with others behind it
(Bellec et al. 2018 have the task with bits instead of digits).

Spikes pass a fixed random layer of neurons, and RECALL drives all of that. Behind it a layer learns
from error events, as everywhere; its readout hears the ticks of RECALL. In one kind of network
the fixed neurons raise their threshold with every spike, and the reset R falls slowly: who spiked
at STORE stays silent at RECALL. In the other they have no R, but any leak, and so one time
constant: a short one forgets, a long one adds up all digits.

For both, leak, threshold, STORE and RECALL were the best of 100 random draws by a linear online
readout of the validation part with seed 11 (for the first, R's constants too, among the same
100), and the learning rate the best of three. The float column is a linear readout, fitted to the
spikes that the fixed layer has in RECALL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import RidgeClassifier  # type: ignore[import-untyped]

from axonloop.host.console import Progress
from axonloop.host.data import (
    BUILDING,
    CLASSES,
    PIXELS,
    SCORING,
    WHITE,
    Digits,
    Part,
    RateEncoder,
    generator,
    split_digits,
)
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
    uniform_weights,
)
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, Picture, dots, legend, mark, styled
from axonloop.host.processing import (
    GRADIENT_ONE,
    ErrorCode,
    Flags,
    Layers,
    LearningLayer,
    ProcessingCore,
    Readout,
    error_encoder,
    fixed_readout,
)
from axonloop.host.training import Task, TrainingLoop, groups_of, open_copies, telling
from axonloop.models.config import ChipConfig, Mesh, ParameterSet, ResetMode

SLOT, SLOTS, RECALL = 10, 4, 8
"""Ticks of a digit, digits, ticks of RECALL. STORE is never with the last digit."""
TICKS = SLOT * SLOTS + RECALL
PEAK, LINES = 0.7, 4
"""Spikes of a white pixel per tick; axons of STORE, and of RECALL."""
MEMORY, OUTPUT, SPREAD = 128, 64, 20.0
"""Neurons of the fixed and of the learning layer; standard deviation of the fixed weights."""
EPOCHS, FULL_EPOCHS = 3, 8
SOURCES = ("pixels", "store", "recall")


@dataclass(frozen=True)
class FixedNeurons:
    """Constants of the fixed neurons: decays of V and R, what a spike adds to R, weights."""

    alpha: int
    gamma: int
    rho: int
    store: int
    recall: int
    theta: int = 1024
    eta_shift: int = 11


KINDS = {
    "adaptive": FixedNeurons(alpha=2458, gamma=4093, rho=300, store=60, recall=40, theta=3000),
    "plain": FixedNeurons(alpha=4080, gamma=0, rho=0, store=0, recall=90, eta_shift=13),
}
LEARNER = ParameterSet(
    alpha_n=3277,
    beta_n=2458,
    theta=1024,
    box=1024,
    w_exp=0,
    reset_mode=ResetMode.ZERO,
    alpha_p=3277,
    beta_p=2458,
    q_inc=256,
    pq_shift=3,
    pq_on=32,
)
FIRST = 60
"""The largest first weight behind the fixed layer."""


@dataclass(frozen=True)
class Stored:
    """Sequences of digits: one for each digit of a part, which is the one to remember."""

    part: Part

    def __len__(self) -> int:
        return len(self.part)

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """Digits in a row, one with STORE, then RECALL: bool `(TICKS, pixels + 2 LINES)`."""
        encoder, at = RateEncoder(SLOT, WHITE, PEAK), int(random.integers(SLOTS - 1))
        shown = random.integers(len(self.part), size=SLOTS)
        shown[at] = place
        found = np.zeros((TICKS, PIXELS + 2 * LINES), dtype=bool)
        for slot, digit in enumerate(shown):
            own = encoder.raster(self.part.images[digit], random)
            found[slot * SLOT : (slot + 1) * SLOT, :PIXELS] = own
        found[at * SLOT : (at + 1) * SLOT, PIXELS : PIXELS + LINES] = True
        found[SLOT * SLOTS :, PIXELS + LINES :] = True
        return found

    def target(self, place: int) -> int:
        """The class of the digit to remember."""
        return int(self.part.labels[place])

    def number(self, place: int) -> int:
        """The number of the digit to remember."""
        return int(self.part.indices[place])


@dataclass(frozen=True)
class Recalled:
    """Accuracies of a chip in 0..1, and what every device must agree on.

    `linear` is that of a linear readout, fitted to the spikes of the fixed layer, on the test part.
    """

    seed: int
    validation: float
    test: float
    linear: float
    weight_hash: str
    spike_hash: str


def network_of(kind: FixedNeurons, seed: int) -> Network:
    """Sources to the fixed layer, and that to the layer that learns."""
    random = generator(seed, BUILDING, 0)
    fixed = ParameterSet(
        alpha_n=kind.alpha,
        beta_n=1638,
        gamma=kind.gamma,
        rho=kind.rho,
        theta=kind.theta,
        w_exp=3,
        reset_mode=ResetMode.ZERO,
        alpha_p=0,
        beta_p=0,
    )
    learner = replace(LEARNER, eta_shift=kind.eta_shift)
    drawn = np.rint(random.normal(0, SPREAD, (PIXELS, MEMORY))).clip(-127, 127).astype(np.int64)
    lines = {"store": kind.store, "recall": kind.recall}
    return Network(
        (Source("pixels", PIXELS), *(Source(name, LINES) for name in lines)),
        (Population("memory", MEMORY, fixed, bias=False), Population("output", OUTPUT, learner)),
        (
            Projection("pixels", "memory", drawn, plastic=False),
            *(
                Projection(name, "memory", np.full((LINES, MEMORY), weight), plastic=False)
                for name, weight in lines.items()
            ),
            Projection("memory", "output", uniform_weights(random, MEMORY, OUTPUT, FIRST)),
        ),
        seed,
    )


def program_of(kind: FixedNeurons, seed: int) -> Program:
    """The network on one core, with weights of 12 bits."""
    network = network_of(kind, seed)
    return compile_network(network, smallest_geometry(network, Mesh(), weight_bits=12))


def objective_of(program: Program, seeds: Sequence[int]) -> Layers:
    """A random fixed readout of the learning layer, which hears the ticks of RECALL."""
    readouts = np.stack(
        [fixed_readout(CLASSES, OUTPUT, 1, generator(seed, BUILDING, 1)) for seed in seeds]
    )
    steps, limits = [GRADIENT_ONE // 16] * len(seeds), [127] * len(seeds)
    encoder = error_encoder(ErrorCode.DENSE, OUTPUT, steps, limits, None)
    reader = ProcessingCore(
        Readout(readouts, 3277, 0.1), readouts, encoder, burn_in=TICKS - RECALL + 1
    )
    return Layers(program, [LearningLayer("output", reader)])


def learned(
    device: str,
    kind: FixedNeurons,
    seeds: Sequence[int],
    digits: Digits,
    epochs: int,
    progress: Progress,
) -> list[Recalled]:
    """Train a chip for each seed and score it."""
    found: list[Recalled] = []
    for group in groups_of(device, len(seeds)):
        own = [seeds[place] for place in group]
        programs = [program_of(kind, seed) for seed in own]
        with open_copies(device, programs[0].config, own) as copies:
            copies.load_weights(np.stack([program.weights for program in programs]))
            loop = TrainingLoop(
                copies,
                programs[0],
                [Task(Stored(digits.train), SOURCES)] * len(own),
                objective_of(programs[0], own),
                own,
                epochs,
                _halving(kind, own[0], epochs),
            )
            loop.run(telling(loop, progress))
            validation = loop.scores(Stored(digits.validation))
            test = loop.scores(Stored(digits.test))
            linear = _linear(loop, digits)
            weights = copies.weights()
        found += [
            Recalled(
                seed,
                validation[b].value,
                test[b].value,
                linear[b],
                weight_hash(weights[b], programs[0].geometry),
                loop.chains[b].hexdigest(),
            )
            for b, seed in enumerate(own)
        ]
    return found


def _halving(kind: FixedNeurons, seed: int, epochs: int) -> Callable[[int], ChipConfig]:
    """The chip in each epoch: the learning rate is halved after every third of them."""
    return lambda epoch: (
        program_of(replace(kind, eta_shift=kind.eta_shift + 3 * epoch // epochs), seed).config
    )


def _linear(loop: TrainingLoop, digits: Digits) -> list[float]:
    """What the spikes in RECALL of every copy's fixed layer tell a linear readout, in 0..1."""
    neurons, heard = loop.program.neurons["memory"], []
    for part in (digits.train, digits.test):
        counts = [spikes[-RECALL:, :, neurons].sum(0) for spikes in loop.responses(Stored(part))]
        heard.append(np.stack(counts, axis=1))
    readout = RidgeClassifier(3.0)
    return [
        float(readout.fit(known, digits.train.labels).score(new, digits.test.labels))
        for known, new in zip(*heard, strict=True)
    ]


def measure(order: Order, progress: Progress) -> Metrics:
    """Both kinds of network with all seeds."""
    whole, epochs = split_digits(), FULL_EPOCHS if order.full else EPOCHS
    cut = (part.first(order.limit) for part in (whole.train, whole.validation, whole.test))
    digits = Digits(*cut)
    found = {
        name: learned(str(order.device), kind, order.seeds, digits, epochs, progress)
        for name, kind in KINDS.items()
    }
    rows = [
        ResultRow(
            f"{name} neurons, test part",
            "prints none",
            f"linear readout: {percent([run.linear for run in runs])}",
            percent([run.test for run in runs]),
        )
        for name, runs in found.items()
    ]
    return {
        "epochs": epochs,
        "kinds": {name: [vars(run) for run in runs] for name, runs in found.items()},
        "rows": rows,
    }


@styled
def draw(metrics: Metrics) -> Picture:
    """A sequence as the sources spike, and a dot per seed for each kind and readout."""
    picture = Picture(9, 3.8)
    left, right = picture.subplots(1, 2, width_ratios=(3, 2))
    digits = split_digits()
    raster = Stored(digits.test).raster(0, generator(1, SCORING, 0))
    ticks, channels = raster.nonzero()
    left.plot(ticks, channels, "|", color=INK, markersize=3)
    left.axvline(SLOT * SLOTS - 0.5, color=GREY, linewidth=0.8)
    marks = [PIXELS / 2, PIXELS + LINES / 2, PIXELS + 1.5 * LINES]
    left.set_yticks(marks, ["pixels", "STORE", "RECALL"])
    left.set(xlabel="tick", title=f"The answer is {digits.test.labels[0]}")
    for number, runs in enumerate(metrics["kinds"].values()):
        for side, key, name, colour in (
            (-0.1, "test", "learned on the chip", BLUE),
            (0.1, "linear", "linear readout", GREY),
        ):
            values = [run[key] for run in runs]
            dots(right, number + side, values, colour, name if number == 0 else None)
    mark(right, 100 / CLASSES, "chance")
    right.set_xticks(range(len(metrics["kinds"])), list(metrics["kinds"]))
    right.set(ylabel="test accuracy (%)", ylim=(0, 100), title="Fixed neurons", xlim=(-0.6, 1.6))
    legend(right, below=True, ncols=2)
    return picture
