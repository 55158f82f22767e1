"""The learning engine: the error-triggered three-factor rule (docs/contract.md, section 5, learn).

dW_ij = -eta E_i B_i P_j where E_i is not 0: Neftci 2018, eq. 6; Payvand et al. 2020. Work is
proportional to what is in error: a list of the neurons that received events replaces a sweep.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    BusSignature,
    NeuronNoise,
    address_bits,
    error_layout,
    parameter_layout,
    place_layout,
    saturate,
    select,
    target_layout,
)
from axonloop.hdl.learning.error_sums import Errors
from axonloop.hdl.learning.targets import TermTargets
from axonloop.hdl.parallel import Update
from axonloop.hdl.serial import INDEX_BITS, SerialUpdate, parameter_address_bits, parameter_width
from axonloop.models.config import Geometry, is_serial
from axonloop.models.protocol import PARAMETER_INDEX, set_bits

HASH_CYCLES = NeuronNoise.LATENCY - 3
"""Cycles before the first neuron is popped; its number is there three cycles later."""


class Learning(wiring.Component):
    """Turns error sums into weight updates.

    Rules
    -----
    1. `start` learns with the factors of the tick before; `discard` with `start` only empties the
       error sums.
    2. `box` and `set` are those of `neuron`, one cycle after `look`; with terms so are `spike` and
       `z`, and all of them stay until the next `look`.
    3. `busy` from the cycle after `start` until the last weight was written.

    Latency: max(axons / multipliers, 7) cycles per neuron in error (twice the first with one
    weight port), + NeuronNoise.LATENCY + 5 + `update_latency`. With terms a walk of axons /
    multipliers cycles, at least 5, per neuron and term that has work, + `update_latency` + 1
    between terms of a neuron where that is longer than a walk; and, if a term has work without
    errors, 1 cycle for every other neuron (see TermTargets). A serial core's: see SerialUpdate,
    with 7 cycles more per neuron.

    Members
    -------
    events : error events
    parameter_address, parameter : of a serial core: `parameter` answers in the next cycle
    pq_*, read_*, write_* : to traces and weights; see Update
    visits, updates : synapses visited and changed in this cycle
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._serial = is_serial(geometry)
        self._errors = Errors(geometry)
        self._update = SerialUpdate(geometry) if self._serial else Update(geometry)
        of_terms = {
            "modulation": In(signed(geometry.error_bits)),
            "spike": In(1),
            "z": In(geometry.trace_bits),
        }
        layout = parameter_layout(geometry)
        weights = data.ArrayLayout(signed(geometry.weight_bits), geometry.lanes)
        update = self._update
        sets = In(data.ArrayLayout(layout, geometry.parameter_sets))
        parameters = {"parameter_sets": sets}
        if self._serial:
            address, width = parameter_address_bits(geometry), parameter_width(geometry)
            parameters = {"parameter_address": Out(address), "parameter": In(width)}
        super().__init__(
            (of_terms if geometry.terms else {})
            | parameters
            | {
                "start": In(1),
                "discard": In(1),
                "tick": In(32),
                "seed": In(32),
                "core": In(8),
                "events": In(stream.Signature(error_layout(geometry))),
                "look": Out(1),
                "neuron": Out(address_bits(geometry.neurons)),
                "box": In(1),
                "set": In(max(1, set_bits(geometry))),
                "pq_enable": Out(1),
                "pq_address": Out(len(update.pq_address)),
                "pq_data": In(update.pq_data.shape()),
                "read_enable": Out(1),
                "read_place": Out(place_layout(geometry)),
                "read_data": In(weights),
                "write_enable": Out(geometry.lanes),
                "write_place": Out(place_layout(geometry)),
                "write_data": Out(weights),
                "visits": Out(len(update.visits)),
                "updates": Out(len(update.updates)),
                "busy": Out(1),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.errors, m.submodules.update = self._errors, self._update
        wiring.connect(m, wiring.flipped(self.events), self._errors.events)
        wiring.connect(m, wiring.flipped(self.bus), self._errors.bus)
        names = ("pq_enable", "pq_address", "read_enable", "read_place", "write_enable")
        for name in (*names, "write_place", "write_data", "visits", "updates"):
            m.d.comb += getattr(self, name).eq(getattr(self._update, name))
        for name in ("pq_data", "read_data"):
            m.d.comb += getattr(self._update, name).eq(getattr(self, name))
        hashing = self._update
        if not self._serial:
            purposes = 2 if self._geometry.terms else 0
            m.submodules.noise = hashing = NeuronNoise(len(self._errors.neuron), purposes)
            m.d.comb += hashing.start.eq(self.start)
        for name in ("tick", "seed", "core"):
            m.d.comb += getattr(hashing, name).eq(getattr(self, name))
        if self._geometry.terms:
            self._take_terms(m, hashing)
        else:
            m.d.comb += self.neuron.eq(self._errors.neuron)
            self._prepare(m, *self._hashed(m, hashing))
        return m

    def _hashed(self, m, hashing):
        """The strobe for a neuron and its part of the hash, which a serial update does itself."""
        fresh, word = Signal(), Signal(32)
        if not self._serial:
            m.d.comb += [
                hashing.neuron.eq(self._errors.neuron),
                hashing.fresh.eq(fresh),
                word.eq(hashing.word),
            ]
        return fresh, word

    def _take_terms(self, m, noise) -> None:
        """Targets come from the terms of the neurons' sets."""
        errors, update = self._errors, self._update
        m.submodules.terms = terms = TermTargets(self._geometry)
        wiring.connect(m, terms=terms.targets, update=update.targets)
        for name in ("start", "discard", "modulation", "parameter_sets"):
            m.d.comb += getattr(terms, name).eq(getattr(self, name))
        for name in ("box", "spike", "z", "set"):
            m.d.comb += terms.known[name].eq(getattr(self, name))
        m.d.comb += [
            terms.left.eq(errors.left),
            terms.listed.eq(errors.neuron),
            errors.pop.eq(terms.pop),
            errors.forget.eq(terms.forget),
            errors.fetch.eq(terms.fetch),
            errors.wanted.eq(terms.neuron),
            terms.known.gated.eq(errors.gated),
            terms.known.ungated.eq(errors.ungated),
            self.look.eq(terms.fetch),
            self.neuron.eq(terms.neuron),
            noise.fresh.eq(terms.fresh),
            noise.neuron.eq(terms.hashed),
            noise.purpose.eq(terms.purpose),
            terms.word.eq(noise.word),
            terms.settled.eq(~update.busy),
            self.busy.eq(terms.busy | update.busy),
        ]

    def _prepare(self, m, fresh, word) -> None:
        """Pop a neuron, gate and clip its error, hash its number, hand it to the update engine."""
        wait, discard = Signal(range(HASH_CYCLES)), Signal()
        neuron, errors = self._errors.neuron, self._errors
        target = Signal(target_layout(self._geometry))
        box, number = Signal(), Signal.like(self.set)
        working = Signal()
        m.d.comb += [
            self._update.targets.payload.eq(target),
            self._update.targets.payload.word.eq(word),
            self.busy.eq(working | self._update.busy),
        ]
        with m.FSM() as fsm:
            if self._serial:
                self._ask(m, fsm.ongoing("LOOK"))
            with m.State("IDLE"):
                m.d.sync += [wait.eq(HASH_CYCLES - 1), discard.eq(self.discard)]
                with m.If(self.start):
                    m.next = "HASH TICK"
            with m.State("HASH TICK"):
                m.d.comb += working.eq(1)
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.next = "POP"
            with m.State("POP"):
                m.d.comb += [working.eq(1), errors.pop.eq(errors.left != 0)]
                m.next = "FETCH"
                with m.If(errors.left == 0):
                    m.next = "IDLE"
            with m.State("FETCH"):
                m.d.comb += working.eq(1)
                m.next = "SUMS"
            with m.State("SUMS"):
                m.d.comb += working.eq(1)
                m.next = "GATE"
            with m.State("GATE"):
                # The neuron's number and sums are here; box and set follow in the next cycle.
                m.d.comb += [working.eq(1), fresh.eq(1), self.look.eq(1)]
                m.d.sync += target.neuron.eq(neuron)
                m.next = "LOOK"
                gated, ungated = self._clipped()
                m.d.sync += [target.error.eq(gated), self._ungated.eq(ungated)]
            with m.State("LOOK"):
                m.d.comb += working.eq(1)
                m.d.sync += [box.eq(self.box), number.eq(self.set)]
                m.next = "ERROR"
            with m.State("ERROR"):
                m.d.comb += working.eq(1)
                m.d.sync += self._finish(target, box, number)
                m.next = "RATE" if self._serial else "OFFER"
            if self._serial:
                with m.State("RATE"):
                    m.d.comb += working.eq(1)
                    m.d.sync += target.rounding.eq(self.parameter)
                    m.next = "OFFER"
            with m.State("OFFER"):
                m.d.comb += working.eq(1)
                useful = (target.error != 0) & ~discard
                m.d.comb += self._update.targets.valid.eq(useful)
                with m.If(~useful | self._update.targets.ready):
                    m.next = "POP"

    def _clipped(self):
        bits = self._geometry.error_bits
        self._ungated = Signal(signed(bits), name="ungated")
        return saturate(self._errors.gated, bits)[0], saturate(self._errors.ungated, bits)[0]

    def _ask(self, m, first) -> None:
        """A serial core's shift and rounding come from a memory, one after the other."""
        shift, rounding = (
            Const(PARAMETER_INDEX[name], INDEX_BITS) for name in ("eta_shift", "rounding")
        )
        number = self.set if set_bits(self._geometry) else Cat()
        m.d.comb += self.parameter_address.eq(Cat(Mux(first, shift, rounding), number))

    def _finish(self, target, box, number):
        """E = sat(gated B + ungated); shift and rounding of the neuron's set."""
        geometry = self._geometry
        error, _ = saturate(Mux(box, target.error, 0) + self._ungated, geometry.error_bits)
        statements = [target.error.eq(error)]
        if self._serial:
            return [*statements, target.eta_shift.eq(self.parameter)]
        sets = [self.parameter_sets[k] for k in range(geometry.parameter_sets)]
        for name in ("eta_shift", "rounding"):
            statements.append(target[name].eq(select([entry[name] for entry in sets], number)))
        return statements
