"""`axonloop bench mesh`: what the mesh carries, and what it makes of several cores.

The first part drives the bare mesh with uniform random traffic. The second runs one recurrent
network on one core, on two of half the size and on four of a quarter: the same weights, the same
spikes tick by tick, and the RTL's own count of cycles, all of them: the host's packets in and the
reports out are not taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axonloop.host.bench.figure import FIGURES, Figure
from axonloop.host.console import Column, Progress, steps
from axonloop.host.devices import DeviceError, GoldenDevice, RtlDevice
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, legend, styled
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import Mesh, ParameterSet
from axonloop.models.protocol import Counter
from axonloop.sim.cosim import Packets, RtlMesh

LOADED = Mesh(4, 4)
LOADS = (0.05, *(k / 10 for k in range(1, 11)), 0.35, 0.45, 0.55, 0.65, 0.75)
BAR_LOAD = 0.35
WARM_UP, WINDOW = 1000, 5000
KEPT_UP = 0.99
"""Share of the offered load that must arrive within the window for the mesh to keep up."""
GAP = 100
"""Cycles between packets that travel alone: more than any way takes."""

MESHES = (Mesh(1, 1), Mesh(2, 1), Mesh(2, 2))
NEURONS, LANES = 1024, 16
CHANNELS, CHANNELS_PER_TICK = 16, 2
SETTLING, TICKS = 100, 400
PARAMETERS = ParameterSet(alpha_n=2048, beta_n=0, theta=1280, box=0, w_exp=3)
"""With the weights of `recurrent_network`: about 5 % of 1024 neurons spike in every tick."""


@dataclass(frozen=True)
class LoadPoint:
    """Packets per core and cycle `offered` and `accepted`; mean `latency` in cycles.

    Latency counts from the cycle in which a packet is made, so the queue of its source is in it.
    """

    offered: float
    accepted: float
    latency: float


@dataclass(frozen=True)
class ChipRun:
    """Ticks of a network on one mesh, at `cycles_per_tick`.

    `spikes` lists the neurons of every tick, ascending; `busy` is the share, 0..1, of the lanes'
    cycles in which they add weights.
    """

    program: Program
    cycles_per_tick: float
    busy: float
    spikes: list[Int32Array]

    @property
    def cores(self) -> int:
        """Number of cores."""
        return self.program.config.mesh.cores

    def __str__(self) -> str:
        return f"{self.cores} x {self.program.geometry.neurons} neurons"


TABLES = {
    "rows": FIGURES,
    "load": (
        Column("offered", show="{:.3f}".format),
        Column("accepted", show="{:.3f}".format),
        Column("latency in cycles", "latency", "{:.1f}".format),
    ),
}


def measure(order: Order, progress: Progress) -> Metrics:
    """All figures, and latency against load."""
    report = steps(progress, "measuring")
    report(f"the mesh {LOADED}")
    mesh = RtlMesh(LOADED)
    points = load_points(mesh, LOADS)
    figures = [*alone_figures(mesh), *load_figures(points)]
    network, runs = recurrent_network(NEURONS), []
    for size in MESHES:
        report(f"{NEURONS} neurons on a mesh {size}")
        runs.append(run_chip(network, size, SETTLING, TICKS, LANES))
    require_same_spikes(golden_spikes(network, SETTLING + TICKS, LANES), runs)
    return {"rows": figures + chip_figures(runs, SETTLING), "load": points}


def uniform_traffic(mesh: Mesh, load: float, cycles: int, seed: int) -> Packets:
    """In every cycle, every core makes a packet for any other one with probability `load`."""
    require(0 < load <= 1, "load", "above 0 and at most 1", load)
    require(mesh.cores > 1, "mesh", "of two cores or more", str(mesh))
    rng = np.random.default_rng(seed)
    made, sources = np.nonzero(rng.random((cycles, mesh.cores)) < load)
    targets = (sources + rng.integers(1, mesh.cores, len(sources))) % mesh.cores
    return Packets(made, sources, targets)


def load_points(
    mesh: RtlMesh,
    loads: Sequence[float],
    warm_up: int = WARM_UP,
    window: int = WINDOW,
    seed: int = 0,
) -> list[LoadPoint]:
    """Uniform traffic at every load, in ascending order.

    Offered and latency are of the packets made in the window, accepted counts those that arrive
    in it. Traffic goes on for another `warm_up` cycles behind the window, then the mesh empties.
    """
    points = []
    for load in sorted(loads):
        packets = uniform_traffic(mesh.mesh, load, window + 2 * warm_up, seed)
        arrived = mesh.arrivals(packets)
        made, came = (
            (cycles >= warm_up) & (cycles < warm_up + window)
            for cycles in (packets.cycles, arrived)
        )
        require(bool(made.any()), "window", "long enough for a packet", window)
        room = mesh.mesh.cores * window
        latency = float((arrived - packets.cycles)[made].mean())
        points.append(LoadPoint(int(made.sum()) / room, int(came.sum()) / room, latency))
    return points


def alone(mesh: RtlMesh) -> tuple[Int32Array, Int32Array]:
    """Hops and latency of a packet that travels alone, for every pair of different cores."""
    cores = range(mesh.mesh.cores)
    pairs = np.array([(a, b) for a in cores for b in cores if a != b])
    made = GAP * np.arange(len(pairs))
    hops = np.array([len(list(mesh.mesh.route(int(a), int(b)))) - 1 for a, b in pairs], np.int32)
    return hops, (mesh.arrivals(Packets(made, *pairs.T)) - made).astype(np.int32)


def alone_figures(mesh: RtlMesh) -> list[Figure]:
    """Latency without other traffic: what one hop more adds at most, and the longest way."""
    hops, latencies = alone(mesh)
    slowest = [int(latencies[hops == count].max()) for count in range(1, int(hops.max()) + 1)]
    longest = f"cycles, {hops.max()} hops"
    return [
        Figure("latency per hop, unloaded", float(np.diff(slowest).max()), "cycles", "at most 2"),
        Figure("latency of the longest way, unloaded", float(latencies.max()), longest, ""),
    ]


def load_figures(points: Sequence[LoadPoint]) -> list[Figure]:
    """Saturation, in both senses, and the latency at the load of the bar."""
    kept = [p.offered for p in points if p.accepted >= KEPT_UP * p.offered]
    near = min(points, key=lambda point: abs(point.offered - BAR_LOAD))
    unit, bar = "packets per core and cycle", f"at least {BAR_LOAD}"
    return [
        Figure("accepted at the highest load", points[-1].accepted, unit, bar),
        Figure("highest load that is all accepted", max(kept, default=0.0), unit, bar),
        Figure(f"latency at load {near.offered:.2f}", near.latency, "cycles", ""),
    ]


def recurrent_network(neurons: int, seed: int = 0) -> Network:
    """All neurons feed all; inhibition holds the activity, a few input channels drive it."""
    rng = np.random.default_rng(seed)
    recurrent = rng.integers(-18, 17, (neurons, neurons))
    drive = rng.integers(0, 64, (CHANNELS, neurons))
    return Network(
        (Source("drive", CHANNELS),),
        (Population("neurons", neurons, PARAMETERS, bias=False),),
        (
            Projection("drive", "neurons", drive, plastic=False),
            Projection("neurons", "neurons", recurrent, plastic=False),
        ),
    )


def host_spikes(program: Program, ticks: int, seed: int = 1) -> list[Int32Array]:
    """Axons of `CHANNELS_PER_TICK` random channels, for every tick; on every core they reach."""
    rng = np.random.default_rng(seed)
    drawn = (rng.permutation(CHANNELS)[:CHANNELS_PER_TICK] for _ in range(ticks))
    return [program.axons_of("drive", channels) for channels in drawn]


def run_chip(
    network: Network, mesh: Mesh, settling: int, ticks: int, lanes: int = LANES
) -> ChipRun:
    """Run the network on the smallest cores that hold it; `settling` ticks are not measured."""
    program = _compiled(network, mesh, lanes)
    trains = host_spikes(program, settling + ticks)
    with RtlDevice(program.config) as device:
        device.load_weights(program.weights)
        spikes = device.run(trains[:settling])
        before, start = device.counters(), device.counters()
        spikes += device.run(trains[settling:])
        end = device.counters()
    reading = start[Counter.CYCLES] - before[Counter.CYCLES]
    cycles = end[Counter.CYCLES] - start[Counter.CYCLES] - reading
    synops = end[Counter.SYNOPS] - start[Counter.SYNOPS]
    busy = synops / (lanes * mesh.cores * cycles)
    return ChipRun(program, cycles / ticks, busy, _neurons(program, spikes))


def golden_spikes(network: Network, ticks: int, lanes: int = LANES) -> list[Int32Array]:
    """The neurons that spike in every tick, ascending, in the golden model of one core."""
    program = _compiled(network, Mesh(), lanes)
    with GoldenDevice(program.config) as device:
        device.load_weights(program.weights)
        return _neurons(program, device.run(host_spikes(program, ticks)))


def _compiled(network: Network, mesh: Mesh, lanes: int) -> Program:
    return compile_network(network, smallest_geometry(network, mesh, lanes), mesh)


def _neurons(program: Program, spikes: list[Int32Array]) -> list[Int32Array]:
    return [np.sort(program.split(neurons)["neurons"]) for neurons in spikes]


def require_same_spikes(expected: Sequence[Int32Array], runs: Sequence[ChipRun]) -> None:
    """DeviceError unless every run spiked as expected, tick by tick."""
    for run in runs:
        for tick, (wanted, found) in enumerate(zip(expected, run.spikes, strict=True)):
            if not np.array_equal(wanted, found):
                differ = np.setxor1d(wanted, found).tolist()
                raise DeviceError(
                    f"spikes of tick {tick} on {run} must be those of the golden model, "
                    f"not others at neurons {differ}"
                )


def chip_figures(runs: Sequence[ChipRun], settling: int) -> list[Figure]:
    """Cycles per tick on every mesh, and how many times faster than on the first."""
    first = runs[0]
    size = first.program.plan.network.populations[0].size
    activity = 100 * float(np.mean([len(spikes) / size for spikes in first.spikes[settling:]]))
    figures = [Figure("activity, the same spikes on all", activity, "% of neurons per tick", "")]
    for run in runs:
        # All neurons feed all: a spike goes once to every core.
        unit = f"cycles, fan-out {run.cores}, lanes {100 * run.busy:.0f} % busy"
        figures.append(Figure(f"tick, {run}", run.cycles_per_tick, unit, ""))
    for run in runs[1:]:
        bar = "at least 3.7" if run.cores == 4 else ""
        faster = first.cycles_per_tick / run.cycles_per_tick
        figures.append(Figure(f"speed-up, {run.cores} cores", faster, "times one core", bar))
    return figures


@styled
def draw(metrics: Metrics) -> Picture:
    """Latency, and what is accepted, against the offered load."""
    points = metrics["load"]
    offered = [point["offered"] for point in points]
    picture = Picture(9, 4)
    left, right = picture.subplots(1, 2)
    left.semilogy(offered, [point["latency"] for point in points], "o-", color=BLUE)
    left.set(ylabel="mean latency (cycles)", title="Latency, waiting at the source included")
    right.plot([0, 1], [0, 1], ":", color=GREY, label="all that is offered")
    right.plot(offered, [point["accepted"] for point in points], "o-", color=BLUE, label="accepted")
    right.set(ylabel="accepted (packets per core and cycle)", title="Throughput", ylim=(0, 1.02))
    for axes in (left, right):
        axes.axvline(BAR_LOAD, color=ORANGE, linestyle="--", label=f"bar: {BAR_LOAD}")
        axes.set(xlabel="offered (packets per core and cycle)", xlim=(0, 1.02))
        legend(axes, below=True, ncols=3)
    return picture
