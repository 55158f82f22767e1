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
    check_region,
    readable,
    state_limits,
    writable,
)
from axonloop.sim.batched import checks
from axonloop.sim.batched.choice import open_engine, resolve
from axonloop.sim.batched.memory import fitting_copies, free_memory, memory_bytes, too_large
from axonloop.sim.batched.snapshot import check_snapshot
from axonloop.sim.batched.tensors import Arithmetic


class BatchedChip:
    """`copies` chips of one configuration, in step: one tick is a tick of all.

    With `shared` they have one weight memory and one seed: samples of a batch, which may learn
    together. Else each has its own weights and the seed `seeds[copy]`: a population, in which
    every copy is bit for bit a chip of its own. `device` is "cpu" or "cuda"; `arithmetic` is how
    sums over axons are made: "auto" takes compiled code on a CPU where there is a compiler, and
    else torch in float32 or float64, whichever is exact.

    Axons and neurons are numbered through the chip, core by core, as on any device. Arguments
    may be tensors or NumPy arrays; whatever is refused is a ValueError and changes nothing.

    Members
    -------
    config, copies, shared, device : as built
    tick_register : the number of ticks run, modulo 2^32, of all copies
    seeds : a list of int, one per weight memory
    learned : whether the learning step of this tick is spent
    engine : what computes the copies; it trusts its caller
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
        self.copies = require_range("copies", copies, 1, 1 << 31)
        self.config = chip = ChipConfig.of(config)
        self.geometry = chip.geometry
        self.shared, self.device = shared, checks.check_device(device)
        self._own = None if shared else self.copies
        self.seeds = checks.check_seeds(chip, self._own or 1, seeds)
        self.tick_register, self.learned = 0, True
        arithmetic = resolve(arithmetic, self.device, self.copies)
        free = free_memory(self.device)
        refusal = too_large(chip, self.copies, shared, free, arithmetic)
        if self.copies > fitting_copies(chip, shared, free, arithmetic):
            raise ValueError(refusal)
        build = chip, self.copies, shared, self.seeds, self.device, arithmetic
        try:
            self.engine = open_engine(*build)
        except (MemoryError, torch.OutOfMemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "memory" not in str(error):
                raise
            raise ValueError(refusal) from error

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
        self.config, self.seeds = chip, [chip.seed] * len(self.seeds)
        self.engine.configure(chip, self.seeds)

    def load_weights(self, weights: Any) -> None:
        """Write all weights: int `(axons, neurons of a core)`, for all copies the same.

        A population also takes `(copies, axons, neurons of a core)`. Cores with convolutions have
        kernel rows in the place of axons, kernel columns in that of neurons. Refuses weights out of
        range, and a synapse outside of its row's groups.
        """
        checked = checks.check_weights(self.config, weights, self._own, self.device)
        checks.check_visited(self.config, checked)
        self.engine.load(checked)

    def read_weights(self) -> Tensor:
        """All weights, int32, a copy: `(axons, neurons of a core)`, if not shared copies first."""
        weights = self.engine.weights.to(torch.int32)
        return weights[0] if self.shared else weights

    def tick(self, spikes: Any) -> Tensor:
        """Run one tick with `spikes`, bool `(copies, axons)`; the reported spikes of the neurons.

        They are bool `(copies, neurons)`.
        """
        shape = (self.copies, self.config.axons)
        checked = checks.check_flags("spikes", spikes, shape, self.device)
        return self._run(checked[None], learn=False)[0]

    def run(self, raster: Any, learn: bool = False) -> Tensor:
        """Run a tick for each part of `raster`, bool `(ticks, copies, axons)`.

        With `learn`, learning follows every tick. Returns the reported spikes, bool
        `(ticks, copies, neurons)`.
        """
        flags = raster if isinstance(raster, Tensor) else torch.as_tensor(raster)
        shape = (len(flags) if flags.ndim else 0, self.copies, self.config.axons)
        return self._run(checks.check_flags("raster", flags, shape, self.device), learn)

    def _run(self, raster: Tensor, learn: bool) -> Tensor:
        reported = self.engine.run(self.tick_register, raster, learn)
        if ticks := len(raster):
            self.tick_register, self.learned = (self.tick_register + ticks) & 0xFFFFFFFF, learn
        return reported

    def send_spikes(self, spikes: Any, delay: int = 0) -> None:
        """Spikes that arrive with the tick after `delay` (0..delay_slots - 2) further ones.

        `spikes` `(copies, axons)`: bool, or how many (more than one are collisions).
        """
        late = require_range("delay", delay, 0, self.geometry.max_delay)
        shape, found = (self.copies, self.config.axons), torch.as_tensor(spikes)
        if found.dtype is torch.bool:
            found = found.to(torch.int32)
        limits = (0, (1 << 31) - 1)
        counts = checks.check_whole("spikes", found, shape, limits, self.device)
        self.engine.send_spikes(self.tick_register + late, counts)

    def send_errors(self, values: Any, ungated: bool = False, events: Any = None) -> None:
        """Error events: whole numbers `(copies, neurons)`, the sum of the events of each neuron.

        `events` is how many there were, of the same shape: by default one where the value is not
        0. Refuses what would leave the range of the registers (error_bits + 8 bits).
        """
        shape, thing = (self.copies, self.config.neurons), "values of error events"
        found = checks.check_kind(thing, values, shape, self.device)
        if events is not None:
            events = checks.check_whole("events", events, shape, (0, (1 << 31) - 1), self.device)
        if self.engine.send_errors(found, ungated, events):
            return
        low, high = state_limits(self.geometry, Region.GATED)
        checks.check_whole(thing, found, shape, (2 * low, 2 * high), self.device)
        sums = found + self.engine.state[Region.UNGATED if ungated else Region.GATED]
        checks.check_whole("sums of errors", sums, shape, (low, high), self.device)

    def modulate(self, values: Any) -> None:
        """Write M, the third factor of terms: whole numbers `(copies,)` in +-error_max.

        One for each copy, for all its cores; it stays until it is written again or the chip is
        cleared. Builds without terms refuse it.
        """
        self.engine.modulation.copy_(checks.check_modulation(self.geometry, values, self.copies))

    def modulation(self) -> Tensor:
        """M of every copy, int32 `(copies,)`, a copy."""
        return self.engine.modulation.clone()

    def learn(self) -> None:
        """Learn from the state and the errors sent, and forget these.

        ValueError if no tick ran since the last time.
        """
        require(not self.learned, "learn", "asked for at most once after each tick", "once more")
        self.engine.learn((self.tick_register - 1) & 0xFFFFFFFF)
        self.learned = True

    def clear(self) -> None:
        """Zero all state but weights, tick, seeds, `learned` and counters."""
        self.engine.clear()

    def read(self, region: Region) -> Tensor:
        """The state of a region, a copy: int32 `(copies, n)`; PENDING `(copies, slots, axons)`."""
        state = self.engine.state[check_region(region, readable(self.geometry))]
        return state.to(torch.int32, copy=True)

    def write(self, region: Region, values: Any) -> None:
        """Replace the state of a region by values in range, of the shape that `read` returns."""
        region = check_region(region, writable(self.geometry))
        state, limits = self.engine.state[region], state_limits(self.geometry, region)
        shape = tuple(state.shape)
        state.copy_(checks.check_whole(region.key, values, shape, limits, self.device))
        self.engine.changed()

    def counter_table(self) -> Tensor:
        """The counters of every copy and core, int64 `(copies, cores, counters)`, a copy."""
        return self.engine.counters().clone()

    def counters(self) -> Tensor:
        """The counters of every copy, int64 `(copies, counters)`: sums; TICKS are the chip's."""
        table = self.counter_table()
        sums = table.sum(1)
        sums[:, Counter.TICKS] = table[:, 0, Counter.TICKS]
        return sums

    def count_writes(self) -> None:
        """Count, from now on and from 0, how often pulses write each memristor (`writes`).

        The contract has no such state: a snapshot leaves it out, `clear` and `restore` leave it
        alone. It takes 4 bytes per weight on top of `memory`. Refused without pulses in the build.
        """
        level = self.geometry.memristor
        require(level == 2, "memristor of the build", "2 to count writes", level)
        self.engine.count_writes()

    def writes(self) -> Tensor:
        """How often each memristor was written since `count_writes`: int32, as `read_weights`.

        0 where there is no synapse.
        """
        counts = self.engine.writes
        if counts is None:
            raise ValueError("writes must be counted (count_writes) before they are read")
        return (counts[0] if self.shared else counts).clone()

    def snapshot(self) -> dict[str, Any]:
        """All state, for `restore`: tensors by region name, copies first, and registers."""
        arrays = {region.key: self.read(region) for region in readable(self.geometry)}
        return arrays | {
            "weights": self.read_weights(),
            "tick": self.tick_register,
            "seeds": list(self.seeds),
            "learned": int(self.learned),
            "modulation": self.modulation(),
            "counters": self.counter_table(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back a snapshot of as many chips of the same mesh and geometry.

        Its weights may have synapses outside of the groups that their row visits: `configure`
        leaves such, where it takes groups from a row.
        """
        state, counters = self.engine.state, self.engine.counters()
        checked = check_snapshot(snapshot, self.config, self._own, state, counters)
        for region, values in state.items():
            values.copy_(checked[region.key])
        self.engine.modulation.copy_(checked["modulation"])
        self.engine.changed()
        self.tick_register, self.seeds = checked["tick"], checked["seeds"]
        self.engine.reseed(self.seeds)
        self.engine.load(checked["weights"])
        self.learned = bool(checked["learned"])
        counters[:, :, MODEL_COUNTERS] = checked["counters"][:, :, MODEL_COUNTERS]
