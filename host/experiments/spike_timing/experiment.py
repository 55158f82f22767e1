"""Spikes at wanted times: van Rossum's distance and updates against the error threshold C.

After Neftci 2018, figure 3. Beside the chip stand two rules in float, from the same weights, input
and wanted spikes, learning at every tick:

    SuperSpike              an eligibility per synapse, filtered like the error
    one trace per axon      that filter left out: the chip's rule without a threshold

Settings were found with seeds above 10. Then the same with stochastic neurons, whose thresholds
vary (Neftci 2018, equation 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean
from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.experiments.spike_timing.chip import SpikeTimes, offsets, program_of, wanted_of
from axonloop.host.experiments.spike_timing.float import RULES, float_distances
from axonloop.host.experiments.spike_timing.loop import LoopTiming, learn_times
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, PALE, Picture, legend, shades, styled
from axonloop.host.training import groups_of, open_copies

THRESHOLDS = (0.1, 0.3, 0.6, 0.9, 0.95)
FULL_THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.1)
CHOSEN = 0.9
"""The threshold of the results' first rows."""
TEMPERATURES = (30, 60, 120)
"""Of stochastic neurons, at the chosen threshold of errors."""
LAST = 20
"""Passes at the end over which the distance of such neurons is averaged: it differs in each."""
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
    noisy = {}
    for temperature in TEMPERATURES:
        hot = [(own, CHOSEN) for own in _hot(tasks, temperature)]
        runs = learn_all(str(order.device), hot, epochs, progress)
        noisy[temperature] = [_told(run) | {"last": mean(run.distances[-LAST:])} for run in runs]
    reference = {
        rule: [float_distances(own, rule, epochs, progress) for own in tasks] for rule in RULES
    }
    chip = [_told(timing) for timing in timings]
    exact = {rule: [_ended(run) for run in runs] for rule, runs in reference.items()}
    return {
        "epochs": epochs,
        "chip": chip,
        "noisy": {str(temperature): runs for temperature, runs in noisy.items()},
        "float": exact,
        "shown": {"timings": timings, "float": reference},
        "rows": [*_rows(chip, exact), *_noisy_rows(noisy)],
    }


def learn_all(
    device: str, jobs: Sequence[Job], epochs: int, progress: Progress
) -> list[LoopTiming]:
    """A chip for each job, in the order of the jobs."""
    found = []
    for group in groups_of(device, len(jobs)):
        tasks, thresholds = zip(*(jobs[place] for place in group), strict=True)
        programs = [program_of(task) for task in tasks]
        weights = np.stack([program.weights for program in programs])
        seeds = [task.seed for task in tasks]
        with open_copies(device, programs[0].config, seeds) as copies:
            copies.load_weights(weights)
            found += learn_times(copies, tasks, thresholds, epochs, progress)
    return found


def _hot(tasks: Sequence[SpikeTimes], temperature: int) -> list[SpikeTimes]:
    """The tasks for stochastic neurons."""
    return [
        replace(own, parameters=replace(own.parameters, temperature=temperature)) for own in tasks
    ]


def _told(timing: LoopTiming) -> dict[str, Any]:
    """What the metrics say of a run."""
    return {
        "threshold": timing.threshold,
        "seed": timing.task.seed,
        "before": timing.distances[0],
        "after": timing.distances[-1],
        "ticks_with_updates": sum(timing.updates),
        "share": timing.share,
        "share_before": timing.share_before,
        "solved": timing.solved,
        "missed_by": max(offsets(timing.spikes, wanted_of(timing.task))),
        "spikes": int(timing.spikes.sum()),
        "wanted": int(wanted_of(timing.task).sum()),
        "weight_hash": timing.weight_hash,
        "spike_hash": timing.spike_hash,
        "counters": timing.counters,
    }


def _ended(distances: list[float]) -> dict[str, Any]:
    """The same of a run in float."""
    solved = distances.index(0) if 0 in distances else None
    return {"before": distances[0], "after": distances[-1], "solved": solved}


def _rows(chip: list[dict[str, Any]], exact: dict[str, list[dict[str, Any]]]) -> list[ResultRow]:
    chosen, at = [run for run in chip if run["threshold"] == CHOSEN], f"C = {CHOSEN}"
    counts = ", ".join(f"{run['spikes']} of {run['wanted']}" for run in chosen)
    missed = f"{max(run['missed_by'] for run in chosen)} ticks"
    rows = [
        ResultRow(f"van Rossum's distance before and after, {rule}", "", _ends(runs))
        for rule, runs in exact.items()
    ]
    rows += [
        ResultRow(f"van Rossum's distance before and after, {at}", "", "", _ends(chosen)),
        ResultRow(f"wanted spikes are missed by at most, {at}", "", "", missed),
        ResultRow(f"spikes, of those wanted, {at}", "", "", counts),
    ]
    for threshold in sorted({run["threshold"] for run in chip}):
        runs = [run for run in chip if run["threshold"] == threshold]
        rows.append(
            ResultRow(f"ticks with an update; distance after, C = {threshold}", "", "", _cost(runs))
        )
    return rows


def _noisy_rows(noisy: dict[int, list[dict[str, Any]]]) -> list[ResultRow]:
    theta, rows = TASK.parameters.theta, []
    for temperature, runs in noisy.items():
        what = f"distance before and in the last {LAST} passes, temperature {temperature} at a "
        what += f"threshold of {theta}, C = {CHOSEN}"
        first, last = (mean(run[end] for run in runs) for end in ("before", "last"))
        share = 100 * mean(run["share"] for run in runs)
        text = f"{first:.0f}, {last:.3g}; {share:.2f} % of the ticks with an update"
        rows.append(ResultRow(what, "", "", text))
    return rows


def _ends(runs: Sequence[dict[str, Any]]) -> str:
    """Mean distances, and the passes until each of the runs was without fault."""
    first, last = (mean(run[end] for run in runs) for end in ("before", "after"))
    passes = ", ".join("never" if run["solved"] is None else str(run["solved"]) for run in runs)
    return f"{first:.0f}, {last:.3g}; 0 from pass {passes}"


def _cost(runs: Sequence[dict[str, Any]]) -> str:
    """Means: the share in all passes, that in the passes before the first without fault."""
    text = f"{100 * mean(run['share'] for run in runs):.2f} %"
    if all(run["solved"] for run in runs):
        text += f" ({100 * mean(run['share_before'] for run in runs):.1f} % until it is 0)"
    return f"{text}; {mean(run['after'] for run in runs):.3g}"


def _by_threshold(timings: Sequence[LoopTiming]) -> dict[float, list[LoopTiming]]:
    """The runs of each threshold, ascending."""
    thresholds = sorted({run.threshold for run in timings})
    return {each: [run for run in timings if run.threshold == each] for each in thresholds}


@styled
def draw(metrics: Metrics) -> Picture:
    """Spikes before and after; distance over the passes; distance and updates against C."""
    timings, reference = metrics["shown"]["timings"], metrics["shown"]["float"]
    picture = Picture(15, 4.9)
    left, middle, right = picture.subplots(1, 3)
    _draw_spikes(left, next(run for run in timings if run.threshold == CHOSEN))
    _draw_passes(middle, timings, reference)
    _draw_thresholds(right, timings)
    return picture


def _draw_spikes(axes: Any, timing: LoopTiming) -> None:
    """Seed 1 at the chosen threshold."""
    wanted, neurons = wanted_of(timing.task), timing.task.neurons
    for name, raster, colour, lowest in (
        ("before", timing.first_spikes, ORANGE, neurons + 0.6),
        ("after", timing.spikes, BLUE, 0),
    ):
        for neuron in range(neurons):
            row, label = lowest + neuron, f"{name} learning" if neuron == 0 else None
            (aim,), (spikes,) = wanted[:, neuron].nonzero(), raster[:, neuron].nonzero()
            axes.vlines(aim, row - 0.42, row + 0.42, color=PALE, lw=4)
            axes.vlines(spikes, row - 0.3, row + 0.3, color=colour, lw=1.1, label=label)
    axes.set(xlabel="tick", yticks=[], title=f"Spikes of {neurons} neurons; grey: wanted")
    axes.set_ylim(-0.7, 2 * neurons + 0.3)
    legend(axes, below=True, ncols=2)


def _draw_passes(
    axes: Any, timings: Sequence[LoopTiming], reference: dict[str, list[list[float]]]
) -> None:
    """Means over the seeds; 0 lies on the lower edge."""
    groups = {each: runs for each, runs in _by_threshold(timings).items() if each in THRESHOLDS}
    colours = shades(len(groups))
    for (threshold, runs), colour in zip(groups.items(), colours, strict=True):
        distances = np.mean([run.distances for run in runs], 0)
        axes.plot(distances, color=colour, linewidth=1, label=f"C = {threshold}")
    for (rule, found), style in zip(reference.items(), ("-", "--"), strict=True):
        longest = max(len(run) for run in found)
        padded = [run + [0.0] * (longest - len(run)) for run in found]
        axes.plot(np.mean(padded, 0), color=GREY, linestyle=style, label=f"float, {rule}")
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="pass", ylabel="van Rossum's distance", ylim=0, title="Learning")
    legend(axes, below=True, ncols=3)


def _draw_thresholds(axes: Any, timings: Sequence[LoopTiming]) -> None:
    """A dot per seed, lines through the means."""
    other, groups = axes.twinx(), _by_threshold(timings)
    other.spines["right"].set_visible(True)
    distances = [[run.distances[-1] for run in runs] for runs in groups.values()]
    shares = [[100 * run.share for run in runs] for runs in groups.values()]
    for target, values, colour in ((axes, distances, BLUE), (other, shares, ORANGE)):
        target.plot(list(groups), [mean(each) for each in values], "-", color=colour)
        for threshold, each in zip(groups, values, strict=True):
            target.plot([threshold] * len(each), each, "o", color=colour, alpha=0.5, markersize=4)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(-0.15, None)
    other.set_yscale("symlog", linthresh=0.1)
    other.set_ylim(-0.02, None)
    other.axhline(1, color=INK, linestyle=":", linewidth=0.9, label="1 % of the ticks")
    legend(other, below=True)
    axes.set(xlabel="C, in peaks of one spike", title="What the threshold costs and saves")
    axes.set_ylabel("van Rossum's distance after learning", color=BLUE)
    other.set_ylabel("ticks with an update (%)", color=ORANGE)
