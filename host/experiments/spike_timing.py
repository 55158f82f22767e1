"""Spikes at wanted times: van Rossum's distance and updates against the error threshold C.

After Neftci 2018, figure 3. Beside the chip stand two rules in float, from the same weights, input
and wanted spikes, learning at every tick:

    SuperSpike              an eligibility per synapse, filtered like the error
    one trace per axon      that filter left out: the chip's rule without a threshold

Settings were found with seeds above 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from axonloop.host.experiments.copies import Flags, groups_of, open_copies
from axonloop.host.experiments.experiment import Metrics, Order, Row
from axonloop.host.experiments.spike_times import SpikeTimes, offsets, program_of, wanted_of
from axonloop.host.experiments.spike_times_float import RULES, float_distances
from axonloop.host.experiments.spike_times_loop import Timing, learn_times
from axonloop.host.report import BLUE, GREY, INK, ORANGE, bare, save
from axonloop.host.runs import Progress

THRESHOLDS = (0.1, 0.3, 0.6, 0.9, 0.95)
FULL_THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.1)
CHOSEN = 0.9
"""The threshold of the results' first rows."""
EPOCHS, FULL_EPOCHS = 100, 200
TASK = SpikeTimes()
Job = tuple[SpikeTimes, float]
"""A task and its threshold."""


def measure(order: Order, progress: Progress) -> Metrics:
    """All thresholds with all seeds on the chip, and both rules in float."""
    epochs = FULL_EPOCHS if order.full else EPOCHS
    thresholds = FULL_THRESHOLDS if order.full else THRESHOLDS
    tasks = [replace(TASK, seed=seed) for seed in order.seeds]
    jobs = [(own, threshold) for threshold in thresholds for own in tasks]
    timings = learn_all(str(order.device), jobs, epochs, progress)
    reference = {
        rule: [float_distances(own, rule, epochs, progress) for own in tasks] for rule in RULES
    }
    chip = [_told(timing) for timing in timings]
    shown = next(timing for timing in timings if timing.threshold == CHOSEN)
    example = {
        "before": _times(shown.first_spikes),
        "after": _times(shown.spikes),
        "wanted": _times(wanted_of(shown.task)),
    }
    rows = _rows(chip, reference)
    return {"epochs": epochs, "chip": chip, "float": reference, "example": example, "rows": rows}


def learn_all(device: str, jobs: Sequence[Job], epochs: int, progress: Progress) -> list[Timing]:
    """A chip for each job, in the order of the jobs."""
    found = []
    for group in groups_of(device, len(jobs)):
        tasks, thresholds = zip(*(jobs[place] for place in group), strict=True)
        programs = [program_of(task) for task in tasks]
        weights = np.stack([program.weights for program in programs])
        seeds = [task.seed for task in tasks]
        with open_copies(device, programs[0].config, weights, seeds) as copies:
            found += learn_times(copies, tasks, thresholds, epochs, progress)
    return found


def _told(timing: Timing) -> dict[str, Any]:
    """What the metrics say of a run."""
    wanted = wanted_of(timing.task)
    return {
        "threshold": timing.threshold,
        "seed": timing.task.seed,
        "distances": [round(distance, 6) for distance in timing.distances],
        "ticks_with_updates": sum(timing.updates),
        "share": timing.share,
        "solved": timing.solved,
        "offset": max(offsets(timing.spikes, wanted)),
        "spikes": int(timing.spikes.sum()),
        "wanted": int(wanted.sum()),
        "weight_hash": timing.weight_hash,
        "spike_hash": timing.spike_hash,
        "counters": timing.counters,
    }


def _times(raster: Flags) -> list[list[int]]:
    """The ticks in which each neuron spikes."""
    return [train.nonzero()[0].tolist() for train in raster.T]


def _rows(chip: list[dict[str, Any]], reference: dict[str, list[list[float]]]) -> list[Row]:
    chosen = [run for run in chip if run["threshold"] == CHOSEN]
    rows = [
        Row(f"van Rossum's distance before and after, {rule}", "", _ends(runs))
        for rule, runs in reference.items()
    ]
    on_chip = _ends([run["distances"] for run in chosen])
    far, at = str(max(run["offset"] for run in chosen)), f"C = {CHOSEN}"
    counts = ", ".join(f"{run['spikes']} of {run['wanted']}" for run in chosen)
    rows += [
        Row(f"van Rossum's distance before and after, {at}", "", "", on_chip),
        Row(f"wanted spikes are missed by at most, {at}", "", "", f"{far} ticks"),
        Row(f"spikes, of those wanted, {at}", "", "", counts),
    ]
    for threshold in sorted({run["threshold"] for run in chip}):
        runs = [run for run in chip if run["threshold"] == threshold]
        what = f"ticks with an update; distance after, C = {threshold}"
        rows.append(Row(what, "", "", _cost(runs)))
    return rows


def _ends(runs: Sequence[list[float]]) -> str:
    """Mean distances, and the passes until each of the runs was without fault."""
    first, last = (mean(run[place] for run in runs) for place in (0, -1))
    solved = [run.index(0) if 0 in run else None for run in runs]
    passes = ", ".join("never" if k is None else str(k) for k in solved)
    return f"{first:.0f}, {last:.3g}; 0 from pass {passes}"


def _cost(runs: list[dict[str, Any]]) -> str:
    share, after = (mean(values) for values in _points(runs))
    return f"{100 * share:.2f} %; {after:.3g}"


def _points(runs: list[dict[str, Any]]) -> tuple[list[float], list[float]]:
    """Share of ticks with an update and distance after, of every run."""
    return [run["share"] for run in runs], [run["distances"][-1] for run in runs]


def draw(path: Path, metrics: Metrics) -> None:
    """Spikes before and after; distance over the passes; distance and updates against C."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.4))
    _draw_spikes(left, metrics["example"])
    _draw_passes(middle, metrics["chip"], metrics["float"])
    _draw_thresholds(right, metrics["chip"])
    for axes in (left, middle):
        bare(axes)
    save(figure, path)


def _draw_spikes(axes: Any, example: dict[str, list[list[int]]]) -> None:
    """Seed 1 at the chosen threshold: wanted spikes as grey bars, spikes as ticks."""
    neurons = len(example["wanted"])
    for name, colour, lowest in (("before", ORANGE, neurons + 0.6), ("after", BLUE, 0)):
        for neuron in range(neurons):
            row = lowest + neuron
            axes.vlines(example["wanted"][neuron], row - 0.42, row + 0.42, color="#dddddd", lw=4)
            label = f"{name} learning" if neuron == 0 else None
            spikes = example[name][neuron]
            axes.vlines(spikes, row - 0.3, row + 0.3, color=colour, lw=1.1, label=label)
    axes.set(xlabel="tick", yticks=[], title=f"Spikes of {neurons} neurons; grey: wanted")
    axes.set_ylim(-0.7, 2 * neurons + 1.6)
    axes.legend(frameon=False, loc="upper right", ncols=2)


def _draw_passes(
    axes: Any, chip: list[dict[str, Any]], reference: dict[str, list[list[float]]]
) -> None:
    """Means over the seeds; 0 lies on the lower edge."""
    shades = plt.get_cmap("viridis")
    thresholds = sorted({run["threshold"] for run in chip} & set(THRESHOLDS))
    for place, threshold in enumerate(thresholds):
        runs = [run["distances"] for run in chip if run["threshold"] == threshold]
        colour = shades(0.9 * place / max(1, len(thresholds) - 1))
        axes.plot(np.mean(runs, 0), color=colour, linewidth=1, label=f"C = {threshold}")
    for (rule, runs), style in zip(reference.items(), ("-", "--"), strict=True):
        longest = max(len(run) for run in runs)
        padded = [run + [0.0] * (longest - len(run)) for run in runs]
        axes.plot(np.mean(padded, 0), color=GREY, linestyle=style, label=f"float, {rule}")
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="pass", ylabel="van Rossum's distance", ylim=0, title="Learning")
    axes.legend(frameon=False, fontsize="small", loc="upper right")


def _draw_thresholds(axes: Any, chip: list[dict[str, Any]]) -> None:
    """A dot per seed, lines through the means."""
    thresholds = sorted({run["threshold"] for run in chip})
    other = axes.twinx()
    groups = [[run for run in chip if run["threshold"] == each] for each in thresholds]
    for target, part, factor, colour in ((axes, 1, 1, BLUE), (other, 0, 100, ORANGE)):
        means = [factor * mean(_points(runs)[part]) for runs in groups]
        target.plot(thresholds, means, "-", color=colour)
        for threshold, runs in zip(thresholds, groups, strict=True):
            values = [factor * value for value in _points(runs)[part]]
            target.plot([threshold] * len(runs), values, "o", color=colour, alpha=0.5, markersize=4)
        target.spines["top"].set_visible(False)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.15, None)
    other.set_yscale("symlog", linthresh=0.1)
    other.set_ylim(-0.02, None)
    other.axhline(1, color=INK, linestyle=":", linewidth=0.9)
    axes.set(xlabel="C, in peaks of one spike", title="What the threshold costs and saves")
    axes.set_ylabel("van Rossum's distance after learning", color=BLUE)
    other.set_ylabel("ticks with an update (%)", color=ORANGE)
