"""One core of docs/contract.md: the parts in the order of a tick, up to the neurons' spikes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.config import CoreConfig
from axonloop.models.golden.arithmetic import Int64Array
from axonloop.models.golden.learning import Learning
from axonloop.models.golden.neurons import Neurons, NeuronTrace, ThresholdNoise
from axonloop.models.golden.scheduler import Scheduler
from axonloop.models.golden.synapses import Kernels, Synapses, Traces
from axonloop.models.protocol import Counter, Region, Use


class Core:
    """A core of a golden chip, which keeps the tick number and carries the spikes of its neurons.

    The parts are `neurons`, `neuron_trace`, `noise`, `traces`, `synapses`, `scheduler` and
    `learning`. The
    state array of a region is the attribute `Region.key` of the part that computes it. `counts`
    has an int for every `Counter`; the routers keep their own.
    """

    def __init__(self, config: CoreConfig) -> None:
        self.scheduler = Scheduler(config)
        self.synapses = (Kernels if config.geometry.convolutions else Synapses)(config)
        self.neurons = Neurons(config)
        self.neuron_trace = NeuronTrace(config)
        self.noise = ThresholdNoise(config)
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
        self._home = {
            region: part
            for region in Region
            for part in self._volatile
            if region.use is not Use.SETTING and hasattr(part, region.key)
        }

    def configure(self, config: CoreConfig) -> None:
        """Write all registers and tables, for a core of the same geometry; state stays."""
        for part in (*self._volatile, self.synapses, self.noise):
            part.configure(config)

    def take_spikes(self, ticks: Int64Array | int, axons: Int64Array) -> None:
        """Spikes for `axons`, which arrive with the ticks `ticks`."""
        self.counts[Counter.COLLISIONS] += self.scheduler.deliver(ticks, axons)

    def take_errors(self, neurons: Int64Array, values: Int64Array, ungated: bool) -> None:
        """Error events: signed `values[k]` for `neurons[k]`."""
        self.learning.add(neurons, values, ungated)
        self.counts[Counter.ERRORS] += len(neurons)

    def tick(self, seed: int, tick: int) -> NDArray[np.bool_]:
        """Steps 1 to 4 of tick `tick`; return which neurons spiked, bool `(neurons,)`."""
        counts = self.counts
        spikes = self.scheduler.arrive(tick)
        events = spikes.nonzero()[0]
        acc = self.synapses.integrate(events, seed, tick)
        fired, clipped = self.neurons.step(acc, self.noise.draw(seed, tick))
        clipped += self.neuron_trace.step(self.neurons.spike)
        counts[Counter.SATURATIONS] += clipped + self.traces.step(spikes)
        counts[Counter.TICKS] += 1
        counts[Counter.SPIKES] += fired
        counts[Counter.EVENTS] += len(events)
        counts[Counter.SYNOPS] += int(self.synapses.row_synops[events].sum())
        return self.neurons.spike

    def learn(self, seed: int, tick: int) -> None:
        """Apply and forget the errors taken; `tick` is the tick before."""
        visits, updates, writes = self.learning.apply(
            self.synapses, self.neurons, self.neuron_trace, self.traces, seed, tick
        )
        self.counts[Counter.VISITS] += visits
        self.counts[Counter.UPDATES] += updates
        self.counts[Counter.WRITES] += writes

    def clear(self) -> None:
        """Zero all state but weights and counters."""
        for part in self._volatile:
            part.clear()

    def array(self, region: Region) -> NDArray[Any]:
        """The state array of a region, as it stands: not a copy."""
        values: NDArray[Any] = getattr(self._home[region], region.key)
        return values

    def set_array(self, region: Region, values: NDArray[Any]) -> None:
        """Replace the state array of a region by a copy of `values`, of its shape and range."""
        fresh = np.array(values, dtype=self.array(region).dtype)
        setattr(self._home[region], region.key, fresh)
