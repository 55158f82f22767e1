"""The counters of all copies (docs/contract.md, section 8)."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import COUNTER_BITS, PORT_COUNTERS, Counter
from axonloop.sim.batched.tensors.convolution import reached_neurons
from axonloop.sim.batched.tensors.fanout import MANY_RUNS, FanOut
from axonloop.sim.batched.tensors.learning import Learning
from axonloop.sim.batched.tensors.neurons import Neurons
from axonloop.sim.batched.tensors.scheduler import Scheduler
from axonloop.sim.batched.tensors.traces import Traces

FLUSH = 255 // (MANY_RUNS + 1)
"""Ticks after which tallies become counters, so that 8 bits hold them."""


class Counters:
    """`values`: int64 `(copies, cores, counters)`, without what the parts have tallied since.

    `untold` counts the ticks since tallies were moved.
    """

    def __init__(self, chip: ChipConfig, copies: int, device: torch.device) -> None:
        self._device, shape = device, (copies, chip.mesh.cores, len(Counter))
        self.values = torch.zeros(shape, dtype=torch.int64, device=device)
        self.untold = 0
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the groups that the rows visit, or what convolutions reach."""
        if chip.geometry.convolutions:
            self._row_synops = torch.tensor(reached_neurons(chip), device=self._device)
            return
        synops = [row.groups * chip.geometry.lanes for core in chip.cores for row in core.rows]
        self._row_synops = torch.tensor(synops, device=self._device)

    def add_errors(self, events: Tensor) -> None:
        """Error events, int `(copies, neurons)`."""
        self.values[:, :, Counter.ERRORS] += self._by_core(events)

    def _by_core(self, values: Tensor) -> Tensor:
        """Sums over the cores' own neurons or axons: int64 `(copies, cores)`."""
        copies, cores, _ = self.values.shape
        return values.view(copies, cores, -1).sum(2, dtype=torch.int64)

    def settle(
        self,
        neurons: Neurons,
        traces: Traces,
        learning: Learning,
        scheduler: Scheduler,
        fanout: FanOut,
    ) -> None:
        """Move the tallies of the parts into the counters."""
        found: dict[Counter, Tensor | int] = {
            Counter.TICKS: self.untold,
            Counter.SPIKES: self._by_core(neurons.spikes),
            Counter.EVENTS: self._by_core(scheduler.events),
            Counter.SYNOPS: self._by_core(scheduler.events * self._row_synops),
            Counter.VISITS: learning.visits,
            Counter.UPDATES: learning.updates,
            Counter.SATURATIONS: self._by_core(neurons.clips) + self._by_core(traces.clips),
            Counter.WRITES: learning.writes,
            Counter.COLLISIONS: self._by_core(scheduler.met) + scheduler.collided,
        }
        for counter, value in found.items():
            self.values[:, :, counter] += value
        self.values[:, :, PORT_COUNTERS] += fanout.passed(neurons.spikes)
        self.values &= (1 << COUNTER_BITS) - 1
        tallies = neurons.spikes, neurons.clips, traces.clips, scheduler.events, scheduler.met
        learned = learning.visits, learning.updates, learning.writes
        for tally in (*tallies, scheduler.collided, *learned):
            tally.zero_()
        self.untold = 0
