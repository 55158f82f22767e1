"""Targets of a core with terms: pairs of a neuron and a term whose coefficient is not 0.

The update engine takes one target after the other.
"""

from amaranth.hdl import Array, Cat, Const, EnableInserter, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    ErrorSums,
    Fields,
    NeuronHash,
    NeuronLookup,
    ParameterPort,
    PulseHashes,
    address_bits,
    lowest_one,
    spread_bits,
    target_layout,
    with_pulses,
)
from axonloop.hdl.learning.coefficient import Coefficient, as_term, is_on
from axonloop.hdl.learning.neuron_terms import NeuronTerms
from axonloop.hdl.parallel import walk_hides
from axonloop.models.config import Geometry, Purpose, ThirdFactor


class TermTargets(wiring.Component):
    """Computes the coefficients of the neurons' terms and hands those to the update engine that
    are not 0, neuron by neuron and term by term.

    Rules
    -----
    1. After `start` the neurons in error are popped from their list. If a set has a term whose
       third factor is 1, or M while M is not 0, neurons without an error may learn as well: then
       all neurons are swept, and the list is emptied. With `discard` the list is popped, and no
       neuron learns.
    2. Two terms of a neuron change the same weights, a hazard: the second term waits for `settled`
       where the walk over the axons is shorter than the pipeline of the update engine.

    Latency: 1 cycle for a neuron none of whose terms is useful (`NeuronTerms`), 4 per useful term
    and 1 more otherwise, or the walks of the update engine; 2 per neuron of the list; 6 to fill.

    Members
    -------
    errors, lookup, parameters, noise, modulation : what a target is made of
    pulses : with pulses: the hashes of a term's writes and of the neuron's synapses
    targets : to the update engine; `settled` while that is at rest
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry, number = geometry, address_bits(geometry.neurons)
        super().__init__(
            {
                "start": In(1),
                "discard": In(1),
                "modulation": In(signed(geometry.error_bits)),
                "errors": Out(ErrorSums(geometry)),
                "lookup": Out(NeuronLookup(geometry)),
                "parameters": Out(ParameterPort(geometry)),
                "noise": Out(NeuronHash(number, purpose_bits=2)),
                "targets": Out(stream.Signature(target_layout(geometry))),
                "settled": In(1),
                "busy": Out(1),
            }
            | with_pulses(geometry, pulses=Out(PulseHashes(number)))
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        advance, resting = Signal(), Signal()
        self._terms = terms = NeuronTerms(self._geometry)
        m.submodules.terms = EnableInserter(advance)(terms)
        source = self._source(m, advance)
        m.d.comb += [
            terms.modulated.eq(self.modulation != 0),
            self.busy.eq(source | terms.valid | terms.busy | ~resting),
        ]
        connect(m, terms=terms.parameters, core=flipped(self.parameters))
        self._walk(m, advance, resting)
        return m

    def _source(self, m: Module, advance: Value) -> Value:
        """Feed neurons of the list or the sweep into the pipeline; returns whether any is left."""
        errors, lookup = self.errors, self.lookup
        running, sweeping, discarding, held = Signal(), Signal(), Signal(), Signal()
        popped, count = Signal(2), Signal.like(errors.neuron)
        fetched, number = Signal(), Signal.like(errors.neuron)
        available, terms, sweep = Signal(), self._terms, Signal()
        m.d.comb += [
            sweep.eq(self._sweeps() & ~self.discard),
            errors.terms.forget.eq(self.start & sweep),
            available.eq(Mux(sweeping, running, popped[1] | held)),
            lookup.look.eq(available & advance),
            lookup.neuron.eq(Mux(sweeping, count, errors.neuron)),
            errors.terms.fetch.eq(lookup.look),
            errors.terms.wanted.eq(lookup.neuron),
            errors.pop.eq(
                running & ~sweeping & (errors.left != 0) & ~popped[0] & (~available | advance)
            ),
            terms.valid.eq(fetched & ~discarding),
            terms.known.neuron.eq(number),
            terms.known.gated.eq(errors.gated),
            terms.known.ungated.eq(errors.ungated),
            terms.known.box.eq(lookup.box),
            terms.known.spike.eq(lookup.terms.spike),
            terms.known.z.eq(lookup.terms.z),
            terms.known.set.eq(lookup.set),
        ]
        m.d.sync += [
            popped.eq(Cat(errors.pop, popped[0])),
            held.eq(available & ~advance & ~sweeping),
        ]
        with m.If(advance):
            m.d.sync += [fetched.eq(lookup.look), number.eq(lookup.neuron)]
        with m.If(sweeping & lookup.look):
            m.d.sync += [count.eq(count + 1), running.eq(count != self._geometry.neurons - 1)]
        with m.If(~sweeping & (errors.left == 0)):
            m.d.sync += running.eq(0)
        with m.If(self.start):
            m.d.sync += [running.eq(1), sweeping.eq(sweep), count.eq(0)]
            m.d.sync += discarding.eq(self.discard)
        return running | popped.any() | held | fetched

    def _sweeps(self) -> Value:
        """Can a term of any set change weights of a neuron without an error?"""
        geometry, found = self._geometry, []
        for number in range(geometry.parameter_sets):
            for k in range(geometry.terms):
                term = as_term(geometry, self.parameters.sets[number][f"term_{k}"])
                broadcast = (term.third == ThirdFactor.MODULATION) & (self.modulation != 0)
                found.append(is_on(term) & ((term.third == ThirdFactor.ONE) | broadcast))
        return Cat(found).any()

    def _walk(self, m: Module, advance: Value, resting: Value) -> None:
        """Term after term of the neuron at the end of the pipeline; then the next neuron."""
        geometry, work = self._geometry, self._terms.work
        done, after, pending = Signal(geometry.terms), Signal(), Signal(geometry.terms)
        k = Signal(2)
        m.submodules.coefficient = coefficient = Coefficient(geometry)
        term = as_term(geometry, Array(work.terms[n].as_value() for n in range(geometry.terms))[k])
        target, useful, taken = self.targets.payload, Signal(), Signal()
        m.d.comb += [
            pending.eq(work.useful & ~done),
            k.eq(lowest_one(pending) if geometry.terms > 1 else 0),
            coefficient.term.eq(term),
            coefficient.factors.modulation.eq(self.modulation),
            *(coefficient.factors[name].eq(work[name]) for name in ("spike", "box", "zq", "error")),
            self.noise.neuron.eq(work.neuron),
            self.noise.purpose.eq(k),
            target.neuron.eq(work.neuron),
            target.error.eq(coefficient.value),
            target.word.eq(self.noise.word),
            target.eta_shift.eq(term.shift),
            target.rounding.eq(work.rounding),
            target.factor.eq(term.axon),
            useful.eq(coefficient.value != 0),
            taken.eq(self.targets.valid & self.targets.ready),
        ]
        self._see(m, term, k)
        waits = Const(0) if walk_hides(geometry) else after & ~self.settled
        with m.FSM():
            with m.State("NEXT"):
                m.d.comb += resting.eq(1)
                with m.If(self._terms.work_valid & pending.any()):
                    m.d.comb += self.noise.fresh.eq(1)
                    m.next = "FACTORS"
                with m.Else():
                    m.d.comb += advance.eq(1)
                    m.d.sync += [done.eq(0), after.eq(0)]
            with m.State("FACTORS"):
                m.next = "SCALE"
            with m.State("SCALE"):
                m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += self.targets.valid.eq(useful & ~waits)
                with m.If(~useful | taken):
                    m.d.sync += [done.eq(done | (1 << k)), after.eq(after | taken)]
                    m.next = "NEXT"

    def _see(self, m: Module, term: Fields, k: Value) -> None:
        """What a target tells of a term that sees its weight; with pulses, their hashes."""
        target = self.targets.payload
        if self._geometry.memristor:
            m.d.comb += target.weighted.eq(term.weighted)
        if self._geometry.memristor < 2:
            return
        write, pattern = self.pulses.write, self.pulses.pattern
        m.d.comb += [
            target.pulsed.eq(term.pulsed),
            *(target[name].eq(self._terms.work[name]) for name in spread_bits(self._geometry)),
            *(each.fresh.eq(self.noise.fresh) for each in (write, pattern)),
            *(each.neuron.eq(self.noise.neuron) for each in (write, pattern)),
            write.purpose.eq(Purpose.PULSE + k),
            pattern.purpose.eq(Purpose.PATTERN),
            target.pulse_word.eq(write.word),
            target.pattern_word.eq(pattern.word),
        ]
