"""The pictures of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib

from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, bare, save

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import Device
from axonloop.host.processing import Errors, Flags, Layers
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import Region

_SHOWN = 4


def draw_learning_curve(
    path: Path, history: list[dict[str, float]], tuned: bool, final: float
) -> None:
    """Accuracy after every epoch, and the error events and weight updates made in it."""
    epochs = np.arange(1, len(history) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6))
    accuracy = [100 * entry["validation_accuracy"] for entry in history]
    name = "validation part" if tuned else "validation part (also trained on)"
    left.plot(epochs, accuracy, "o-", color=BLUE, label=name)
    if not tuned:
        left.plot(epochs[-1:], [100 * final], "D", color=ORANGE, label=f"test: {100 * final:.1f} %")
    left.set(xlabel="epoch", ylabel="accuracy (%)", title="Accuracy after each epoch")
    left.legend(frameon=False, loc="lower right")
    for counter, colour, label in (
        ("errors", ORANGE, "error events"),
        ("updates", BLUE, "weights changed"),
    ):
        total = np.array([0, *(entry[counter] for entry in history)])
        right.plot(epochs, np.diff(total), "o-", color=colour, label=label)
    learned = any(entry["errors"] for entry in history)
    right.set(xlabel="epoch", title="What learning cost in each epoch")
    right.set_yscale("log" if learned else "linear")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color="#e6e6e6")
        bare(axes)
    save(figure, path)


@dataclass(frozen=True)
class RasterSample:
    """A sample tick by tick: lists of axons, of neurons, of (neurons, values) in error; U.

    `potential` is V - R after the tick, int `(ticks, neurons)`, in units of the threshold.
    """

    inputs: list[Int32Array]
    spikes: list[Int32Array]
    errors: list[tuple[Int32Array, Int32Array]]
    potential: NDArray[np.float64]


def record(device: Device, layers: Layers, trains: list[Int32Array], label: int) -> RasterSample:
    """Run a sample and listen; the errors are not sent, so nothing is learned."""
    device.clear()
    layers.begin([label])
    spikes, errors, potential = [], [], []
    theta = device.config.cores[0].parameter_sets[0].theta
    for axons in trains:
        device.send_tick(axons)
        device.send_read([Region.MEMBRANE, Region.RESET])
    for _ in trains:
        spikes.append(device.take_tick())
        errors.append(_sparse(layers.step(flags_of([spikes[-1]], device.config.neurons)).gated))
        membrane, reset = device.take_read()
        potential.append(membrane - reset)
    return RasterSample(trains, spikes, errors, np.array(potential) / theta)


def flags_of(trains: list[Int32Array], neurons: int) -> Flags:
    """Lists of neurons as bool `(lists, neurons)`."""
    found = np.zeros((len(trains), neurons), dtype=bool)
    for own, spikes in zip(found, trains, strict=True):
        own[spikes] = True
    return found


def _sparse(errors: Errors | None) -> tuple[Int32Array, Int32Array]:
    """The events of a lone chip as neurons and values."""
    values = np.zeros(0, dtype=np.int32) if errors is None else errors[0]
    (neurons,) = values.nonzero()
    return neurons.astype(np.int32), values[neurons]


def draw_raster(path: Path, recording: RasterSample, label: int, answer: int) -> None:
    """Inputs, spikes with error events, and U of the neurons most in error."""
    figure, (top, middle, bottom) = plt.subplots(
        3, 1, figsize=(9, 8.4), sharex=True, height_ratios=(1.2, 2.2, 2)
    )
    _events(top, recording.inputs, INK)
    top.set(ylabel="axon", title=f"A digit {label}, read as {answer}")
    _events(middle, recording.spikes, GREY)
    _draw_errors(middle, recording)
    middle.set(ylabel="neuron")
    middle.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 1.12), ncols=3)
    _draw_potentials(bottom, recording)
    bottom.set(xlabel="tick", ylabel="U after the tick; grey: theta and spikes")
    for axes in (top, middle, bottom):
        bare(axes)
    save(figure, path)


def _events(axes: Any, trains: list[Int32Array], colour: str) -> None:
    tick = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    axes.plot(tick, np.concatenate(trains), "|", color=colour, markersize=3, markeredgewidth=0.9)


def _draw_errors(axes: Any, recording: RasterSample) -> None:
    tick = np.repeat(np.arange(len(recording.errors)), [len(n) for n, _ in recording.errors])
    neuron = np.concatenate([neurons for neurons, _ in recording.errors])
    value = np.concatenate([values for _, values in recording.errors])
    for sign, colour, mark, name in (
        (1, ORANGE, "v", "error > 0: spike less"),
        (-1, BLUE, "^", "error < 0: spike more"),
    ):
        chosen = np.sign(value) == sign
        axes.plot(tick[chosen], neuron[chosen], mark, color=colour, markersize=3, label=name)


def _draw_potentials(axes: Any, recording: RasterSample) -> None:
    neurons = recording.potential.shape[1]
    erred = np.zeros(neurons, dtype=bool)
    for erring, _ in recording.errors:
        erred[erring] = True
    firing = np.bincount(np.concatenate(recording.spikes), minlength=neurons)
    # Neurons that are always silent or always firing have nothing to show.
    changing = (firing > 2) & (firing < len(recording.potential) / 2)
    liveliness = np.clip(recording.potential, -1.2, 1.2).std(axis=0) + erred + changing
    chosen = np.sort(np.argsort(-liveliness, kind="stable")[:_SHOWN])
    for place, neuron in enumerate(chosen):
        level = -3.0 * place
        trace = np.clip(recording.potential[:, neuron], -1.2, 1.2)
        axes.axhline(level + 1, color="#dddddd", linewidth=0.8)
        axes.plot(trace + level, color=INK, linewidth=1.1)
        fired = np.flatnonzero([neuron in spikes for spikes in recording.spikes])
        axes.vlines(fired, level + 0.85, level + 1.25, color=GREY)
        for sign, colour, mark in ((1, ORANGE, "v"), (-1, BLUE, "^")):
            hits = [(v[n == neuron] * sign > 0).any() for n, v in recording.errors]
            when = np.flatnonzero(hits)
            axes.plot(when, np.full(len(when), level + 1.45), mark, color=colour, markersize=5)
    axes.set_yticks([-3.0 * place for place in range(len(chosen))], [f"neuron {n}" for n in chosen])


def draw_weights(path: Path, weights: Int32Array, side: int, top: int) -> None:
    """Weights `(side * side, neurons)`, each neuron's as a picture of its own, and their spread.

    `top` is the largest weight that there can be.
    """
    neurons = weights.shape[1]
    columns = int(np.ceil(np.sqrt(2 * neurons)))
    rows = -(-neurons // columns)
    sheet = np.full((rows * (side + 1) - 1, columns * (side + 1) - 1), np.nan)
    for neuron in range(neurons):
        row, column = (side + 1) * (neuron // columns), (side + 1) * (neuron % columns)
        sheet[row : row + side, column : column + side] = weights[:, neuron].reshape(side, side)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.6), width_ratios=(2.4, 1))
    bright = max(1, int(np.quantile(np.abs(weights), 0.995)))
    shown = left.imshow(sheet, cmap="RdBu_r", vmin=-bright, vmax=bright, interpolation="nearest")
    left.set(xticks=[], yticks=[], title="Weights of every neuron")
    left.spines[:].set_visible(False)
    figure.colorbar(shown, ax=left, shrink=0.8)
    right.hist(weights.ravel(), bins=np.arange(-top - 0.5, top + 1, 2), color=BLUE)
    right.set(xlabel="weight", ylabel="synapses", yscale="log", title="All weights")
    bare(right)
    save(figure, path)
