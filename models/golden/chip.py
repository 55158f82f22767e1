"""The chip of docs/contract.md: cores that run the same tick, and spikes between them.

Axons and neurons are numbered through the chip, core by core: axon a of the core with index c
(its number less that of the first core) is c * axons + a, and so are neurons. State arrays of
the chip are those of its cores, joined in that order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.models.golden.arithmetic import Int64Array
from axonloop.models.golden.core import Core
from axonloop.models.golden.fanout import FanOut
from axonloop.models.golden.router import Routers
from axonloop.models.protocol import (
    COUNTER_BITS,
    MODEL_COUNTERS,
    PORT_COUNTERS,
    Counter,
    Region,
    chip_counters,
    readable,
)


class Chip:
    """The golden chip. Its callers check ranges; it raises ValueError only for what it cannot do.

    `cores` are its parts; `tick_register`, `seed` and `learned` are the chip's registers. Until
    weights are loaded there are no synapses.
    """

    def __init__(self, config: ChipConfig) -> None:
        self.cores = [Core(core) for core in config.cores]
        self.tick_register = 0
        self.learned = True
        self._take_over(config)
        self.routers = Routers(config.mesh, self.fanout.source, self.fanout.target)

    def configure(self, config: ChipConfig) -> None:
        """Write all registers and tables, the seed included; state and weights stay.

        Raises ValueError if geometry or mesh is another one.
        """
        for name in ("geometry", "mesh"):
            own, given = getattr(self.config, name), getattr(config, name)
            require(given == own, name, f"the chip's own ({own})", given)
        for core, registers in zip(self.cores, config.cores, strict=True):
            core.configure(registers)
        self._take_over(config)
        self.routers.configure(self.fanout.source, self.fanout.target)

    def _take_over(self, config: ChipConfig) -> None:
        self.config, self.geometry, self.seed = config, config.geometry, config.seed
        self.fanout = FanOut(config)
        groups = [group.report for core in config.cores for group in core.groups]
        self._report = np.repeat(groups, self.geometry.lanes)

    def send_spikes(self, axons: Int64Array, delay: int = 0) -> None:
        """Spikes for `axons` in the tick after `delay` (0..delay_slots - 2) further ones."""
        for core, _, local in self._shares(axons, self.geometry.axons):
            core.take_spikes(self.tick_register + delay, local)

    def send_errors(self, neurons: Int64Array, values: Int64Array, ungated: bool = False) -> None:
        """Error events: signed `values[k]` for `neurons[k]`."""
        for core, mine, local in self._shares(neurons, self.geometry.neurons):
            core.take_errors(local, values[mine], ungated)

    def tick(self) -> Int64Array:
        """Run one tick; return the neurons that spiked and report it, ascending.

        No core sees another one before all are done, so their order cannot matter.
        """
        tick = self.tick_register
        spike = np.concatenate([core.tick(self.seed, tick) for core in self.cores])
        self._emit(tick, spike)
        self.tick_register = (tick + 1) & 0xFFFFFFFF
        self.learned = False
        reported: Int64Array = (spike & self._report).nonzero()[0]
        return reported

    def _emit(self, tick: int, spike: NDArray[np.bool_]) -> None:
        """Step 5: carry the neurons' spikes of tick `tick` to the cores they are for."""
        fanout = self.fanout
        entries = fanout.sent(spike)
        if not len(entries):
            return
        self.routers.count(entries)
        ticks = tick + 1 + fanout.delay[entries]
        for core, mine, local in self._shares(fanout.axon[entries], self.geometry.axons):
            core.take_spikes(ticks[mine], local)

    def _shares(
        self, numbers: Int64Array, each: int
    ) -> Iterator[tuple[Core, Int64Array | slice, Int64Array]]:
        """The cores that own `numbers`, `each` per core; indices into `numbers`; local numbers."""
        if len(self.cores) == 1:
            yield self.cores[0], slice(None), numbers
            return
        owner = numbers // each
        for index, core in enumerate(self.cores):
            mine = np.flatnonzero(owner == index)
            if len(mine):
                yield core, mine, numbers[mine] - index * each

    def modulate(self, value: int) -> None:
        """Write M, signed, into every core."""
        for core in self.cores:
            core.learning.modulation = value

    @property
    def modulation(self) -> int:
        """M, of the first core."""
        return self.cores[0].learning.modulation

    def learn(self) -> None:
        """Apply and forget the errors sent; ValueError if no tick ran since the last time."""
        require(not self.learned, "learn", "asked for at most once after each tick", "once more")
        for core in self.cores:
            core.learn(self.seed, (self.tick_register - 1) & 0xFFFFFFFF)
        self.learned = True

    def clear(self) -> None:
        """Zero all state but weights, tick, seed, `learned` and counters."""
        for core in self.cores:
            core.clear()

    @property
    def weights(self) -> NDArray[np.int32]:
        """All weights, int32 `(cores * axons, neurons)`, a copy."""
        return np.concatenate([core.synapses.weights for core in self.cores])

    def load_weights(self, weights: NDArray[np.int32]) -> None:
        """Replace all weights: int `(cores * axons, neurons)`."""
        for core, share in zip(self.cores, np.split(weights, len(self.cores)), strict=True):
            core.synapses.load(share)

    def count_writes(self) -> None:
        """Count, from now on and from 0, how often pulses write each synapse (`writes`).

        The contract has no such state: a snapshot leaves it out, `clear` and `restore` leave it.
        """
        for core in self.cores:
            core.synapses.writes = np.zeros_like(core.synapses.weights)

    def writes(self) -> NDArray[np.int32]:
        """How often pulses wrote each synapse since `count_writes`: int32, as `weights`."""
        counts = [core.synapses.writes for core in self.cores]
        counted = [each for each in counts if each is not None]
        if not counted:
            raise ValueError("writes must be counted (count_writes) before they are read")
        return np.concatenate(counted)

    def array(self, region: Region) -> NDArray[Any]:
        """State of a region, a copy: `(cores * n,)`; PENDING `(delay_slots, cores * axons)`."""
        return np.concatenate([core.array(region) for core in self.cores], axis=-1)

    def set_array(self, region: Region, values: NDArray[Any]) -> None:
        """Replace the state of a region by `values`, of the shape of `array` and in range."""
        shares = np.split(np.asarray(values), len(self.cores), axis=-1)
        for core, share in zip(self.cores, shares, strict=True):
            core.set_array(region, share)

    def counter_table(self) -> Int64Array:
        """The counters of every core, int64 `(cores, counters)`; 0 where only RTL has one."""
        table = np.array([core.counts for core in self.cores], dtype=np.int64)
        table[:, PORT_COUNTERS] = self.routers.ports
        return table % (1 << COUNTER_BITS)

    def counters(self) -> dict[Counter, int]:
        """The counters that every device has: sums over the cores; TICKS are the chip's."""
        return chip_counters(self.counter_table())

    def snapshot(self) -> dict[str, Any]:
        """All state, for `restore`: int32 arrays by region name, weights, registers, counters."""
        regions = readable(self.geometry)
        arrays = {region.key: self.array(region).astype(np.int32) for region in regions}
        return arrays | {
            "weights": self.weights,
            "tick": self.tick_register,
            "seed": self.seed,
            "learned": int(self.learned),
            "modulation": self.modulation,
            "counters": self.counter_table(),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back a snapshot of a chip of the same mesh and geometry."""
        for region in readable(self.geometry):
            self.set_array(region, snapshot[region.key])
        self.load_weights(snapshot["weights"])
        self.tick_register, self.seed = int(snapshot["tick"]), int(snapshot["seed"])
        self.learned = bool(snapshot["learned"])
        self.modulate(int(snapshot["modulation"]))
        self.routers.ports[:] = snapshot["counters"][:, PORT_COUNTERS]
        for core, counts in zip(self.cores, snapshot["counters"].tolist(), strict=True):
            for counter in MODEL_COUNTERS:
                core.counts[counter] = counts[counter]
