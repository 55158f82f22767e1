"""One core of docs/contract.md: the parts in the order of a tick."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig, require
from axonloop.models.golden.fixedpoint import Array
from axonloop.models.golden.learning import Learning
from axonloop.models.golden.neuron import Neurons
from axonloop.models.golden.scheduler import Scheduler, refuse_other_cores
from axonloop.models.golden.synapses import Synapses
from axonloop.models.golden.traces import Traces
from axonloop.models.registers import COUNTER_BITS, MODEL_COUNTERS, Counter, Region

_PLACES = {
    Region.CURRENT: ("neurons", "current"),
    Region.MEMBRANE: ("neurons", "membrane"),
    Region.RESET: ("neurons", "reset"),
    Region.COUNTDOWN: ("neurons", "countdown"),
    Region.BOX: ("neurons", "box"),
    Region.SPIKE: ("neurons", "spike"),
    Region.TRACE_Q: ("traces", "q"),
    Region.TRACE_P: ("traces", "p"),
    Region.TRACE_PQ: ("traces", "pq"),
    Region.GATED: ("learning", "gated"),
    Region.UNGATED: ("learning", "ungated"),
    Region.PENDING: ("scheduler", "pending"),
}
"""Where each state array lives."""


class Core:
    """The golden core. Its callers check ranges; it raises ValueError only for what it cannot do.

    State lies in plain arrays of the parts: `neurons`, `traces`, `synapses`, `scheduler`,
    `learning`; `time` is the tick register, `seed` and `learned` are the registers of that name.
    """

    def __init__(self, config: CoreConfig) -> None:
        refuse_other_cores(config)
        self.scheduler = Scheduler(config)
        self.synapses = Synapses(config)
        self.neurons = Neurons(config)
        self.traces = Traces(config)
        self.learning = Learning(config)
        self.time = 0
        self.learned = True
        self._counts = [0] * len(Counter)
        self._take_over(config)

    def configure(self, config: CoreConfig) -> None:
        """Write all registers and tables, the seed included; state and weights stay.

        Raises ValueError if the geometry is another one or a fan-out entry names another core.
        """
        same = config.geometry == self.config.geometry
        require(same, "geometry", f"the core's own ({self.config.geometry})", config.geometry)
        refuse_other_cores(config)
        for part in (self.scheduler, self.synapses, self.neurons, self.traces, self.learning):
            part.configure(config)
        self._take_over(config)

    def _take_over(self, config: CoreConfig) -> None:
        self.config = config
        self.seed = config.seed
        self._report = np.repeat([group.report for group in config.groups], config.geometry.lanes)

    def load_weights(self, weights: NDArray[np.int32]) -> None:
        """Replace all weights: int `(axons, neurons)`."""
        self.synapses.load(weights)

    def send_spikes(self, axons: Array, delay: int = 0) -> None:
        """Spikes for `axons` in the tick after `delay` (0..delay_slots - 2) further ones."""
        slot = (self.time + delay) % self.scheduler.slots
        self._counts[Counter.COLLISIONS] += self.scheduler.deliver(slot, axons)

    def send_errors(self, neurons: Array, values: Array, ungated: bool = False) -> None:
        """Error events: signed `values[k]` for `neurons[k]`."""
        self.learning.add(neurons, values, ungated)
        self._counts[Counter.ERRORS] += len(neurons)

    def tick(self) -> Array:
        """Run one tick; return the neurons that spiked and report it, ascending."""
        time, counts = self.time, self._counts
        self.time = (time + 1) & 0xFFFFFFFF
        spikes = self.scheduler.arrive(time)
        events = np.flatnonzero(spikes)
        fired, clipped = self.neurons.step(self.synapses.integrate(events))
        counts[Counter.SATURATIONS] += clipped + self.traces.step(spikes)
        counts[Counter.COLLISIONS] += self.scheduler.emit(time, self.neurons.spike)
        self.learned = False
        counts[Counter.TICKS] += 1
        counts[Counter.SPIKES] += len(fired)
        counts[Counter.EVENTS] += len(events)
        counts[Counter.SYNOPS] += int(self.synapses.row_synops[events].sum())
        reported: Array = fired[self._report[fired]]
        return reported

    def learn(self) -> None:
        """Apply and forget the errors sent; ValueError if no tick ran since the last time."""
        require(not self.learned, "learn", "asked for at most once after each tick", "once more")
        before = (self.time - 1) & 0xFFFFFFFF
        visits, updates = self.learning.apply(
            self.synapses, self.neurons.box, self.traces.pq, self.seed, before
        )
        self._counts[Counter.VISITS] += visits
        self._counts[Counter.UPDATES] += updates
        self.learned = True

    def clear(self) -> None:
        """Zero all state but weights, tick, seed, `learned` and counters."""
        for part in (self.scheduler, self.neurons, self.traces, self.learning):
            part.clear()

    def array(self, region: Region) -> NDArray[Any]:
        """The state array of a region, as it stands: not a copy."""
        part, name = _PLACES[region]
        values: NDArray[Any] = getattr(getattr(self, part), name)
        return values

    def set_array(self, region: Region, values: NDArray[Any]) -> None:
        """Replace the state array of a region by a copy of `values`, of its shape and range."""
        part, name = _PLACES[region]
        setattr(getattr(self, part), name, np.array(values, dtype=self.array(region).dtype))

    def counters(self) -> dict[Counter, int]:
        """The counters that every device has."""
        return {counter: self._counts[counter] % (1 << COUNTER_BITS) for counter in MODEL_COUNTERS}

    def snapshot(self) -> dict[str, Any]:
        """All state, for `restore`: int32 arrays by region name, weights, registers, counters."""
        arrays = {region.name.lower(): self.array(region).astype(np.int32) for region in _PLACES}
        counts = self.counters()
        return arrays | {
            "weights": self.synapses.weights.copy(),
            "tick": self.time,
            "seed": self.seed,
            "learned": int(self.learned),
            "counters": np.array([counts.get(counter, 0) for counter in Counter], dtype=np.int64),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back a snapshot of a core of the same geometry."""
        for region in _PLACES:
            self.set_array(region, snapshot[region.name.lower()])
        self.synapses.load(snapshot["weights"])
        self.time, self.seed = int(snapshot["tick"]), int(snapshot["seed"])
        self.learned = bool(snapshot["learned"])
        for counter in MODEL_COUNTERS:
            self._counts[counter] = int(snapshot["counters"][counter])
