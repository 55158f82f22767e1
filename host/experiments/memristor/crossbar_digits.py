"""Digits through the wires of a crossbar: deployed, tuned in the loop, and learned from scratch.

A network that was trained on ideal weights is loaded onto a crossbar whose wires take a part of
every weight, the more the farther from driver and output (Fouda et al. 2019, figure 4), and learns
on in the loop: semi-online training. The chip's mask takes the losses of rows and columns that fit
the solver's answer best, for the first seed's weights; how far that is from separable is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import RunSettings, Settings, TaskSettings
from axonloop.host.console import Progress
from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, legend, styled
from axonloop.host.training import (
    Trainer,
    chip_config,
    groups_of,
    open_copies,
    task_parts,
    telling,
)
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig
from axonloop.models.memristor.crossbar import Mask, effective, fitted_mask, in_parts, slopes

WIRE, ON, OFF = 10.0, 1e3, 1e6
"""Ohm: a cell's piece of wire in the usual hard case, and devices that are on and off."""
PART, BLOCK = 32, 32
LEAST = 1 / 256
"""The least slope that a mask of 8 bits says; far from the drivers hardly anything is read."""
EPOCHS = 2
SHARES = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)
"""When accuracy is looked at, in epochs of tuning."""
RECOVERED = 0.2
"""Of an epoch, within which the chapter says that accuracy comes back."""


def mask_of(weights: Int32Array, top: int, part: int | None) -> Mask:
    """The mask of the pair of arrays that hold `weights` `(rows, columns)`, whole or in parts.

    One array holds what is above 0 and the other what is below, which draws the least current; the
    other device of each pair is off. Slopes of read on wanted conductances are the mean of both.
    """
    found = []
    for share in (np.maximum(weights, 0) / top, np.maximum(-weights, 0) / top):
        cells = 1 / OFF + share * (1 / ON - 1 / OFF)
        whole = part is None
        read = effective(cells, WIRE, WIRE) if whole else in_parts(cells, part or 1, WIRE, WIRE)
        found.append(slopes(cells, read, BLOCK))
    return fitted_mask(np.maximum(np.mean(found, axis=0), LEAST), BLOCK)


def settings_of(seed: int, limit: int | None) -> Settings:
    """The settings of `train digits`, for two epochs."""
    return Settings(task=TaskSettings(limit=limit), run=RunSettings(seed=seed, epochs=EPOCHS))


def measure(order: Order, progress: Progress) -> Metrics:
    """The ideal chip, then the crossbar whole and in parts."""
    digits, device = split_digits(), str(order.device)
    every = [settings_of(seed, order.limit) for seed in order.seeds]
    config = chip_config(every[0])
    rows, columns = digits.train.images.shape[1], sum(every[0].network.layers)
    ideal, weights = _learn(device, every, config, None, digits, (float(EPOCHS),), progress)
    first, top = weights[0][:rows, :columns], config.geometry.weight_max
    whole, parts = (mask_of(first, top, part) for part in (None, PART))
    crossbar = config.masked(*whole.losses())
    tuned, _ = _learn(device, every, crossbar, weights, digits, SHARES, progress)
    scratch, _ = _learn(device, every, crossbar, None, digits, SHARES[1:], progress)
    small = config.masked(*parts.losses())
    cut, _ = _learn(device, every, small, weights, digits, (0.0,), progress)
    found = {"ideal": ideal, "tuned": tuned, "scratch": scratch, "parts": cut}
    masks = {
        name: {"error": mask.error, "least": float(mask.row[-1] * mask.column[-1])}
        for name, mask in (("whole", whole), ("parts", parts))
    }
    return {"shares": SHARES, "masks": masks, "rows": _rows(found, masks)} | found


Scores = list[list[float]]
"""Accuracies of every seed, each time that they were looked at."""


def _learn(
    device: str,
    every: Sequence[Settings],
    config: ChipConfig,
    weights: Sequence[Int32Array] | None,
    digits: Digits,
    looks: Sequence[float],
    progress: Progress,
) -> tuple[Scores, list[Int32Array]]:
    """Train chips of `config`; accuracies after each of `looks` epochs, and the last weights."""
    scores: Scores = [[] for _ in looks]
    learned: list[Int32Array] = []
    for group in groups_of(device, len(every)):
        own = [every[place] for place in group]
        with open_copies(device, config, [each.run.seed for each in own]) as copies:
            trainer = Trainer(copies, own, task_parts(own[0], digits))
            if weights is not None:
                copies.load_weights(np.stack([weights[place] for place in group]))
            for look, found in zip(looks, scores, strict=True):
                _until(trainer, look, progress)
                found.extend(trainer.final_scores())
            learned.extend(copies.weights())
    return scores, learned


def _until(trainer: Trainer, epochs: float, progress: Progress) -> None:
    """Train until so many epochs are done, of which the last may be done in part."""
    samples, tell = len(trainer.train), telling(trainer, progress)
    wanted = round(epochs * samples)

    def goes_on() -> bool:
        tell()
        return trainer.position.epoch * samples + trainer.position.sample < wanted

    if trainer.position.epoch * samples + trainer.position.sample < wanted:
        trainer.run(goes_on)


def _rows(found: dict[str, Scores], masks: dict[str, Any]) -> list[ResultRow]:
    (ideal,), (cut,) = found["ideal"], found["parts"]
    early = found["tuned"][SHARES.index(RECOVERED)]
    named = [
        ("ideal weights", "prints none", ideal),
        (f"{WIRE:g} ohm, whole array, as deployed", "prints none", found["tuned"][0]),
        (f"tuned with {RECOVERED:.0%} of the samples", "10 to 20 % of the epochs", early),
        (f"tuned for {EPOCHS} epochs", "recovers", found["tuned"][-1]),
        (f"learned through the wires, {EPOCHS} epochs", "prints none", found["scratch"][-1]),
        (f"in parts of {PART} x {PART}, as deployed", "prints none", cut),
    ]
    rows = [ResultRow(what, paper, "", _beside(own, ideal)) for what, paper, own in named]
    least = f"{100 * masks['whole']['least']:.0f} %; {masks['whole']['error']:.3f} in the logarithm"
    what = "left of the farthest weight, whole array; largest error of the mask"
    return [*rows, ResultRow(what, "prints none", least, "")]


def _beside(own: Sequence[float], ideal: Sequence[float]) -> str:
    lost = 100 * (mean(ideal) - mean(own))
    return percent(own) + ("" if own is ideal else f", {lost:.1f} points lost")


@styled
def draw(metrics: Metrics) -> Picture:
    """Accuracy against training through the wires."""
    picture = Picture(7, 4.2)
    axes = picture.subplots()
    ideal = 100 * mean(metrics["ideal"][0])
    axes.axhline(ideal, color=GREY, linestyle="--", linewidth=1, label="ideal weights")
    curves = (("tuned", SHARES, BLUE), ("scratch", SHARES[1:], ORANGE))
    labels = {"tuned": "trained on ideal weights, then tuned", "scratch": "from random weights"}
    for name, shares, colour in curves:
        scores: NDArray[np.float64] = 100 * np.array(metrics[name])
        axes.plot(shares, scores, "o", color=colour, markersize=2.5)
        axes.plot(shares, scores.mean(1), color=colour, label=labels[name])
    axes.axvline(RECOVERED, color=GREY, linewidth=0.6)
    axes.set(
        xlabel="epochs on the crossbar",
        ylabel="test accuracy (%)",
        title=f"Digits through wires of {WIRE:g} ohm per cell",
        ylim=(0, 101),
    )
    legend(axes, below=True, ncols=3)
    return picture
