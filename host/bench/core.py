"""`axonloop bench core`: what a core costs in cycles, and how fast its devices run.

Cycles are the RTL's own counter. Speeds are medians of several runs, per CPU second of this
process. The peers' figures were measured on a two-core machine without accelerator, with their
own test benches; they are constants here, and only the ratios are computed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numpy.typing import NDArray

from axonloop.host.bench.figure import Figure
from axonloop.host.console import Progress, steps
from axonloop.host.devices import Device, GoldenDevice, RtlDevice
from axonloop.host.order import Metrics, Order
from axonloop.models.arrays import Int32Array
from axonloop.models.config import CoreConfig, Geometry, Group, ParameterSet, Row
from axonloop.models.protocol import Counter

RUNS = 5
ACTIVITY = 0.05
HOST_SAMPLES = 25
RECKON = {"cycles per SynOp": 1.00, "fixed cycles per tick": 516, "learning": 8704}
TINYODIN_SYNOPS_PER_S = 1.0e6


def measure(order: Order, progress: Progress) -> Metrics:
    """Measure a 256 x 256 core of 16 lanes."""
    report = steps(progress, "measuring")
    config = core_config(Geometry())
    rng = np.random.default_rng(0)
    size = (config.geometry.axons, config.geometry.neurons)
    weights = rng.integers(-20, 21, size, dtype=np.int32)
    trains = [_axons(rng.random(size[0]) < ACTIVITY) for _ in range(2000)]
    with RtlDevice(config) as rtl:
        rtl.load_weights(weights)
        report("cycles")
        figures = cycle_figures(rtl, rng)
        report("speed of the compiled RTL")
        figures.append(rtl_speed(rtl, trains))
    with GoldenDevice(config) as golden:
        golden.load_weights(weights)
        report("speed of the golden model")
        figures.append(golden_speed(golden, trains))
    report("host's share of a training run")
    figures.append(host_share())
    return {"rows": figures}


def core_config(geometry: Geometry) -> CoreConfig:
    """Silent neurons with an open box, and traces that never decay: learning visits every row."""
    parameters = ParameterSet(
        theta=geometry.state_max,
        box=(2 << geometry.state_bits) - 1,
        w_exp=0,
        alpha_p=4096,
        q_inc=geometry.trace_max,
        pq_shift=0,
        pq_on=1,
    )
    return CoreConfig(
        geometry=geometry,
        parameter_sets=(parameters,),
        rows=(Row(groups=geometry.groups, plastic=True),) * geometry.axons,
        groups=(Group(report=False),) * geometry.groups,
    )


def cycle_figures(device: Device, rng: np.random.Generator) -> list[Figure]:
    """Cycles of a tick and of the learning step, without those that bring the packets in."""
    geometry = device.config.geometry
    everyone = _axons(np.ones(geometry.axons, bool))
    idle, full = tick_cycles(device, everyone[:0]), tick_cycles(device, everyone)
    synops = geometry.axons * geometry.neurons
    per_synop = (full - idle) / synops
    fixed = idle - geometry.neurons / geometry.update_lanes
    neurons = rng.permutation(np.arange(geometry.neurons, dtype=np.int32))
    few = neurons[: round(ACTIVITY * geometry.neurons)]
    some, all_ = learn_cycles(device, few), learn_cycles(device, neurons)
    dense = synops / geometry.multipliers
    sweep = geometry.neurons / geometry.update_lanes
    busy = synops / geometry.lanes / (full - sweep)
    return [
        _against_reckon("cycles per SynOp", per_synop, "", "at most 0.07"),
        _against_reckon("fixed cycles per tick", fixed, "beyond the sweep", "at most 64"),
        Figure("lanes busy while integrating", busy, "", "at least 0.90"),
        _against_reckon("learning", some, f"cycles, {len(few)} in error", "at most 420"),
        Figure("learning, all in error", all_ / dense, "x weights / lanes", "at most 1.1"),
    ]


def _against_reckon(name: str, value: float, unit: str, bar: str) -> Figure:
    return Figure(name, value, unit, bar, "ReckOn", RECKON[name] / value)


def tick_cycles(device: Device, axons: Int32Array) -> float:
    """Cycles of one tick with spikes on `axons`, without the words that carry them."""
    return _cycles(device, lambda: device.tick(axons)) - len(axons)


EVENT_CYCLES = 2
"""What an ERROR packet takes."""


def learn_cycles(device: Device, neurons: Int32Array) -> float:
    """Cycles of a learning step with `neurons` in error, after a tick that fires every axon."""
    device.tick(_axons(np.ones(device.config.geometry.axons, bool)))
    values = np.ones(len(neurons), np.int32)

    def work() -> None:
        device.send_errors(neurons, values)
        device.learn()

    return _cycles(device, work) - EVENT_CYCLES * len(neurons)


def _axons(spikes: NDArray[np.bool_]) -> Int32Array:
    return np.flatnonzero(spikes).astype(np.int32)


def _cycles(device: Device, work: Callable[[], object]) -> float:
    """Cycles of `work`, without those that reading the counters costs."""
    start = device.counters()[Counter.CYCLES]
    overhead = device.counters()[Counter.CYCLES] - start
    start = device.counters()[Counter.CYCLES]
    work()
    return float(device.counters()[Counter.CYCLES] - start - overhead)


def rtl_speed(device: Device, trains: list[Int32Array]) -> Figure:
    """SynOps per CPU second at 5 % activity."""
    before = device.counters()[Counter.SYNOPS]
    seconds = _cpu_seconds(lambda: device.run(trains))
    synops = (device.counters()[Counter.SYNOPS] - before) / RUNS
    speed = synops / seconds
    ratio = speed / TINYODIN_SYNOPS_PER_S
    return Figure("RTL", speed / 1e6, "M SynOps per CPU s", "at least 5", "tinyODIN", ratio)


def golden_speed(device: Device, trains: list[Int32Array]) -> Figure:
    """Ticks per CPU second at 5 % activity, without learning."""
    seconds = _cpu_seconds(lambda: device.run(trains))
    return Figure("golden", len(trains) / seconds, "ticks per CPU s", "at least 5000")


def _cpu_seconds(work: Callable[[], object]) -> float:
    """Median CPU seconds of `work`, over RUNS runs."""
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return median(taken)


def host_share() -> Figure:
    """Microseconds per tick of a training run on `rtl` that are neither loss nor chip: a median."""
    from axonloop.host.configuration import RunSettings, Settings, TaskSettings
    from axonloop.host.data import split_digits
    from axonloop.host.training import chip_config, lone_trainer

    settings = Settings(task=TaskSettings(limit=HOST_SAMPLES), run=RunSettings(epochs=1))
    shares = []
    for _ in range(RUNS):
        with RtlDevice(chip_config(settings)) as device:
            trainer = lone_trainer(device, settings, split_digits())
            trainer.run()
        shares.append(trainer.times.host / (len(trainer.train) * settings.task.ticks))
    return Figure("host", 1e6 * median(shares), "us per tick", "at most 100")
