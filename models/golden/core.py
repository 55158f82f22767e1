"""One core of docs/contract.md: the parts in the order of a tick, up to the neurons' spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig
from axonloop.models.golden.fixedpoint import Int64Array
from axonloop.models.golden.learning import Learning
from axonloop.models.golden.neuron import Neurons
from axonloop.models.golden.neuron_trace import NeuronTrace
from axonloop.models.golden.scheduler import Scheduler
from axonloop.models.golden.synapses import Synapses
from axonloop.models.golden.traces import Traces
from axonloop.models.protocol import Counter, Region

PLACES = {
    Region.CURRENT: ("neurons", "current"),
    Region.MEMBRANE: ("neurons", "membrane"),
    Region.RESET: ("neurons", "reset"),
    Region.COUNTDOWN: ("neurons", "countdown"),
    Region.BOX: ("neurons", "box"),
    Region.SPIKE: ("neurons", "spike"),
    Region.TRACE_Z: ("neuron_trace", "z"),
    Region.TRACE_Q: ("traces", "q"),
    Region.TRACE_P: ("traces", "p"),
    Region.TRACE_PQ: ("traces", "pq"),
    Region.TRACE_QQ: ("traces", "qq"),
    Region.MARK: ("traces", "mark"),
    Region.GATED: ("learning", "gated"),
    Region.UNGATED: ("learning", "ungated"),
    Region.PENDING: ("scheduler", "pending"),
}
"""Where each state array lives; a build has those that `registers.readable` names."""


class Core:
    """A core of a golden chip, which keeps the time and carries the spikes of its neurons.

    State lies in plain arrays of the parts: `neurons`, `neuron_trace`, `traces`, `synapses`,
    `scheduler`, `learning`. `counts` has an int for every `Counter`; the routers keep their own.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.scheduler = Scheduler(config)
        self.synapses = Synapses(config)
        self.neurons = Neurons(config)
        self.neuron_trace = NeuronTrace(config)
        self.traces = Traces(config)
        self.learning = Learning(config)
        self.counts = [0] * len(Counter)
        self._volatile = (
            self.scheduler,
            self.neurons,
            self.neuron_trace,
            self.traces,
            self.learning,
        )

    def configure(self, config: CoreConfig) -> None:
        """Write all registers and tables, for a core of the same geometry; state stays."""
        for part in (*self._volatile, self.synapses):
            part.configure(config)

    def take_spikes(self, ticks: Int64Array | int, axons: Int64Array) -> None:
        """Spikes for `axons`, which arrive with the ticks `ticks`."""
        self.counts[Counter.COLLISIONS] += self.scheduler.deliver(ticks, axons)

    def take_errors(self, neurons: Int64Array, values: Int64Array, ungated: bool) -> None:
        """Error events: signed `values[k]` for `neurons[k]`."""
        self.learning.add(neurons, values, ungated)
        self.counts[Counter.ERRORS] += len(neurons)

    def tick(self, seed: int, time: int) -> NDArray[np.bool_]:
        """Steps 1 to 4 of tick `time`; return which neurons spiked, bool `(neurons,)`."""
        counts = self.counts
        spikes = self.scheduler.arrive(time)
        events = spikes.nonzero()[0]
        fired, clipped = self.neurons.step(self.synapses.integrate(events, seed, time))
        clipped += self.neuron_trace.step(self.neurons.spike)
        counts[Counter.SATURATIONS] += clipped + self.traces.step(spikes)
        counts[Counter.TICKS] += 1
        counts[Counter.SPIKES] += fired
        counts[Counter.EVENTS] += len(events)
        counts[Counter.SYNOPS] += int(self.synapses.row_synops[events].sum())
        return self.neurons.spike

    def learn(self, seed: int, time: int) -> None:
        """Apply and forget the errors taken; `time` is the tick before."""
        visits, updates = self.learning.apply(
            self.synapses, self.neurons, self.neuron_trace, self.traces, seed, time
        )
        self.counts[Counter.VISITS] += visits
        self.counts[Counter.UPDATES] += updates

    def clear(self) -> None:
        """Zero all state but weights and counters."""
        for part in self._volatile:
            part.clear()

    def array(self, region: Region) -> NDArray[Any]:
        """The state array of a region, as it stands: not a copy."""
        part, name = PLACES[region]
        values: NDArray[Any] = getattr(getattr(self, part), name)
        return values

    def set_array(self, region: Region, values: NDArray[Any]) -> None:
        """Replace the state array of a region by a copy of `values`, of its shape and range."""
        part, name = PLACES[region]
        setattr(getattr(self, part), name, np.array(values, dtype=self.array(region).dtype))
