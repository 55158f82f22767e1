"""The pictures of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import Device
from axonloop.host.pictures import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    Picture,
    legend,
    shades,
    sheet_of,
    styled,
)
from axonloop.host.processing import Errors, Flags, Layers
from axonloop.host.recorder import thresholds_of
from axonloop.host.report import SampleTrace, pairs_of
from axonloop.host.training import SPENT, SampleCost
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region

_SHOWN = 4
_POINTS = 150
"""Most points of a curve; of more samples, several are averaged."""
_ERRORS = (
    (1, ORANGE, "v", "error > 0: spike less"),
    (-1, BLUE, "^", "error < 0: spike more"),
)


@styled
def draw_learning_curve(
    history: Sequence[dict[str, Any]],
    tuned: bool,
    final: Sequence[float] | None = None,
    baseline: float | None = None,
) -> Picture:
    """Accuracy of every layer after every epoch, and the error events and updates made in it.

    `history` has an entry for each epoch: `layer_accuracies` or `layer_mses`, `errors`, `updates`.
    `final` are the layers' accuracies (in 0..1) or errors on the test part, if that was scored;
    `baseline` the error of answering the mean, where targets are numbers.
    """
    epochs = np.arange(1, len(history) + 1)
    picture = Picture(9.6, 3.9)
    left, right = picture.subplots(1, 2)
    shares = "layer_accuracies" in history[0]
    unit, form = (100, "{:.1f} %") if shares else (1, "{:.3g}")
    key = "layer_accuracies" if shares else "layer_mses"
    scores = unit * np.array([entry[key] for entry in history]).T
    for layer, (values, colour) in enumerate(zip(scores, shades(len(scores)), strict=True)):
        name = f"layer {layer + 1}"
        left.plot(epochs, values, "o-", color=colour, markersize=4, label=name)
        if final is not None:
            value = unit * final[layer]
            told = f"{name}, test part: {form.format(value)}"
            left.plot(epochs[-1:], [value], "D", color=colour, mec=ORANGE, label=told)
    if baseline is not None:
        left.axhline(baseline, color=GREY, linestyle=":", label="always the mean")
    part = "validation part" if tuned else "validation part (also trained on)"
    if shares:
        left.set(ylabel="accuracy (%)", title=f"Accuracy on the {part}")
        left.set_ylim(top=min(left.get_ylim()[1], 101))  # no shares above all
    else:
        left.set(ylabel="mean squared error", title=f"Error on the {part}")
        left.set_ylim(bottom=0)
    for counter, colour, label in (
        ("errors", ORANGE, "error events"),
        ("updates", BLUE, "weights changed"),
    ):
        total = np.array([0, *(entry[counter] for entry in history)])
        right.plot(epochs, np.diff(total), "o-", color=colour, markersize=4, label=label)
    learned = any(entry["errors"] for entry in history)
    right.set(ylabel="number per epoch", title="What learning cost in each epoch")
    right.set_yscale("log" if learned else "linear")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.locator_params(axis="x", integer=True)
        axes.grid(axis="y")
        legend(axes, below=True, ncols=2)
    return picture


@dataclass(frozen=True)
class RasterSample:
    """A sample tick by tick: lists of axons, of neurons, of (neurons, values) in error; U.

    `potential` is V - R after the tick, `(ticks, neurons)`, in units of the neuron's threshold, on
    a chip of this `config`.
    """

    config: ChipConfig
    inputs: list[Int32Array]
    spikes: list[Int32Array]
    errors: list[tuple[Int32Array, Int32Array]]
    potential: NDArray[np.float64]


def record(device: Device, layers: Layers, trains: list[Int32Array], target: Any) -> RasterSample:
    """Run a sample and listen; the errors are not sent, so nothing is learned."""
    device.clear()
    layers.begin([target])
    spikes, errors, potential = [], [], []
    for axons in trains:
        device.send_tick(axons)
        device.send_read([Region.MEMBRANE, Region.RESET])
    for _ in trains:
        spikes.append(device.take_tick())
        errors.append(_sparse(layers.step(flags_of([spikes[-1]], device.config.neurons)).gated))
        membrane, reset = device.take_read()
        potential.append(membrane - reset)
    thresholds = thresholds_of(device.config)
    return RasterSample(device.config, trains, spikes, errors, np.array(potential) / thresholds)


def trace_of(recording: RasterSample, title: str) -> SampleTrace:
    """The sample as a report shows it."""
    events = [
        np.column_stack([np.full(len(neurons), tick), neurons, values])
        for tick, (neurons, values) in enumerate(recording.errors)
    ]
    return SampleTrace(
        pairs_of(recording.inputs),
        pairs_of(recording.spikes),
        np.concatenate(events).astype(np.int32),
        recording.potential.astype(np.float32),
        title,
    )


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


@styled
def draw_raster(recording: RasterSample, title: str) -> Picture:
    """Inputs, spikes with error events, and U of the neurons most in error; lines between cores."""
    picture = Picture(9.5, 8.4)
    top, middle, bottom = picture.subplots(3, 1, sharex=True, height_ratios=(1.2, 2.2, 2))
    geometry = recording.config.geometry
    _events(top, recording.inputs, INK)
    top.set(ylabel="axon", title=title)
    _draw_cores(top, len(recording.config.cores), geometry.axons)
    _events(middle, recording.spikes, GREY, "spike")
    _draw_errors(middle, recording)
    middle.set_ylabel("neuron")
    _draw_cores(middle, len(recording.config.cores), geometry.neurons)
    middle.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    _draw_potentials(bottom, recording)
    bottom.set(xlabel="tick", ylabel="U = V - R after the tick")
    bottom.locator_params(axis="x", integer=True)
    return picture


@styled
def draw_outputs(
    outputs: NDArray[np.float64], target: NDArray[np.float64], quiet: int, title: str
) -> Picture:
    """The first outputs of a readout, `(ticks, outputs)`, beside their target.

    That is `(outputs,)`, and the answer is then the mean of the ticks behind the `quiet` first
    ones; or `(ticks, outputs)`.
    """
    picture = Picture(9.5, 4)
    axes = picture.subplots(1, 1)
    ticks, shown = np.arange(len(outputs)), min(_SHOWN, outputs.shape[1])
    wanted = np.broadcast_to(target, outputs.shape)
    for k, colour in zip(range(shown), shades(shown), strict=True):
        axes.plot(ticks, outputs[:, k], color=colour, linewidth=1.1, label=f"output {k}")
        axes.plot(ticks, wanted[:, k], "--", color=colour, linewidth=1.6, label=f"target {k}")
        if target.ndim == 1:
            mean = outputs[quiet:, k].mean()
            axes.plot(ticks[-1:], [mean], "D", color=colour, mec=ORANGE, label=f"answer {mean:.3g}")
    axes.axvspan(-0.5, quiet - 0.5, color=PALE, alpha=0.5, label="burn-in")
    axes.set(xlabel="tick", ylabel="output", title=title)
    axes.locator_params(axis="x", integer=True)
    legend(axes, below=True, ncols=4)
    return picture


def _draw_cores(axes: Any, cores: int, size: int) -> None:
    """A line above each core's numbers, and its name to the right; nothing for a lone core."""
    axes.set_ylim(-0.02 * cores * size, 1.02 * cores * size)
    for core in range(cores if cores > 1 else 0):
        axes.axhline((core + 1) * size - 0.5, color=GREY, linewidth=0.7)
        middle = (1, (core + 0.5) * size)
        axes.annotate(
            f"core {core}",
            middle,
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
        )


def _events(axes: Any, trains: list[Int32Array], colour: str, label: str | None = None) -> None:
    tick = np.repeat(np.arange(len(trains)), [len(train) for train in trains])
    every = np.concatenate(trains)
    axes.plot(tick, every, "|", color=colour, markersize=3, markeredgewidth=0.9, label=label)


def _draw_errors(axes: Any, recording: RasterSample) -> None:
    tick = np.repeat(np.arange(len(recording.errors)), [len(n) for n, _ in recording.errors])
    neuron = np.concatenate([neurons for neurons, _ in recording.errors])
    value = np.concatenate([values for _, values in recording.errors])
    for sign, colour, shape, name in _ERRORS:
        chosen = np.sign(value) == sign
        axes.plot(tick[chosen], neuron[chosen], shape, color=colour, markersize=3, label=name)


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
    for number, neuron in enumerate(chosen):
        level = -3.0 * number
        names = [None] * 3 if number else ["theta", "U", "spike"]
        trace = np.clip(recording.potential[:, neuron], -1.2, 1.2)
        axes.axhline(level + 1, color=PALE, linewidth=0.8, label=names[0])
        axes.plot(trace + level, color=INK, linewidth=1.1, label=names[1])
        fired = np.flatnonzero([neuron in spikes for spikes in recording.spikes])
        axes.vlines(
            fired, level + 0.85, level + 1.25, color=GREY, label=None if number else "spike"
        )
        for sign, colour, shape, _ in _ERRORS:
            hits = [(v[n == neuron] * sign > 0).any() for n, v in recording.errors]
            when = np.flatnonzero(hits)
            axes.plot(when, np.full(len(when), level + 1.45), shape, color=colour, markersize=5)
    legend(axes, below=True, ncols=3)
    levels = [-3.0 * number for number in range(len(chosen))]
    axes.set_yticks(levels, [f"neuron {neuron}" for neuron in chosen])


@styled
def draw_weights(weights: Int32Array, image: tuple[int, int] | None, top: int) -> Picture:
    """Weights `(inputs, neurons)` and their spread.

    Where the inputs are an `image` of so many rows and columns, each neuron's are one of their own;
    else all are a table. `top` is the largest weight that there can be.
    """
    picture = Picture(12, 4.6)
    left, right = picture.subplots(1, 2, width_ratios=(2.4, 1))
    bright = max(1, int(np.quantile(np.abs(weights), 0.995)))
    sheet = weights if image is None else sheet_of(weights, *image)
    shape = "auto" if image is None else "equal"
    shown = left.imshow(
        sheet, cmap="RdBu_r", vmin=-bright, vmax=bright, interpolation="nearest", aspect=shape
    )
    if image is None:
        left.set(xlabel="neuron", ylabel="input", title="Weights of every neuron")
    else:
        left.set(xticks=[], yticks=[], title="Weights of every neuron")
        left.spines[:].set_visible(False)
    picture.colorbar(shown, ax=left, shrink=0.8, label="weight (LSB)")
    right.hist(weights.ravel(), bins=np.arange(-top - 0.5, top + 1, 2), color=BLUE)
    right.set(xlabel="weight (LSB)", ylabel="synapses", yscale="log", title="All weights")
    return picture


@styled
def draw_link(costs: Sequence[SampleCost]) -> Picture:
    """Bytes each way beside the prediction, and who spent the time, of every training sample."""
    picture = Picture(10, 4)
    left, right = picture.subplots(1, 2)
    sample = _means(np.arange(1, len(costs) + 1))
    for way, colour, style in (("down", BLUE, ":"), ("up", ORANGE, "--")):
        measured = _means([getattr(cost.use, f"bytes_{way}") / cost.ticks for cost in costs])
        predicted = _means([getattr(cost.use, f"predicted_{way}") / cost.ticks for cost in costs])
        left.plot(sample, measured, color=colour, linewidth=2.4, label=f"{way}, measured")
        left.plot(sample, predicted, style, color=INK, linewidth=1.2, label=f"{way}, predicted")
    trips = sum(cost.use.round_trips for cost in costs) / sum(cost.ticks for cost in costs)
    left.set(ylabel="bytes per tick", title=f"Bytes; round trips per tick: {trips:.3g}")
    left.set_ylim(0, None)
    legend(left, below=True, ncols=2)
    spent = [_means([1e3 * getattr(cost, who) for cost in costs]) for who in SPENT]
    colours = (GREY, PALE, BLUE, ORANGE)
    right.stackplot(sample, spent, labels=SPENT, colors=colours, step="mid")
    right.set(ylabel="ms per sample", title="What the host did or waited for")
    legend(right, reverse=True)
    for axes in (left, right):
        axes.set_xlabel("training sample")
        axes.locator_params(axis="x", integer=True)
    return picture


def _means(values: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    """Means of as many neighbours as it takes to have at most `_POINTS`."""
    array = np.asarray(values, np.float64)
    return np.array([part.mean() for part in np.array_split(array, min(_POINTS, len(array)))])
