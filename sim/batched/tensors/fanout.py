"""The fan-out tables of a chip: spikes of neurons to pending bits, for all copies at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig, Port
from axonloop.models.golden import FanOut as Entries
from axonloop.sim.batched.tensors.scheduler import Scheduler

MANY_RUNS = 8
"""Up to so many runs of neighbouring neurons on neighbouring axons are copied run by run."""


@dataclass(frozen=True)
class EntryRange:
    """Neurons `neuron..neuron + count - 1` reach the axons from `axon` on, `delay` ticks late."""

    delay: int
    neuron: int
    axon: int
    count: int


@dataclass(frozen=True)
class Route:
    """Entries of one delay: neuron `neuron[k]` reaches axon `axon[target[k]]`; axons differ."""

    delay: int
    neuron: Tensor
    axon: Tensor
    target: Tensor


class FanOut:
    """The entries of all cores, as `runs` or, if these would be many, as `routes`."""

    def __init__(self, chip: ChipConfig, device: torch.device) -> None:
        self._device, self._mesh = device, chip.mesh
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the tables."""
        entries = Entries(chip)
        columns = entries.delay, entries.axon - entries.neuron, entries.neuron
        order = sorted(zip(*(column.tolist() for column in columns), strict=True))
        self.runs = _runs(order)
        self.routes: list[Route] = []
        if len(self.runs) > MANY_RUNS:
            self.runs, self.routes = [], self._routes(order)
        self._neurons = torch.as_tensor(entries.neuron, device=self._device)
        self._set_ports(entries)

    def _routes(self, order: list[tuple[int, int, int]]) -> list[Route]:
        routes = []
        for delay, group in groupby(order, key=lambda entry: entry[0]):
            table = torch.tensor([entry[1:] for entry in group], device=self._device)
            axon, target = torch.unique(table.sum(1), return_inverse=True)
            routes.append(Route(delay, table[:, 1].contiguous(), axon, target))
        return routes

    def _set_ports(self, entries: Entries) -> None:
        """Take over the router ports that each entry's spike passes: pairs of entry and port."""
        cores, steps = self._mesh.cores, []
        if cores > 1:
            pairs = zip(entries.source.tolist(), entries.target.tolist(), strict=True)
            steps = [
                (entry, router * len(Port) + port)
                for entry, (source, target) in enumerate(pairs)
                for router, port in self._mesh.route(source, target)
            ]
        self._steps = torch.tensor(steps, dtype=torch.int64, device=self._device).view(-1, 2).t()

    def passed(self, spikes: Tensor) -> Tensor:
        """Spikes that routers passed on, from those of neurons: int64 `(copies, cores, ports)`."""
        cores = self._mesh.cores
        ports = spikes.new_zeros((len(spikes), cores * len(Port)), dtype=torch.int64)
        sent = spikes[:, self._neurons[self._steps[0]]].to(torch.int64)
        return ports.index_add_(1, self._steps[1], sent).view(len(spikes), cores, len(Port))

    def emit(self, spike: Tensor, scheduler: Scheduler, tick: int) -> None:
        """Send on the neurons' spikes of `tick`, bool `(copies, neurons)`."""
        for run in self.runs:
            sent = spike[:, run.neuron : run.neuron + run.count]
            axons = slice(run.axon, run.axon + run.count)
            scheduler.deliver(tick + 1 + run.delay, axons, sent)
        for route in self.routes:
            counts = spike.new_zeros((len(spike), len(route.axon)), dtype=torch.int32)
            sent = spike.index_select(1, route.neuron).to(torch.int32)
            counts.index_add_(1, route.target, sent)
            scheduler.deliver_counts(tick + 1 + route.delay, route.axon, counts)


def _runs(order: list[tuple[int, int, int]]) -> list[EntryRange]:
    """Entries (delay, axon - neuron, neuron), sorted, as runs."""
    runs: list[EntryRange] = []
    for delay, offset, neuron in order:
        last = runs[-1] if runs else None
        same = last is not None and (last.delay, last.axon - last.neuron) == (delay, offset)
        if last is not None and same and neuron == last.neuron + last.count:
            runs[-1] = EntryRange(delay, last.neuron, last.axon, last.count + 1)
        else:
            runs.append(EntryRange(delay, neuron, neuron + offset, 1))
    return runs
