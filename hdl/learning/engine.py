"""The learning engine: the error-triggered three-factor rule (docs/contract.md, section 5, learn).

dW_ij = -eta E_i B_i P_j where E_i is not 0: Neftci 2018, eq. 6; Payvand et al. 2020. Work is
proportional to what is in error: a list of the neurons that received events replaces a sweep.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from amaranth.hdl import Module, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Member, Out, connect, flipped

from axonloop.hdl.common import (
    BusSignature,
    FactorReads,
    HashInputs,
    NeuronLookup,
    NeuronNoise,
    ParameterPort,
    WeightReads,
    WeightWrites,
    address_bits,
    error_layout,
    with_pulses,
    with_terms,
)
from axonloop.hdl.learning.error_sums import Errors
from axonloop.hdl.learning.plain_targets import PlainTargets, SerialTargets
from axonloop.hdl.learning.targets import TermTargets
from axonloop.hdl.parallel import MemristorTables, MemristorUpdate, Update
from axonloop.hdl.serial import SerialUpdate
from axonloop.models.config import Geometry

NO_MEMBERS: Mapping[str, Member] = {}


class Learning(wiring.Component, ABC):
    """Turns error sums into weight updates: `targets` says who learns, `update` walks the weights;
    `more` members are those of a class that is derived.

    Rules
    -----
    1. `start` learns with the factors of the tick before; `discard` with `start` only empties the
       error sums.
    2. `busy` from the cycle after `start` until the last weight was written.

    Members
    -------
    inputs : of the hash; they stay while `busy`
    events : error events
    lookup, parameters, factors : what is known of neurons, groups and axons
    reads, writes : to the weights
    modulation : M, in a core with terms
    visits, updates : synapses visited and changed in this cycle
    pulses : with pulses: synapses written by them
    """

    def __init__(
        self,
        geometry: Geometry,
        targets: PlainTargets | TermTargets,
        update: wiring.Component,
        more: Mapping[str, Member] = NO_MEMBERS,
    ) -> None:
        self._geometry, self._errors = geometry, Errors(geometry)
        self._targets, self._update = targets, update
        super().__init__(
            {
                "start": In(1),
                "discard": In(1),
                "inputs": In(HashInputs()),
                "events": In(stream.Signature(error_layout(geometry))),
                "lookup": Out(NeuronLookup(geometry)),
                "parameters": Out(ParameterPort(geometry)),
                "factors": Out(FactorReads(geometry)),
                "reads": Out(WeightReads(geometry)),
                "writes": Out(WeightWrites(geometry)),
                "visits": Out(update.visits.shape()),
                "updates": Out(update.updates.shape()),
                "busy": Out(1),
                "bus": In(BusSignature()),
            }
            | with_terms(geometry, modulation=In(signed(geometry.error_bits)))
            | with_pulses(geometry, pulses=Out(range(geometry.multipliers + 1)))
            | dict(more)
        )

    @property
    def memories(self) -> dict[str, MemristorTables]:
        """The tables that the register map sees beside the error sums."""
        return {}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.errors, m.submodules.targets = errors, targets = self._errors, self._targets
        m.submodules.update = update = self._update
        connect(m, core=flipped(self.events), errors=errors.events)
        connect(m, core=flipped(self.bus), errors=errors.bus)
        connect(m, errors=errors.sums, targets=targets.errors)
        connect(m, targets=targets.lookup, core=flipped(self.lookup))
        connect(m, targets=targets.parameters, core=flipped(self.parameters))
        connect(m, targets=targets.targets, update=update.targets)
        connect(m, update=update.factors, core=flipped(self.factors))
        connect(m, update=update.reads, core=flipped(self.reads))
        connect(m, update=update.writes, core=flipped(self.writes))
        m.d.comb += [
            targets.start.eq(self.start),
            targets.discard.eq(self.discard),
            targets.settled.eq(~update.busy),
            self.visits.eq(update.visits),
            self.updates.eq(update.updates),
            self.busy.eq(targets.busy | update.busy),
        ]
        if self._geometry.terms:
            m.d.comb += targets.modulation.eq(self.modulation)
        if self._geometry.memristor == 2:
            m.d.comb += self.pulses.eq(update.pulses)
        self._hash(m)
        return m

    @abstractmethod
    def _hash(self, m: Module) -> None:
        """Give the inputs of the hash to whoever computes it."""


class ParallelLearning(Learning):
    """Learning with one hash of a neuron for all its synapses.

    Latency: max(axons / multipliers, 7) cycles per neuron in error (twice the first with one
    weight port), + NeuronNoise.LATENCY + 5 + `update_latency`. With terms a walk of axons /
    multipliers cycles, at least 5, per neuron and term that has work, + `update_latency` + 1
    between terms of a neuron where that is longer than a walk; and, if a term has work without
    errors, 1 cycle for every other neuron (see TermTargets).
    """

    def __init__(self, geometry: Geometry) -> None:
        targets = TermTargets(geometry) if geometry.terms else PlainTargets(geometry)
        update = MemristorUpdate(geometry) if geometry.memristor else Update(geometry)
        super().__init__(geometry, targets, update)

    @property
    def memories(self) -> dict[str, MemristorTables]:
        """The tables of the walk's lanes."""
        update = self._update
        return {"tables": update.tables} if isinstance(update, MemristorUpdate) else {}

    def _hash(self, m: Module) -> None:
        purpose_bits = 2 if self._geometry.terms else 0
        neuron_bits = address_bits(self._geometry.neurons)
        m.submodules.noise = noise = NeuronNoise(neuron_bits, purpose_bits)
        connect(m, core=flipped(self.inputs), noise=noise.inputs)
        connect(m, targets=self._targets.noise, noise=noise.neurons)
        m.d.comb += noise.start.eq(self.start)
        if self._geometry.memristor == 2:
            self._pulse_hashes(m, neuron_bits)

    def _pulse_hashes(self, m: Module, neuron_bits: int) -> None:
        """The hash of writes is of the same tick, that of synapses of tick 0."""
        hashes = self._targets.pulses
        for name, bits in (("write", 3), ("pattern", 4)):
            m.submodules[name] = noise = NeuronNoise(neuron_bits, bits)
            connect(m, targets=getattr(hashes, name), noise=noise.neurons)
            m.d.comb += [
                noise.start.eq(self.start),
                noise.inputs.tick.eq(self.inputs.tick if name == "write" else 0),
                noise.inputs.seed.eq(self.inputs.seed),
                noise.inputs.core.eq(self.inputs.core),
            ]


class SerialLearning(Learning):
    """Learning one synapse after the other, with a hash from the beginning for each.

    Latency: see SerialUpdate, with 8 cycles more per neuron in error.
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(geometry, SerialTargets(geometry), SerialUpdate(geometry))

    def _hash(self, m: Module) -> None:
        connect(m, core=flipped(self.inputs), update=self._update.inputs)
