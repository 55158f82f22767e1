"""The processing core on the chip: samples go in, and nothing has to come back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import StrEnum
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import ObjectiveSettings
from axonloop.host.devices import BoardDevice, Device, GoldenDevice, RtlDevice
from axonloop.host.network import Program
from axonloop.host.processing import Flags, IntegerCore, Layers, LossName
from axonloop.models.checks import require
from axonloop.models.golden.processing import ProcessingNode


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
        kind = (device or "").partition(":")[0]
        named = f"{', '.join(WITH_NODES[:-1])} or {WITH_NODES[-1]}:PORT"
        require(kind in WITH_NODES, f"device {there}", named, device)
        loss = objective.loss
        require(loss == LossName.INTEGER, f"objective.loss {there}", "integer", loss)
        require(objective.latency == 0, f"objective.latency {there}", "0", objective.latency)
        require(objective.activity == 0, f"objective.activity {there}", "0", objective.activity)


WITH_NODES = (GoldenDevice.name, RtlDevice.name, BoardDevice.name)
"""Devices that take nodes beside their chip; the compiled RTL one only, a board the one it has."""
AHEAD = 2
"""Samples that are under way to a board while the next one is made."""


class SampleLearner(Protocol):
    """A chip with nodes that tells its spikes: `NodeChip`, `NodeDevice`."""

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
        assert isinstance(device, GoldenDevice | RtlDevice)
        self._take_layers(program, layers)
        self._telemetry, self._every = device.telemetry, device.config.neurons
        self._chip: SampleLearner = device.with_nodes(self._nodes())

    def _take_layers(self, program: Program, layers: Layers) -> None:
        """The nodes that are the layers', and their neurons."""
        cores = [core for core in layers.readers.values() if isinstance(core, IntegerCore)]
        assert len(cores) == len(layers.layers)
        self._cores, self._layers = cores, layers
        self._neurons = [program.neurons[name] for name in layers.readers]
        for core, own, name in zip(cores, self._neurons, layers.readers, strict=True):
            heard = core.nodes[0].constants.neurons
            told = f"without pools, {heard} neurons, with the processor on the chip"
            require(heard == len(own), name, told, f"{len(own)} neurons")

    def _nodes(self) -> list[tuple[ProcessingNode, NDArray[np.int32]]]:
        pairs = zip(self._cores, self._neurons, strict=True)
        return [(core.nodes[0], own.astype(np.int32)) for core, own in pairs]

    @property
    def at_rest(self) -> bool:
        """Is nothing of a sample under way?"""
        return True

    def fetch(self) -> None:
        """Make the nodes of the host what those of the chip have become: they are."""

    def _sample(
        self, raster: Flags, targets: Sequence[Any]
    ) -> tuple[list[NDArray[np.int32]], list[Any]]:
        """The axons of each tick, and a target for each node."""
        own = [core.target_of(each) for core, each in zip(self._cores, targets, strict=True)]
        return [row[0].nonzero()[0].astype(np.int32) for row in raster], own

    def learn(self, raster: Flags, targets: Sequence[Any], ahead: bool) -> Flags | None:
        """Learn a sample, bool `(ticks, 1, axons)`, with a target for each layer.

        Returns the spikes that were reported, bool `(ticks, 1, neurons of the chip)`.
        """
        before = [core.nodes[0].events for core in self._cores]
        trains, own = self._sample(raster, targets)
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


class StreamingProcessor(ChipProcessor):
    """The node of a board, to which samples are sent ahead; spikes stay on the board.

    So the host waits for nothing but, behind the last of them, the counts of the samples.
    """

    def __init__(self, device: BoardDevice, program: Program, layers: Layers) -> None:
        self._take_layers(program, layers)
        self._board = device.with_nodes(self._nodes())
        self._under_way: deque[int] = deque()

    @property
    def at_rest(self) -> bool:
        """Is nothing of a sample under way?"""
        return not self._under_way

    def fetch(self) -> None:
        """Make the node of the host what that of the board has become."""
        self._settle(0)
        self._board.fetch()

    def learn(self, raster: Flags, targets: Sequence[Any], ahead: bool) -> None:
        """Send a sample; unless more may be sent `ahead`, wait for all that were sent."""
        self._board.send_sample(*self._sample(raster, targets))
        self._under_way.append(len(raster))
        self._settle(AHEAD if ahead else 0)

    def _settle(self, most: int) -> None:
        """Wait until at most so many samples are under way, and tell the layers of the others."""
        while len(self._under_way) > most:
            counts = self._board.take_sample()
            self._layers.ticks += self._under_way.popleft()
            self._layers.spikes[0] += counts.spikes
            self._layers.errors[0] += counts.events


def place_on_chip(device: Device, program: Program, layers: Layers) -> ChipProcessor:
    """The nodes of a chip in place of the objective `layers`."""
    if isinstance(device, BoardDevice):
        return StreamingProcessor(device, program, layers)
    return ChipProcessor(device, program, layers)
