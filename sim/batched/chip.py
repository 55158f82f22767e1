"""Many chips of one configuration at once (docs/contract.md; docs/batched.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import (
    MODEL_COUNTERS,
    Counter,
    Region,
    readable,
    state_limits,
    writable,
)
from axonloop.sim.batched import checks
from axonloop.sim.batched.counters import FLUSH, Counters
from axonloop.sim.batched.engine import resolve
from axonloop.sim.batched.kernels import Kernels
from axonloop.sim.batched.memory import fitting_copies, free_memory, memory_bytes, too_large
from axonloop.sim.batched.snapshot import check_snapshot
from axonloop.sim.batched.tensors import (
    Arithmetic,
    FanOut,
    Learning,
    Neurons,
    Scheduler,
    Synapses,
    Traces,
)


class BatchedChip:
    """`copies` chips of one configuration, in step: one tick is a tick of all.

    With `shared` they have one weight memory and one seed: samples of a batch, which may learn
    together. Else each has its own weights and the seed `seeds[copy]`: a population, in which
    every copy is bit for bit a chip of its own. `device` is "cpu" or "cuda"; `arithmetic` is how
    sums over axons are made: "auto" takes float32 or float64, whichever is exact.

    Axons and neurons are numbered through the chip, core by core, as on any device. Arguments
    may be tensors or NumPy arrays; whatever is refused is a ValueError and changes nothing.

    Members
    -------
    config, copies, shared, device : as built
    time : the tick register of all copies
    seeds : a list of int, one per weight memory
    learned : whether the learning step of this tick is spent
    """

    def __init__(
        self,
        config: ChipConfig | CoreConfig,
        copies: int,
        shared: bool,
        device: str = "cpu",
        seeds: Sequence[int] | None = None,
        arithmetic: str = Arithmetic.AUTO,
    ) -> None:
        require_range("copies", copies, 1, 1 << 31)
        chip = ChipConfig.of(config)
        self.copies, self.shared, self.device = copies, shared, checks.check_device(device)
        self._own = None if shared else copies
        self._memories = self._own or 1
        self.seeds = checks.check_seeds(chip, self._memories, seeds)
        arithmetic = resolve(arithmetic, self.device, copies)
        free = free_memory(self.device)
        refusal = too_large(chip, copies, shared, free, arithmetic)
        if copies > fitting_copies(chip, shared, free, arithmetic):
            raise ValueError(refusal)
        try:
            self._allocate(chip, arithmetic)
        except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "memory" not in str(error):
                raise
            raise ValueError(refusal) from error

    def _allocate(self, chip: ChipConfig, arithmetic: str) -> None:
        geometry, copies, device = chip.geometry, self.copies, self.device
        self.geometry, self.time, self.learned = geometry, 0, True
        self.synapses = Synapses(chip, self._memories, device, arithmetic)
        self.neurons = Neurons(chip, copies, device)
        self.traces = Traces(chip, copies, device)
        self.learning = Learning(chip, copies, self.shared, device, arithmetic)
        self.fanout = FanOut(chip, device)
        self.scheduler = Scheduler(chip, copies, device)
        self._counters = Counters(chip, copies, device)
        self._take_over(chip)
        compiled = arithmetic == Arithmetic.COMPILED
        self._kernels = self._compiled() if compiled else None

    def _compiled(self) -> Kernels:
        """The compiled code on this chip's own tensors."""
        tensors = {region.name.lower(): values for region, values in self._state().items()}
        tensors |= {"weights": self.synapses.weights, "counters": self._counters.values}
        tensors["pending"] = self.scheduler.pending
        tensors["modulation"] = self.learning.modulation
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return Kernels(self.config, arrays, self.shared, self.seeds)

    def _take_over(self, chip: ChipConfig) -> None:
        self.config = chip
        report = [group.report for core in chip.cores for group in core.groups]
        flags = torch.tensor(report, device=self.device)
        self._report = flags.repeat_interleave(chip.geometry.lanes)

    @staticmethod
    def memory(config: ChipConfig | CoreConfig, copies: int, shared: bool) -> int:
        """Bytes of the weights and state of `copies` chips; registers and tables come on top.

        Counts the addends of torch also where compiled code does without (docs/batched.md).
        """
        weights, state = memory_bytes(ChipConfig.of(config), copies, shared)
        return weights + copies * state

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """Write all registers and tables, the configuration's seed into every copy included.

        Weights and state stay. Geometry, mesh and core numbers must be those built in.
        """
        chip = ChipConfig.of(config)
        for name in ("geometry", "mesh", "first"):
            own, given = getattr(self.config, name), getattr(chip, name)
            require(given == own, name, f"the chip's own ({own})", given)
        self._settle()
        for part in (self.synapses, self.neurons, self.traces, self.learning, self._counters):
            part.configure(chip)
        self.scheduler.configure(chip)
        self.fanout.configure(chip)
        self.seeds = [chip.seed] * self._memories
        self._take_over(chip)
        if self._kernels:
            self._kernels.reseed(self.seeds)
            self._kernels.configure(chip)

    def load_weights(self, weights: Any) -> None:
        """Write all weights: int `(axons, neurons of a core)`, for all copies the same.

        A population also takes `(copies, axons, neurons of a core)`. Refuses weights out of
        range, and a synapse outside of its row's groups.
        """
        self._load(self._checked_weights(weights))

    def _load(self, weights: Tensor) -> None:
        self.synapses.load(weights)
        if self._kernels:
            self._kernels.survey()

    def _checked_weights(self, weights: Any) -> Tensor:
        return checks.check_weights(self.config, weights, self._own, self.device)

    def read_weights(self) -> Tensor:
        """All weights, int32, a copy: `(axons, neurons of a core)`, if not shared copies first."""
        weights = self.synapses.weights.to(torch.int32)
        return weights[0] if self.shared else weights

    def tick(self, spikes: Any) -> Tensor:
        """Run one tick with `spikes`, bool `(copies, axons)`; the reported spikes of the neurons.

        They are bool `(copies, neurons)`.
        """
        shape = (self.copies, self.config.axons)
        return self._tick(checks.check_flags("spikes", spikes, shape, self.device))

    def run(self, raster: Any, learn: bool = False) -> Tensor:
        """Run a tick for each part of `raster`, bool `(ticks, copies, axons)`.

        With `learn`, learning follows every tick. Returns the reported spikes, bool
        `(ticks, copies, neurons)`.
        """
        flags = raster if isinstance(raster, Tensor) else torch.as_tensor(raster)
        shape = (len(flags) if flags.ndim else 0, self.copies, self.config.axons)
        checked = checks.check_flags("raster", flags, shape, self.device)
        if self._kernels:
            return self._run_compiled(self._kernels, checked, len(checked), learn)
        reported = checked.new_empty((*shape[:2], self.config.neurons))
        for spikes, out in zip(checked.unbind(0), reported.unbind(0), strict=True):
            out.copy_(self._tick(spikes))
            if learn:
                self.learn()
        return reported

    def _run_compiled(
        self, kernels: Kernels, raster: Tensor, ticks: int, learn: bool = False
    ) -> Tensor:
        """Ticks with `raster`, `(ticks, copies, axons)` or, for one tick, `(copies, axons)`."""
        given = raster.contiguous()
        reported = torch.empty((*raster.shape[:-1], self.config.neurons), dtype=torch.bool)
        kernels.run_at(self.time, ticks, learn, given.data_ptr(), reported.data_ptr())
        if ticks:
            self.time, self.learned = (self.time + ticks) & 0xFFFFFFFF, learn
            self.learning.waiting &= not learn
        return reported

    def _tick(self, spikes: Tensor) -> Tensor:
        if self._kernels:
            return self._run_compiled(self._kernels, spikes, 1)
        time = self.time
        arrived = self.scheduler.arrive(time, spikes)
        self.neurons.step(self.synapses.integrate(arrived, self.seeds, time))
        self.traces.step(arrived)
        self.fanout.emit(self.neurons.spike, self.scheduler, time)
        self.time, self.learned = (time + 1) & 0xFFFFFFFF, False
        self._counters.untold += 1
        if self._counters.untold == FLUSH:
            self._settle()
        return self.neurons.spike & self._report

    def send_spikes(self, spikes: Any, delay: int = 0) -> None:
        """Spikes that arrive with the tick after `delay` (0..delay_slots - 2) further ones.

        `spikes` `(copies, axons)`: bool, or how many (more than one are collisions).
        """
        require_range("delay", delay, 0, self.geometry.max_delay)
        shape, found = (self.copies, self.config.axons), torch.as_tensor(spikes)
        if found.dtype is torch.bool:
            found = found.to(torch.int32)
        limits = (0, (1 << 31) - 1)
        counts = checks.check_whole("spikes", found, shape, limits, self.device)
        every = torch.arange(self.config.axons, device=self.device)
        self.scheduler.deliver_counts(self.time + delay, every, counts)

    def send_errors(self, values: Any, ungated: bool = False, events: Any = None) -> None:
        """Error events: whole numbers `(copies, neurons)`, the sum of the events of each neuron.

        `events` is how many there were, of the same shape: by default one where the value is not
        0. Refuses what would leave the range of the registers (error_bits + 8 bits).
        """
        if events is None and self._send_compiled(values, ungated):
            return
        shape, bits = (self.copies, self.config.neurons), self.geometry.error_sum_bits
        low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        limits = (2 * low, 2 * high)
        found = checks.check_whole("values of error events", values, shape, limits, self.device)
        if events is None:
            counts = found != 0
        else:
            most = (0, (1 << 31) - 1)
            counts = checks.check_whole("events", events, shape, most, self.device)
        sums = self.learning.ungated if ungated else self.learning.gated
        after = checks.check_whole("sums of errors", sums + found, shape, (low, high), self.device)
        sums.copy_(after)
        self.learning.waiting = True
        self._counters.add_errors(counts)

    def _send_compiled(self, values: Any, ungated: bool) -> bool:
        """Send errors by the short way; False if there is none or they are to be refused."""
        shape = (self.copies, self.config.neurons)
        plain = isinstance(values, Tensor) and values.dtype is torch.int32 and values.shape == shape
        if not self._kernels or not plain or not values.is_cpu:
            return False
        sent = values.contiguous()  # kept while its address is in use
        if not self._kernels.send_errors_at(sent.data_ptr(), ungated):
            return False
        self.learning.waiting = True
        return True

    def modulate(self, values: Any) -> None:
        """Write M, the third factor of terms: whole numbers `(copies,)` in +-error_max.

        One for each copy, for all its cores; it stays until it is written again or the chip is
        cleared. Builds without terms refuse it.
        """
        self.learning.modulation.copy_(checks.check_modulation(self.geometry, values, self.copies))

    def modulation(self) -> Tensor:
        """M of every copy, int32 `(copies,)`, a copy."""
        return self.learning.modulation.clone()

    def learn(self) -> None:
        """Learn from the state and the errors sent, and forget these.

        ValueError if no tick ran since the last time.
        """
        require(not self.learned, "learn", "asked for at most once after each tick", "once more")
        tick = (self.time - 1) & 0xFFFFFFFF
        if not self._kernels:
            self.learning.apply(self.synapses, self.neurons, self.traces, self.seeds, tick)
        elif self.learning.waiting or not self.learning.idle:
            self._kernels.learn(tick)
            self.learning.waiting = False
        self.learned = True

    def clear(self) -> None:
        """Zero all state but weights, tick, seeds, `learned` and counters."""
        for part in (self.neurons, self.traces, self.learning, self.scheduler):
            part.clear()

    def _state(self) -> dict[Region, Tensor]:
        """The tensors of all regions, as they stand."""
        neurons, traces, learning = self.neurons, self.traces, self.learning
        more = {
            Region.TRACE_Z: neurons.z,
            Region.TRACE_QQ: traces.qq,
            Region.MARK: traces.mark,
        }
        return (more if self.geometry.terms else {}) | {
            Region.CURRENT: neurons.current,
            Region.MEMBRANE: neurons.membrane,
            Region.RESET: neurons.reset,
            Region.COUNTDOWN: neurons.countdown,
            Region.BOX: neurons.box,
            Region.SPIKE: neurons.spike,
            Region.TRACE_Q: traces.q,
            Region.TRACE_P: traces.p,
            Region.TRACE_PQ: traces.pq,
            Region.PENDING: self.scheduler.pending.transpose(0, 1),
            Region.GATED: learning.gated,
            Region.UNGATED: learning.ungated,
        }

    def read(self, region: Region) -> Tensor:
        """The state of a region, a copy: int32 `(copies, n)`; PENDING `(copies, slots, axons)`."""
        state = self._state()[checks.check_region(region, readable(self.geometry))]
        return state.to(torch.int32, copy=True)

    def write(self, region: Region, values: Any) -> None:
        """Replace the state of a region by values in range, of the shape that `read` returns."""
        region = checks.check_region(region, writable(self.geometry))
        state, limits = self._state()[region], state_limits(self.config.geometry, region)
        shape, name = tuple(state.shape), region.name.lower()
        state.copy_(checks.check_whole(name, values, shape, limits, self.device))
        self.scheduler.changed()

    def _settle(self) -> None:
        """Move the parts' tallies into the counters."""
        parts = self.neurons, self.traces, self.learning, self.scheduler, self.fanout
        self._counters.settle(*parts)

    def counter_table(self) -> Tensor:
        """The counters of every copy and core, int64 `(copies, cores, counters)`, a copy."""
        self._settle()
        return self._counters.values.clone()

    def counters(self) -> Tensor:
        """The counters of every copy, int64 `(copies, counters)`: sums; TICKS are the chip's."""
        table = self.counter_table()
        sums = table.sum(1)
        sums[:, Counter.TICKS] = table[:, 0, Counter.TICKS]
        return sums

    def snapshot(self) -> dict[str, Any]:
        """All state, for `restore`: tensors by region name, copies first, and registers."""
        arrays = {region.name.lower(): self.read(region) for region in readable(self.geometry)}
        return arrays | {
            "weights": self.read_weights(),
            "tick": self.time,
            "seeds": list(self.seeds),
            "learned": int(self.learned),
            "modulation": self.modulation(),
            "counters": self.counter_table(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back a snapshot of as many chips of the same mesh and geometry."""
        state, counters = self._state(), self._counters.values
        checked = check_snapshot(snapshot, self.config, self._own, state, counters)
        for region, values in state.items():
            values.copy_(checked[region.name.lower()])
        self.learning.modulation.copy_(checked["modulation"])
        self.learning.waiting = True
        self.scheduler.changed()
        self.time, self.seeds = checked["tick"], checked["seeds"]
        self._load(checked["weights"])
        if self._kernels:
            self._kernels.reseed(self.seeds)
        self.learned = bool(checked["learned"])
        self._settle()
        counters[:, :, MODEL_COUNTERS] = checked["counters"][:, :, MODEL_COUNTERS]
