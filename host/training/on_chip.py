"""The processing core on the chip: samples go in, and nothing has to come back."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import ObjectiveSettings
from axonloop.host.devices import Device, GoldenDevice, RtlDevice
from axonloop.host.network import Program
from axonloop.host.processing import Flags, IntegerCore, Layers, LossName
from axonloop.models.checks import require


class Processor(StrEnum):
    """Where losses and error events are computed."""

    HOST = "host"
    CHIP = "chip"


def require_processor(where: str, device: str | None, objective: ObjectiveSettings) -> None:
    """ValueError unless a device can compute the objective on the chip, if it is to be there."""
    kinds = [kind.value for kind in Processor]
    require(where in kinds, "processor", f"one of {', '.join(kinds)}", where)
    if where == Processor.CHIP:
        there = "with the processor on the chip"
        require(device in WITH_NODES, f"device {there}", " or ".join(WITH_NODES), device)
        loss = objective.loss
        require(loss == LossName.INTEGER, f"objective.loss {there}", "integer", loss)
        require(objective.latency == 0, f"objective.latency {there}", "0", objective.latency)
        require(objective.activity == 0, f"objective.activity {there}", "0", objective.activity)


WITH_NODES = (GoldenDevice.name, RtlDevice.name)
"""Devices that take nodes beside their chip; the compiled RTL one only."""


class SampleLearner(Protocol):
    """A chip with nodes: `NodeChip`, `NodeDevice`."""

    def learn_sample(
        self, trains: Sequence[NDArray[Any]], targets: Sequence[Any]
    ) -> Sequence[NDArray[Any]]:
        """Learn a sample; the neurons that were reported in each tick."""
        ...


class ChipProcessor:
    """The nodes of a chip, in place of the objective `layers`, whose nodes they are.

    So what layers count, keep and score is as with the host in the loop, to the bit.
    """

    def __init__(self, device: Device, program: Program, layers: Layers) -> None:
        cores = [core for core in layers.readers.values() if isinstance(core, IntegerCore)]
        assert isinstance(device, GoldenDevice | RtlDevice)
        assert len(cores) == len(layers.layers)
        self._cores, self._layers, self._telemetry = cores, layers, device.telemetry
        self._neurons = [program.neurons[name] for name in layers.readers]
        for core, own, name in zip(cores, self._neurons, layers.readers, strict=True):
            heard = core.nodes[0].constants.neurons
            told = f"without pools, {heard} neurons, with the processor on the chip"
            require(heard == len(own), name, told, f"{len(own)} neurons")
        self._every = device.config.neurons
        self._chip: SampleLearner = device.with_nodes(
            [(core.nodes[0], own) for core, own in zip(cores, self._neurons, strict=True)]
        )

    def learn(self, raster: Flags, targets: Sequence[Any]) -> Flags:
        """Learn a sample, bool `(ticks, 1, axons)`, with a target for each layer.

        Returns the spikes that were reported, bool `(ticks, 1, neurons of the chip)`.
        """
        before = [core.nodes[0].events for core in self._cores]
        own = [core.target_of(each) for core, each in zip(self._cores, targets, strict=True)]
        trains = [row[0].nonzero()[0].astype(np.int64) for row in raster]
        spikes = np.zeros((len(raster), 1, self._every), dtype=bool)
        start, counted = perf_counter(), self._telemetry.chip_seconds
        reported = self._chip.learn_sample(trains, own)
        self._telemetry.chip_seconds = counted + perf_counter() - start
        for tick, neurons in enumerate(reported):
            spikes[tick, 0, neurons] = True
        self._count(spikes, before)
        return spikes

    def _count(self, spikes: Flags, before: Sequence[int]) -> None:
        """Tell the layers what crossed between cores and nodes."""
        self._layers.ticks += len(spikes)
        for k, (core, neurons) in enumerate(zip(self._cores, self._neurons, strict=True)):
            self._layers.spikes[k] += int(np.count_nonzero(spikes[:, 0, neurons]))
            self._layers.errors[k] += (core.nodes[0].events - before[k]) % 2**32
