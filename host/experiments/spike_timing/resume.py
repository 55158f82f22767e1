"""ReSuMe on the chip: wanted spikes learned from two pairs of spikes (Ponulak & Kasinski 2010).

    dw_ji = (S^_i - S_i) (a + Q_j)        S^: wanted spikes, Q: an exponential trace of the input

A wanted spike pairs with the inputs before it as in STDP, the neuron's own spike as in STDP upside
down, and the two cancel where they meet. On the chip that is a term of Q and one of 1, both
times the error E = S - S^ of the tick; nothing is filtered. The task is that of `spike-timing`,
and so is the loop, with filters that forget at once: its distance counts missing and extra spikes.

Beside the chip stands the same rule in float. The rate was chosen with seeds above 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import mean
from typing import Any

import torch

from axonloop.host.console import Progress
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.experiments.spike_timing.chip import (
    NEURON,
    SpikeTimes,
    pattern_of,
    wanted_of,
)
from axonloop.host.experiments.spike_timing.experiment import learn_all
from axonloop.host.experiments.spike_timing.float import network_of
from axonloop.host.experiments.spike_timing.loop import LoopTiming
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, PALE, Picture, legend, styled
from axonloop.host.processing import one_thread
from axonloop.models.config import DECAY_ONE, AxonFactor, Term, ThirdFactor

PASSES = 100
EXACT = 0.9
"""A threshold below one spike: every difference of a tick is an event."""
WIDE = (1 << 17) - 1
"""A box that no membrane leaves: the rule has no gate."""
RULE = (
    Term(AxonFactor.QQ, third=ThirdFactor.ERROR, sign=-1, shift=5),
    Term(AxonFactor.ONE, third=ThirdFactor.ERROR, sign=-1, shift=3),
)
"""dW = -E Q / 2^5 - E / 2^3, in steps of the weight."""
TASK = SpikeTimes(
    rise=0,
    fall=0,
    parameters=replace(
        NEURON, box=WIDE, alpha_p=0, beta_p=3400, q_inc=2048, qq_shift=4, terms=RULE
    ),
)


def measure(order: Order, progress: Progress) -> Metrics:
    """All seeds on the chip and in float."""
    tasks = [replace(TASK, seed=seed) for seed in order.seeds]
    timings = learn_all(str(order.device), [(task, EXACT) for task in tasks], PASSES, progress)
    exact = [float_faults(task, progress) for task in tasks]
    chip = [
        {
            "seed": run.task.seed,
            "faults": [round(count) for count in run.distances],
            "solved": run.solved,
            "spikes": int(run.spikes.sum()),
            "hits": int((run.spikes & wanted_of(run.task)).sum()),
            "wanted": int(wanted_of(run.task).sum()),
            "weight_hash": run.weight_hash,
            "spike_hash": run.spike_hash,
            "counters": run.counters,
        }
        for run in timings
    ]
    return {
        "passes": PASSES,
        "chip": chip,
        "float": exact,
        "shown": {"timings": timings},
        "rows": _rows(chip, exact),
    }


@one_thread()
def float_faults(task: SpikeTimes, progress: Progress) -> list[int]:
    """Missing and extra spikes of each pass, of the same rule at the same rate in float."""
    network, own = network_of(task), task.parameters
    pairs, alone = (1 / (1 << term.shift) * 2**own.w_exp / own.theta for term in RULE)
    arriving = torch.from_numpy(pattern_of(task)).to(torch.float64)
    wanted = torch.from_numpy(wanted_of(task)).to(torch.float64)
    found = []
    for done in range(PASSES):
        state, faults = network.rest(), 0
        trace = torch.zeros(task.inputs, dtype=torch.float64)
        for tick in range(task.ticks):
            state = network.step(state, arriving[tick])
            trace = (
                own.beta_p / DECAY_ONE * trace + own.q_inc / (1 << own.qq_shift) * arriving[tick]
            )
            error = state.spikes - wanted[tick]
            faults += int(error.abs().sum())
            network.weights.sub_(torch.outer(pairs * trace + alone, error))
        found.append(faults)
        progress("descend", done + 1, PASSES)
    return found


def _rows(chip: Sequence[dict[str, Any]], exact: Sequence[list[int]]) -> list[ResultRow]:
    hits = ", ".join(f"{run['hits']} of {run['wanted']}" for run in chip)
    extra = ", ".join(str(run["spikes"] - run["hits"]) for run in chip)
    floats = _passes([run.index(0) if 0 in run else None for run in exact])
    return [
        ResultRow(
            "missing and extra spikes in the first and in the last pass",
            "",
            _ends(exact),
            _ends([run["faults"] for run in chip]),
        ),
        ResultRow("passes until none is", "", floats, _passes([run["solved"] for run in chip])),
        ResultRow("wanted spikes in their tick, at the end", "", "", hits),
        ResultRow("spikes that are not wanted, at the end", "", "", extra),
    ]


def _ends(runs: Sequence[Sequence[int]]) -> str:
    return f"{mean(run[0] for run in runs):.0f}, {mean(run[-1] for run in runs):.3g}"


def _passes(solved: Sequence[int | None]) -> str:
    return ", ".join("never" if at is None else str(at) for at in solved)


@styled
def draw(metrics: Metrics) -> Picture:
    """Spikes of the first seed before and after; missing and extra spikes over the passes."""
    timings: list[LoopTiming] = metrics["shown"]["timings"]
    picture = Picture(10, 4.2)
    left, right = picture.subplots(1, 2)
    first = timings[0]
    wanted, neurons = wanted_of(first.task), first.task.neurons
    for lowest, raster, colour, name in (
        (neurons + 0.6, first.first_spikes, GREY, "first pass"),
        (0, first.spikes, BLUE, "after learning"),
    ):
        for neuron in range(neurons):
            row, label = lowest + neuron, name if neuron == 0 else None
            (aim,), (spikes,) = wanted[:, neuron].nonzero(), raster[:, neuron].nonzero()
            left.vlines(aim, row - 0.42, row + 0.42, color=PALE, lw=4)
            left.vlines(spikes, row - 0.3, row + 0.3, color=colour, lw=1.1, label=label)
    left.set(xlabel="tick", yticks=[], title="Spikes; pale: wanted")
    left.set_ylim(-0.7, 2 * neurons + 0.3)
    legend(left, below=True, ncols=2)
    for number, run in enumerate(metrics["chip"]):
        label = "chip" if number == 0 else None
        right.plot(run["faults"], color=BLUE, linewidth=1, label=label)
    for number, faults in enumerate(metrics["float"]):
        label = "float" if number == 0 else None
        right.plot(faults, color=GREY, linewidth=1, linestyle="--", label=label)
    right.set(xlabel="pass", ylabel="missing and extra spikes", ylim=0, title="Learning")
    legend(right, below=True, ncols=2)
    return picture
