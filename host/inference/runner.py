"""Samples on a device without learning: spikes, answers, and the hash of all that was heard."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.devices import Device, SpikeChain, open_device
from axonloop.host.inference.model import OpenModel
from axonloop.host.recorder import StateRecord, StateRecorder, arrivals
from axonloop.models.checks import require


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """What a model did on a device with `samples` samples, `ticks` ticks in all.

    `spikes` of every population that reports them; `score`: the mean over samples by the
    `measure`, as accuracy in 0..1, None without targets; `spike_hash` as of a run
    (docs/contract.md, section 10): the same on every device. `record`: all state of all samples,
    one after the other, if that was asked for.
    """

    device: str
    samples: int
    ticks: int
    spikes: dict[str, int]
    rates: dict[str, float]
    measure: str
    score: float | None
    spike_hash: str
    seconds: float
    record: StateRecord | None = None

    @property
    def ticks_per_second(self) -> float:
        """The speed of the device, the host's part included."""
        return self.ticks / self.seconds

    def to_dict(self) -> dict[str, Any]:
        """All but the record, for JSON."""
        names = ("device", "samples", "ticks", "spikes", "rates", "spike_hash", "seconds")
        found = {name: getattr(self, name) for name in names}
        scored = {} if self.score is None else {self.measure: self.score}
        return found | scored | {"ticks_per_second": self.ticks_per_second}


def run_model(
    model: OpenModel,
    device: str,
    progress: Progress,
    samples: int | None = None,
    record: bool = False,
) -> RunOutcome:
    """Show the first samples (None: all), each to a cleared chip; nothing is learned.

    Raises ValueError where there is no sample.
    """
    count = len(model.samples) if samples is None else min(samples, len(model.samples))
    require(count > 0, "samples", "at least 1", count)
    with open_device(device, model.program.config) as chip:
        model.load(chip)
        own: Device = StateRecorder(chip, model.program) if record else chip
        return _shown(model, own, count, progress)


def _shown(model: OpenModel, device: Device, count: int, progress: Progress) -> RunOutcome:
    program, chain, scores, ticks = model.program, SpikeChain(), [], 0
    totals, seconds = np.zeros(program.config.neurons, np.int64), 0.0
    for place in range(count):
        inputs = model.inputs(place)
        rasters = model.rasters(inputs)
        length = len(next(iter(rasters.values()))) + model.more
        trains = arrivals(program, rasters, length)
        start = perf_counter()
        model.begin(device)
        heard = device.run(trains)
        seconds += perf_counter() - start
        spikes = np.zeros((length, program.config.neurons), np.bool_)
        for own, reported in zip(spikes, heard, strict=True):
            own[reported] = True
        chain.add(spikes)
        totals += spikes.sum(axis=0)
        ticks += length
        if model.score is not None:
            scores.append(model.score(spikes, model.samples.target(place), inputs))
        progress("run", place + 1, count)
    reports = [each for each in program.plan.network.populations if each.report]
    found = {each.name: int(totals[program.neurons[each.name]].sum()) for each in reports}
    return RunOutcome(
        device.name,
        count,
        ticks,
        found,
        {each.name: found[each.name] / (ticks * each.size) for each in reports},
        model.measure,
        float(np.mean(scores)) if scores else None,
        chain.hexdigest(),
        seconds,
        device.record if isinstance(device, StateRecorder) else None,
    )
