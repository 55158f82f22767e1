"""`axonloop verify`: devices in lockstep over several geometries and random configurations."""

from __future__ import annotations

import hashlib
import time
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np

from axonloop.host.devices import (
    Device,
    WaveWindow,
    WindowDevice,
    check_device_name,
    open_device,
)
from axonloop.host.verification.lockstep import DivergenceError, Lockstep, Report, TickProgress
from axonloop.models.checks import require, require_range
from axonloop.models.config import ONE_CORE, ChipConfig, CoreConfig, Geometry, Mesh
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES, QUICK, random_chip

RUNS_PER_GEOMETRY = 4
RTL = "rtl"
Open = Callable[[str, ChipConfig], Device]


class VerificationError(RuntimeError):
    """A verification found a difference: `divergence`, in geometry `geometry`, run `run`."""

    def __init__(self, geometry: str, run: int, divergence: DivergenceError) -> None:
        self.geometry, self.run, self.divergence = geometry, run, divergence
        super().__init__(f"{divergence} (geometry {geometry!r}, run {run})")


@dataclass(frozen=True)
class VerifyReport:
    """A verification without differences.

    Hashes, by device name, are SHA-256 over the hashes of the runs; `counters` are sums over
    the runs by name (exchanges of snapshots keep them going within a run).
    """

    devices: tuple[str, ...]
    ticks: int
    runs: int
    geometries: tuple[str, ...]
    trace_hashes: dict[str, str]
    weight_hashes: dict[str, str]
    counters: dict[str, int]
    seconds: float


def lockstep(
    devices: Sequence[Device],
    config: ChipConfig | CoreConfig,
    ticks: int,
    seed: int,
    learning: bool = True,
    progress: TickProgress | None = None,
) -> Report:
    """Run open `devices` that hold `config` for `ticks` ticks of random traffic.

    After every tick all state words, pending spikes, error sums and reported spikes are compared,
    after learning the weights (of cores with more than 1024, every 16 ticks), and every 16 ticks
    the counters. Raises DivergenceError at the first difference.
    """
    return Lockstep(devices, config, seed, learning).run(ticks, progress)


def geometries_by_name() -> dict[str, Geometry]:
    """All geometries that can be verified."""
    return GEOMETRIES | CONVOLUTIONS


def verify(
    devices: Sequence[str],
    ticks: int = 100_000,
    seed: int = 0,
    geometries: Sequence[str] = QUICK,
    progress: TickProgress | None = None,
    open_named: Open = open_device,
    mesh: Mesh = ONE_CORE,
    window: WaveWindow | None = None,
) -> VerifyReport:
    """Spread `ticks` over `geometries` (names of `geometries_by_name`) and seeds.

    Chips are meshes of cores that send each other spikes.

    `progress(n)` hears of every n ticks done. The waveform of "rtl" is written in a `window` of the
    ticks of all runs, which must lie in one of them. Raises ValueError for unknown names and
    numbers out of range, VerificationError at the first difference.
    """
    for name in devices:
        check_device_name(name)
    require(len(set(devices)) == len(devices) > 1, "devices", "two or more, distinct", devices)
    require_range("ticks", ticks, 1, 10**12)
    require_range("seed", seed, 0, 2**63 - 1)
    known = geometries_by_name()
    for name in geometries:
        require(name in known, "geometry", f"one of {', '.join(known)}", name)
    started = time.perf_counter()
    plan = _plan(ticks, geometries)
    openers = _openers(open_named, [count for _, count in plan], devices, window)
    reports = [
        _run(devices, geometry, mesh, run, count, seed, progress, openers[run])
        for run, (geometry, count) in enumerate(plan)
    ]
    seconds = time.perf_counter() - started
    return _summary(tuple(devices), tuple(geometries), reports, seconds)


def _plan(ticks: int, geometries: Sequence[str]) -> list[tuple[str, int]]:
    """Geometry and ticks of every run; together exactly `ticks`."""
    runs = RUNS_PER_GEOMETRY * len(geometries)
    counts = [ticks // runs + (run < ticks % runs) for run in range(runs)]
    return [(geometries[k % len(geometries)], n) for k, n in enumerate(counts) if n]


def _openers(
    open_named: Open, counts: Sequence[int], devices: Sequence[str], window: WaveWindow | None
) -> list[Open]:
    """For every run what opens its devices: in one of them "rtl" with a window of its ticks."""
    openers = [open_named] * len(counts)
    if window is None:
        return openers
    require(RTL in devices, "devices with a waveform", f"{RTL} among them", list(devices))
    window.require_within(sum(counts), "all runs")
    starts = [sum(counts[:run]) for run in range(len(counts))]
    run = max(run for run, start in enumerate(starts) if start <= window.start)
    begin, end = starts[run], starts[run] + counts[run]
    inside = f"A:B in one run, as {begin}:{end}"
    require(window.end <= end, "ticks", inside, window.text)
    own = replace(window, start=window.start - begin, end=window.end - begin)
    openers[run] = lambda name, chip: (
        WindowDevice(chip, own) if name == RTL else open_named(name, chip)
    )
    return openers


def _run(
    devices: Sequence[str],
    geometry: str,
    mesh: Mesh,
    run: int,
    ticks: int,
    seed: int,
    progress: TickProgress | None,
    open_named: Open,
) -> Report:
    rng = np.random.default_rng((seed, run))
    config = random_chip(rng, geometries_by_name()[geometry], mesh)
    with ExitStack() as stack:
        opened = [stack.enter_context(open_named(name, config)) for name in devices]
        for name, device in zip(devices, opened, strict=True):
            device.name = name  # as asked for: batched:cpu is known as batched elsewhere
        try:
            return lockstep(opened, config, ticks, int(rng.integers(2**63)), progress=progress)
        except DivergenceError as divergence:
            raise VerificationError(geometry, run, divergence) from divergence


def _summary(
    devices: tuple[str, ...], geometries: tuple[str, ...], reports: list[Report], seconds: float
) -> VerifyReport:
    counters: Tally[str] = Tally()
    for report in reports:
        counters.update({counter.name.lower(): n for counter, n in report.counters.items()})
    return VerifyReport(
        devices=devices,
        ticks=sum(report.ticks for report in reports),
        runs=len(reports),
        geometries=geometries,
        trace_hashes={d: _joined([r.trace_hashes[d] for r in reports]) for d in devices},
        weight_hashes={d: _joined([r.weight_hashes[d] for r in reports]) for d in devices},
        counters=dict(counters),
        seconds=seconds,
    )


def _joined(hashes: list[str]) -> str:
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
