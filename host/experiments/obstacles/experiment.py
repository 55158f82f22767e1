"""Digits from backpropagation to the chip: accuracy after each obstacle that is removed.

After Neftci 2018, box 2, which names what backpropagation needs and a neuromorphic chip does not
have. A spiking network of 64-100-10 learns in float by every rung of the ladder, in batches of 10;
at last the chip learns, online and in integers, as in `erbp-digits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

import torch
from torch import Tensor

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import (
    BUILDING,
    SCORING,
    SHUFFLING,
    TRAINING,
    Digits,
    Part,
    generator,
    split_digits,
)
from axonloop.host.experiments.erbp.digits import learn_erbp, settings_of
from axonloop.host.experiments.obstacles.network import LadderNetwork
from axonloop.host.experiments.obstacles.rungs import LADDER, Rung
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, styled
from axonloop.host.processing import one_thread
from axonloop.host.training import INPUT, encoder_of, parts_of, program_of, rasters

EPOCHS, FULL_EPOCHS, BATCH = 2, 4, 10
SPANS = 0.3, 0.15
"""First weights of both layers are even in +-this, in thresholds."""
FEEDBACK = 0.3
"""The same of the random feedback."""
CHIP = "the chip: integers, 8-bit weights, online"


def measure(order: Order, progress: Progress) -> Metrics:
    """All rungs, then the chip, with all seeds."""
    epochs, digits = FULL_EPOCHS if order.full else EPOCHS, split_digits()
    every = [settings_of(seed, epochs, order.limit) for seed in order.seeds]
    found: dict[str, list[float]] = {}
    for done, rung in enumerate(LADDER):
        found[rung.name] = [climbed(rung, settings, digits) for settings in every]
        progress("rungs", done + 1, len(LADDER))
    chip = learn_erbp(str(order.device), every, digits, progress)
    found[CHIP] = [run.points[-1].accuracy for run in chip]
    return {
        "accuracies": found,
        "hashes": [run.weight_hash for run in chip],
        "rows": [_row(name, shares) for name, shares in found.items()],
    }


def _row(name: str, shares: Sequence[float]) -> ResultRow:
    text = percent(shares)
    return ResultRow(name, "", "", text) if name == CHIP else ResultRow(name, "", text)


def network_of(settings: Settings) -> LadderNetwork:
    """The network of a seed before it learns; the same for all rungs."""
    random = generator(settings.run.seed, BUILDING, 5)
    sizes = (settings.task.inputs, *settings.network.layers)
    weights = [
        torch.tensor(random.uniform(-span, span, shape), dtype=torch.float32)
        for span, shape in zip(SPANS, zip(sizes, sizes[1:], strict=False), strict=True)
    ]
    back = torch.tensor(random.uniform(-1, 1, sizes[:0:-1]), dtype=torch.float32)
    return LadderNetwork(weights, FEEDBACK * back, settings.objective.burn_in)


@one_thread()
def climbed(rung: Rung, settings: Settings, digits: Digits) -> float:
    """The accuracy of a rung on the scored part after training, in 0..1."""
    train, test = parts_of(settings, digits)
    network, run = network_of(settings), settings.run
    labels = torch.from_numpy(train.labels).long()
    for epoch in range(run.epochs):
        rate = rung.rate / 2 ** (epoch // (run.anneal or run.epochs))
        raster = _raster(settings, train, TRAINING, epoch)
        order = generator(run.seed, SHUFFLING, epoch).permutation(len(train))
        for start in range(0, len(order), BATCH):
            chosen = torch.from_numpy(order[start : start + BATCH])
            steps = network.gradients(rung, raster[:, chosen], labels[chosen])
            for layer, step in zip(network.layers, steps, strict=True):
                layer.weights = layer.weights - rate * step
    votes = network.votes(_raster(settings, test, SCORING))
    return float((votes.argmax(1).numpy() == test.labels).mean())


def _raster(settings: Settings, part: Part, *purpose: int) -> Tensor:
    """The input spikes of all of a part, float `(ticks, samples, inputs)`."""
    program = program_of(settings)
    found = rasters(program, encoder_of(settings), part, settings.run.seed, *purpose)
    return torch.from_numpy(found[:, :, program.axons[INPUT][:, 0]]).float()


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each rung, from backpropagation down to the chip."""
    found = metrics["accuracies"]
    picture = Picture(8.6, 3.9)
    picture.set_layout_engine("none")  # names and means stand beside the axes
    axes = picture.subplots(gridspec_kw={"left": 0.34, "right": 0.92, "bottom": 0.14, "top": 0.91})
    colours = [GREY, *[BLUE] * (len(found) - 2), ORANGE]
    for place, (shares, colour) in enumerate(zip(found.values(), colours, strict=True)):
        axes.plot([100 * share for share in shares], [place] * len(shares), "o", color=colour)
        centre = 100 * mean(shares)
        axes.vlines(centre, place - 0.25, place + 0.25, color=colour, linewidth=2)
        axes.annotate(
            f"{centre:.1f}",
            (1, place),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(found)), list(found))
    axes.set(xlabel="test accuracy (%)", ylim=(len(found) - 0.5, -0.5))
    axes.set_title("Digits, 64-100-10: each rung lacks one thing more", loc="left")
    axes.grid(axis="x")
    return picture
