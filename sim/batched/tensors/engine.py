"""Batched chips in torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region, readable
from axonloop.sim.batched.engine import Engine
from axonloop.sim.batched.tensors.convolution import Kernels
from axonloop.sim.batched.tensors.counters import FLUSH, Counters
from axonloop.sim.batched.tensors.fanout import FanOut
from axonloop.sim.batched.tensors.learning import Learning
from axonloop.sim.batched.tensors.neurons import Neurons, ThresholdNoise
from axonloop.sim.batched.tensors.noise import halves
from axonloop.sim.batched.tensors.scheduler import Scheduler
from axonloop.sim.batched.tensors.synapses import Synapses
from axonloop.sim.batched.tensors.traces import Traces


class TensorEngine(Engine):
    """An engine on a CPU or a GPU, which sums in `arithmetic`.

    The parts are `synapses`, `neurons`, `traces`, `learning`, `fanout` and `scheduler`. The state
    of a region is the attribute `Region.key` of the part that computes it.
    """

    def __init__(
        self,
        chip: ChipConfig,
        copies: int,
        shared: bool,
        seeds: Sequence[int],
        device: torch.device,
        arithmetic: str,
    ) -> None:
        self._device = device
        self.synapses: Synapses | Kernels
        if chip.geometry.convolutions:
            self.synapses = Kernels(chip, copies, shared, device, arithmetic)
        else:
            self.synapses = Synapses(chip, 1 if shared else copies, device, arithmetic)
        self.neurons = Neurons(chip, copies, device)
        self.traces = Traces(chip, copies, device)
        self.learning = Learning(chip, copies, shared, device, arithmetic)
        self.fanout = FanOut(chip, device)
        self.scheduler = Scheduler(chip, copies, device)
        self._counters = Counters(chip, copies, device)
        self.weights, self.modulation = self.synapses.weights, self.learning.modulation
        self.state = self._state_of(chip)
        self._take_over(chip, seeds)

    def _state_of(self, chip: ChipConfig) -> dict[Region, Tensor]:
        parts = self.neurons, self.traces, self.learning, self.scheduler
        found: dict[Region, Tensor] = {
            region: getattr(part, region.key)
            for region in readable(chip.geometry)
            for part in parts
            if hasattr(part, region.key)
        }
        return found | {Region.PENDING: self.scheduler.pending.transpose(0, 1)}

    def _take_over(self, chip: ChipConfig, seeds: Sequence[int]) -> None:
        report = [group.report for core in chip.cores for group in core.groups]
        flags = torch.tensor(report, device=self._device)
        self._report = flags.repeat_interleave(chip.geometry.lanes)
        noisy = chip.geometry.threshold_noise
        self._threshold = ThresholdNoise(chip, self._device) if noisy else None
        self.reseed(seeds)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take over the seeds of the rounding hash, one per memory."""
        self._seeds = halves(list(seeds), self._device)

    def configure(self, chip: ChipConfig, seeds: Sequence[int]) -> None:
        """Take over all registers and tables, and the seeds; the state stays."""
        self._settle()
        for part in (self.synapses, self.neurons, self.traces, self.learning, self._counters):
            part.configure(chip)
        self.scheduler.configure(chip)
        self.fanout.configure(chip)
        self._take_over(chip, seeds)

    def count_writes(self) -> None:
        """Count the writes of every synapse from now on, from 0."""
        super().count_writes()
        self.learning.written = self.writes

    def load(self, weights: Tensor) -> None:
        """Replace all weights: `(memories, axons, neurons of a core)`."""
        self.synapses.load(weights)

    def run(self, tick: int, raster: Tensor, learn: bool) -> Tensor:
        """Run a tick for each part of `raster`."""
        shape = (*raster.shape[:2], len(self._report))
        reported = raster.new_empty(shape)
        for k, (spikes, out) in enumerate(zip(raster.unbind(0), reported.unbind(0), strict=True)):
            now = (tick + k) & 0xFFFFFFFF
            self._step(now, spikes)
            torch.logical_and(self.neurons.spike, self._report, out=out)
            if learn:
                self.learn(now)
        return reported

    def _step(self, tick: int, spikes: Tensor) -> None:
        """Run one tick of all copies, with the host's `spikes`, bool `(copies, axons)`."""
        arrived = self.scheduler.arrive(tick, spikes)
        sums = self.synapses.integrate(arrived, self._seeds, tick)
        noise = None if self._threshold is None else self._threshold.draw(self._seeds, tick)
        self.neurons.step(sums, noise)
        self.traces.step(arrived)
        self.fanout.emit(self.neurons.spike, self.scheduler, tick)
        self._counters.untold += 1
        if self._counters.untold == FLUSH:
            self._settle()

    def send_spikes(self, tick: int, counts: Tensor) -> None:
        """`counts` spikes, int `(copies, axons)`, that arrive with tick `tick`."""
        every = torch.arange(counts.shape[1], device=self._device)
        self.scheduler.deliver_counts(tick, every, counts)

    def send_errors(self, values: Tensor, ungated: bool, events: Tensor | None) -> bool:
        """Add error events to the sums of the neurons; False if they do not fit."""
        if not self.learning.add(values, ungated):
            return False
        self._counters.add_errors(values != 0 if events is None else events)
        return True

    def learn(self, tick: int) -> None:
        """Learn from the state after tick `tick` and the error sums, and zero these."""
        self.learning.apply(self.synapses, self.neurons, self.traces, self._seeds, tick)

    def changed(self) -> None:
        """Take notice that `state` was written: there may be pending spikes and error sums."""
        self.scheduler.changed()
        self.learning.waiting = True

    def _settle(self) -> None:
        """Move the parts' tallies into the counters."""
        parts = self.neurons, self.traces, self.learning, self.scheduler, self.fanout
        self._counters.settle(*parts)

    def counters(self) -> Tensor:
        """The counters themselves, with what the parts have tallied: int64, as `Engine` says."""
        self._settle()
        return self._counters.values
