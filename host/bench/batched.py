"""`axonloop bench batched`: many chips in integers, beside float networks of the same size.

A network 256-512-512-10 of current-based neurons, 100 ticks, 5 % of the channels spike per tick,
one thread. All contenders run in turn, several times; figures are medians of CPU seconds. The
chip runs two ticks more, because a spike reaches the next layer a tick later there. Brian 2, where
installed, runs one copy in a program of its own, behind the others. Last comes learning by terms
(`bench_terms`), beside nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from torch import Tensor

from axonloop.host.bench.figure import Figure
from axonloop.host.bench.peers import BRIAN2, FloatNetwork, brian2_runs
from axonloop.host.bench.sides import (
    DECOLLE,
    LOOP,
    OURS,
    ChipInference,
    ChipLearning,
    Contender,
    Workload,
    float_inference,
    float_learning,
    float_network,
    make_task,
)
from axonloop.host.bench.terms import terms_figures
from axonloop.host.console import Progress, steps
from axonloop.host.order import Metrics, Order
from axonloop.host.processing import one_thread
from axonloop.models.protocol import Counter, Region

RUNS = 5
BRIAN2_RUNS = 25
"""Runs of Brian 2 are one after the other, and short."""
BARS = {"inference": (0.6, 1.25), "learning": (0.5, 1.5)}
"""Largest share of the float network's time: batch 1, and large batches.

Learning is held against DECOLLE's way at batch 1, and against the faster loop without autograd at
large ones.
"""


@dataclass(frozen=True)
class Timing:
    """Median `seconds` of a run, and the share of each layer's neurons that spike per tick."""

    name: str
    seconds: float
    rates: tuple[float, ...]


def time_all(
    contenders: list[Contender],
    repeats: int,
    runs: int = RUNS,
    clock: Callable[[], float] = time.process_time,
) -> list[Timing]:
    """Run all in turn, `runs` times, `repeats` runs at a time, after one that does not count.

    `clock` tells the seconds.
    """
    rates = []
    for entry in contenders:
        entry.prepare()
        rates.append(tuple(float(spikes.float().mean()) for spikes in entry.run()))
    taken: list[list[float]] = [[] for _ in contenders]
    for _ in range(runs):
        for entry, seconds in zip(contenders, taken, strict=True):
            entry.prepare()
            start = clock()
            for _ in range(repeats):
                entry.run()
            seconds.append((clock() - start) / repeats)
    return [
        Timing(entry.name, median(seconds), rate)
        for entry, seconds, rate in zip(contenders, taken, rates, strict=True)
    ]


def compare(title: str, share: float, timings: list[Timing], beside: str = "") -> list[Figure]:
    """A line for each contender; the first, ours, beside one: by default the fastest in torch."""
    ours, *others = timings
    rivals = [t for t in others if t.name == beside or (not beside and t.name.startswith("torch"))]
    best = min(rivals, key=lambda t: t.seconds)
    figures = []
    for entry in timings:
        rates = ", ".join(f"{100 * rate:.1f}" for rate in entry.rates)
        unit, name = f"ms; {rates} % spike", f"{title}: {entry.name}"
        if entry is ours:
            bar, ratio = f"at most {share} x {best.name}", best.seconds / ours.seconds
            figures.append(Figure(name, 1e3 * ours.seconds, unit, bar, best.name, ratio))
        else:
            slower = f"{entry.seconds / ours.seconds:.1f} x ours"
            figures.append(Figure(name, 1e3 * entry.seconds, f"{unit}; {slower}", ""))
    return figures


def floor(title: str, task: Workload, ours: ChipInference) -> Figure:
    """What one run must move at least, at the speed at which this machine copies.

    A byte of weight for each synaptic operation, and every word of state in and out.
    """
    before = ours.chip.counters()[:, Counter.SYNOPS].sum()
    ticks = len(ours.run()[0])
    synops = int(ours.chip.counters()[:, Counter.SYNOPS].sum() - before)
    moved = synops + state_bytes(task) * ticks * task.copies
    unit = f"ms: {moved / 1e6:.1f} MB, {synops / 1e6:.2f} M additions among them"
    return Figure(f"{title}: floor", 1e3 * moved / copy_speed(), unit, "")


def state_bytes(task: Workload) -> int:
    """What a tick of a copy reads and writes at least of its state."""
    chip, words = task.program.config, 4
    return 2 * (chip.neurons * (4 * words + 2) + chip.axons * (3 * words + 1))


def copy_speed(size: int = 1 << 17, repeats: int = 400) -> float:
    """Bytes per CPU second that NumPy reads and writes in the caches: a median."""
    source, target = np.zeros((2, size), np.uint8)
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        for _ in range(repeats):
            np.copyto(target, source)
        taken.append(time.process_time() - start)
    return 2 * size * repeats / median(taken)


def event_rate(loop: ChipLearning) -> float:
    """Share of the neurons that an error event reaches while B is 1."""
    loop.prepare()
    loop.chip.clear()
    shares = []
    for arrived in loop.raster().unbind(0):
        errors = loop.errors(loop.chip.tick(arrived))
        shares.append(float((errors * loop.chip.read(Region.BOX) != 0).float().mean()))
        loop.chip.send_errors(errors)
        loop.chip.learn()
    return float(np.mean(shares))


def lone(task: Workload, late: int) -> tuple[FloatNetwork, Tensor]:
    """The float network of a task, and the spikes of its first copy, `late` ticks more."""
    spikes = task.spikes[:, 0]
    return float_network(task), torch.cat([spikes, spikes.new_zeros(late, spikes.shape[1])])


def measure(order: Order, progress: Progress) -> Metrics:
    """All figures."""
    report = steps(progress, "measuring")
    with one_thread():
        figures: list[Figure] = []
        for copies in (1, 128):
            task, repeats = make_task(copies), 10 if copies == 1 else 1
            report(f"inference, batch {copies}")
            ours = ChipInference(task)
            title = f"inference, batch {copies}"
            timings = time_all([Contender(OURS, ours.run), *float_inference(task)], repeats)
            asked = (*lone(task, ours.late + 1), BRIAN2_RUNS, report)
            if copies == 1 and (found := brian2_runs(*asked)):
                timings.append(Timing(BRIAN2, *found))
            figures += compare(title, BARS["inference"][copies > 1], timings)
            figures.append(floor(title, task, ours))
            title = f"learning, batch {copies}"
            report(title)
            loop = ChipLearning(task)
            sides = [Contender(OURS, loop.run, loop.prepare), *float_learning(task)]
            share, timings = BARS["learning"][copies > 1], time_all(sides, repeats)
            figures += compare(title, share, timings, LOOP if copies > 1 else DECOLLE)
            unit = "% of the neurons in error per tick"
            figures.append(Figure(f"{title}: events", 100 * event_rate(loop), unit, ""))
        report("learning by terms")
        return {"rows": figures + terms_figures()}
