"""`axonloop bench gpu`: the batched emulator on a GPU, compared, and timed beside float torch.

First come comparisons with the golden model and the CPU (`gpu_conformance`). Then the network of
`axonloop bench batched` runs and learns in batches, beside the same in plain float torch on the
same GPU; then many chips learn with weights of their own. Figures are medians of several runs by
the clock, each begun and ended when the GPU has nothing left to do. Beside each stands the floor:
the bytes that must move, at the speed at which this GPU copies its own memory.

`--full` is the size that counts; without, sizes are small, for a look, and for a CPU
(`--device batched:cpu`), of which no figure means anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from axonloop.host.bench.batched import RUNS, compare, state_bytes, time_all
from axonloop.host.bench.figure import Figure
from axonloop.host.bench.gpu_conformance import ALL, FEW, Extent, conformance
from axonloop.host.bench.sides import (
    LOOP,
    OURS,
    ChipInference,
    ChipLearning,
    Contender,
    Workload,
    float_inference,
    float_learning,
    make_task,
)
from axonloop.host.console import Progress, steps
from axonloop.host.machine import machine
from axonloop.host.order import Metrics, Order
from axonloop.host.processing import one_thread
from axonloop.models.checks import require
from axonloop.models.protocol import Counter
from axonloop.sim.batched import BatchedChip

BAR = 1.25
"""Largest share of the float network's time."""
DENSE_BAR = 1.0
"""Least dense-equivalent synaptic operations per second of the largest batch, in 10^12."""
Clock = Callable[[], float]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Scale:
    """Sizes: copies and ticks of the batches and of the population, and the bytes of a copy."""

    batches: tuple[tuple[int, int], ...]
    population: tuple[int, int]
    copied: int
    extent: Extent


FULL = Scale(((128, 100), (1024, 100), (8192, 20)), (1000, 20), 1 << 28, ALL)
SMALL = Scale(((2, 4), (4, 4)), (3, 4), 1 << 20, FEW)


def measure(order: Order, progress: Progress) -> Metrics:
    """All figures; what they were measured on."""
    device, report = gpu_of(order.device or ""), steps(progress, "measuring")
    scale = FULL if order.full else SMALL
    with one_thread():
        figures, compared = conformance(device, scale.extent, report)
        figures += GpuBench(device, scale, report).figures()
    about = about_gpu(device)
    told = ", ".join(str(value) for value in about.values() if value)
    place = {"machine": f"{told}; {machine()}", "gpu": about}
    return {"rows": figures, "conformance": compared, **place}


def gpu_of(name: str) -> torch.device:
    """The torch device of `batched:cuda`, or of `batched:cpu`; ValueError where it is not there."""
    choice = "batched:cuda, or batched:cpu to try it"
    require(name in ("batched:cuda", "batched:cpu"), "device of bench gpu", choice, name)
    if name == "batched:cpu":
        return torch.device("cpu")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    require(found > 0, "GPUs", f"one or more ({why_none()})", found)
    return torch.device("cuda", torch.cuda.current_device())


def why_none() -> str:
    """Why torch finds no GPU, and what can be done."""
    built = torch.version.cuda or torch.version.hip
    if not built:
        return (
            f"torch {torch.__version__} is built for CPUs alone: install one for CUDA; "
            "--device batched:cpu tries the bench without"
        )
    return f"torch {torch.__version__} is for CUDA {built}, and the driver shows it none"


def about_gpu(device: torch.device) -> dict[str, Any]:
    """Name, memory and versions; of a CPU the version of torch alone."""
    if device.type == "cpu":
        return {"name": "no GPU", "memory": "", "torch": f"torch {torch.__version__}", "cuda": ""}
    found = torch.cuda.get_device_properties(device)
    built = f"CUDA {torch.version.cuda}" if torch.version.cuda else f"HIP {torch.version.hip}"
    return {
        "name": found.name,
        "memory": f"{found.total_memory / 1e9:.0f} GB",
        "torch": f"torch {torch.__version__}",
        "cuda": built,
    }


def clock_of(device: torch.device) -> Clock:
    """Seconds by the clock, when the device has done all that it was asked for."""

    def clock() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    return clock


def copy_speed(device: torch.device, size: int, clock: Clock, repeats: int = 20) -> float:
    """Bytes per second that a copy within the device's memory reads and writes: a median."""
    source = torch.ones(size, dtype=torch.uint8, device=device)
    target, taken = torch.empty_like(source), []
    for _ in range(RUNS + 1):
        start = clock()
        for _ in range(repeats):
            target.copy_(source)
        taken.append(clock() - start)
    return 2 * size * repeats / median(taken[1:])


class GpuBench:
    """What is timed on a device, beside what it takes at least."""

    def __init__(self, device: torch.device, scale: Scale, report: Report) -> None:
        self.device, self.scale, self.report = device, scale, report
        self.clock = clock_of(device)
        self.speed = copy_speed(device, scale.copied, self.clock)

    def figures(self) -> list[Figure]:
        """All of them."""
        found = [Figure("copy within the GPU's memory", self.speed / 1e9, "GB/s, both ways", "")]
        for copies, ticks in self.scale.batches:
            for work in (self.inference, self.learning):
                found += self.fitting(f"{work.__name__}, batch {copies}", work, copies, ticks)
        copies, ticks = self.scale.population
        return found + self.fitting(f"population of {copies}", self.population, copies, ticks)

    def fitting(
        self, title: str, work: Callable[[str, Workload], list[Figure]], copies: int, ticks: int
    ) -> list[Figure]:
        """The figures of some work, or one that says that it does not fit into the memory."""
        self.report(title)
        try:
            return work(title, make_task(copies, ticks).on(self.device))
        except (torch.OutOfMemoryError, ValueError) as error:
            if isinstance(error, ValueError) and "free bytes" not in str(error):
                raise
            return [Figure(f"{title}: left out", copies, "copies do not fit into the memory", "")]

    def inference(self, title: str, task: Workload) -> list[Figure]:
        """Inference beside plain float torch, its dense-equivalent operations, and its floor."""
        ours = ChipInference(task)
        sides = [Contender(OURS, ours.run), *float_inference(task)]
        timings = time_all(sides, 1, clock=self.clock)
        last = task.copies == self.scale.batches[-1][0]
        dense = synapses_of(task) * task.copies * task.ticks / timings[0].seconds
        bar = f"at least {DENSE_BAR:.0f}" if last else ""
        unit = "10^12 SynOps/s: weights x batch x ticks"
        return [
            *compare(title, BAR, timings),
            Figure(f"{title}: dense-equivalent", dense / 1e12, unit, bar),
            self.floor(title, ours),
        ]

    def learning(self, title: str, task: Workload) -> list[Figure]:
        """Learning at every tick beside plain float torch, and its floor."""
        ours = ChipLearning(task)
        sides = [Contender(OURS, ours.run, ours.prepare), *float_learning(task)]
        timings = time_all(sides, 1, clock=self.clock)
        return [*compare(title, BAR, timings, LOOP), self.floor(title, ours)]

    def population(self, title: str, task: Workload) -> list[Figure]:
        """Chips with weights of their own that learn at every tick."""
        ours = ChipLearning(task, shared=False)
        (timing,) = time_all([Contender(OURS, ours.run, ours.prepare)], 1, clock=self.clock)
        floor = self.floor(title, ours)
        memory = BatchedChip.memory(task.program.config, task.copies, shared=False) / 1e9
        rate = task.ticks * task.copies / timing.seconds
        weights = ours.chip.engine.weights
        apart = sum(not torch.equal(weights[0], own) for own in weights[1:])
        return [
            Figure(f"{title}: learning", 1e3 * timing.seconds, f"ms for {task.ticks} ticks", ""),
            Figure(f"{title}: ticks of a chip", rate, "per second", ""),
            Figure(f"{title}: other weights than the first", float(apart), "chips", ""),
            Figure(f"{title}: memory", memory, "GB of weights and state", ""),
            floor,
        ]

    def floor(self, title: str, ours: ChipInference) -> Figure:
        """What one run must move at least, at the speed at which the device copies.

        In every tick a byte for each weight, read, and every word of state, in and out; in
        learning a byte read and one written for each weight that is visited.
        """
        task, memories = ours.task, len(ours.chip.engine.weights)
        before = ours.chip.counters()
        if isinstance(ours, ChipLearning):
            ours.prepare()
        ticks = len(ours.run()[0])
        visits = int((ours.chip.counters() - before)[:memories, Counter.VISITS].sum())
        weights = memories * synapses_of(task) * ticks + 2 * visits
        moved = weights + state_bytes(task) * ticks * task.copies
        return Figure(f"{title}: floor", 1e3 * moved / self.speed, f"ms: {moved / 1e6:.1f} MB", "")


def synapses_of(task: Workload) -> int:
    """Weights of the network."""
    return sum(each.weights.size for each in task.program.plan.network.projections)
