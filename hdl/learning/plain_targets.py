"""Which neurons learn by the plain rule: one target after the other for the update engine."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    INDEX_BITS,
    ErrorSums,
    Fields,
    NeuronHash,
    NeuronLookup,
    NeuronNoise,
    ParameterPort,
    address_bits,
    saturate,
    select,
    target_layout,
)
from axonloop.models.config import Geometry
from axonloop.models.protocol import PARAMETER_INDEX, set_bits

HASH_CYCLES = NeuronNoise.LATENCY - 3
"""Cycles before the first neuron is popped; its number is there three cycles later."""


class PlainTargets(wiring.Component):
    """Pops the neurons in error, gates and clips their errors, hands them to the update engine.

    Rules
    -----
    1. After `start` the list is popped; with `discard` nothing learns.
    2. A neuron whose error is 0 makes no target.

    Latency: 7 cycles per neuron (a serial core: 8), or the walk of the update engine if that is
    longer; `HASH_CYCLES` before the first one.

    Members
    -------
    errors, lookup, parameters, noise : what a target is made of
    targets : to the update engine; `settled` while that is at rest
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "start": In(1),
                "discard": In(1),
                "errors": Out(ErrorSums(geometry)),
                "lookup": Out(NeuronLookup(geometry)),
                "parameters": Out(ParameterPort(geometry)),
                "noise": Out(NeuronHash(address_bits(geometry.neurons))),
                "targets": Out(stream.Signature(target_layout(geometry))),
                "settled": In(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        wait, discard = Signal(range(HASH_CYCLES)), Signal()
        errors, lookup, bits = self.errors, self.lookup, self._geometry.error_bits
        target: Fields = Signal(target_layout(self._geometry))
        ungated = Signal(signed(bits))
        box, number = Signal(), Signal.like(lookup.set)
        m.d.comb += [
            lookup.neuron.eq(errors.neuron),
            self.noise.neuron.eq(errors.neuron),
            self.targets.payload.eq(target),
            self.targets.payload.word.eq(self.noise.word),
        ]
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("IDLE"))
            with m.State("IDLE"):
                m.d.sync += [wait.eq(HASH_CYCLES - 1), discard.eq(self.discard)]
                with m.If(self.start):
                    m.next = "HASH TICK"
            with m.State("HASH TICK"):
                m.d.sync += wait.eq(wait - 1)
                with m.If(wait == 0):
                    m.next = "POP"
            with m.State("POP"):
                m.d.comb += errors.pop.eq(errors.left != 0)
                m.next = "FETCH"
                with m.If(errors.left == 0):
                    m.next = "IDLE"
            with m.State("FETCH"):
                m.next = "SUMS"
            with m.State("SUMS"):
                m.next = "GATE"
            with m.State("GATE"):
                # The neuron's number and sums are here; box and set follow in the next cycle.
                m.d.comb += [self.noise.fresh.eq(1), lookup.look.eq(1)]
                m.d.sync += [
                    target.neuron.eq(errors.neuron),
                    target.error.eq(saturate(errors.gated, bits)[0]),
                    ungated.eq(saturate(errors.ungated, bits)[0]),
                ]
                m.next = "LOOK"
            with m.State("LOOK"):
                m.d.sync += [box.eq(lookup.box), number.eq(lookup.set)]
                m.next = "ERROR"
            error, _ = saturate(Mux(box, target.error, 0) + ungated, bits)
            self._finish(m, fsm.ongoing("LOOK"), target, error, number)
            with m.State("OFFER"):
                useful = (target.error != 0) & ~discard
                m.d.comb += self.targets.valid.eq(useful)
                with m.If(~useful | self.targets.ready):
                    m.next = "POP"
        return m

    def _finish(self, m: Module, looks: Value, target: Fields, error: Value, number: Value) -> None:
        """State ERROR: the error, and shift and rounding of the neuron's set."""
        sets = [self.parameters.sets[k] for k in range(self._geometry.parameter_sets)]
        with m.State("ERROR"):
            m.d.sync += target.error.eq(error)
            for name in ("eta_shift", "rounding"):
                m.d.sync += target[name].eq(select([entry[name] for entry in sets], number))
            m.next = "OFFER"


class SerialTargets(PlainTargets):
    """The same for a serial core, whose registers come from a memory, one after the other."""

    def _finish(self, m: Module, looks: Value, target: Fields, error: Value, number: Value) -> None:
        """States ERROR and RATE: what was asked for in the state before is here."""
        shift, rounding = (
            Const(PARAMETER_INDEX[name], INDEX_BITS) for name in ("eta_shift", "rounding")
        )
        shown = self.lookup.set if set_bits(self._geometry) else Cat()
        index, value = Mux(looks, shift, rounding), self.parameters.value
        m.d.comb += self.parameters.address.eq(Cat(index, shown))
        with m.State("ERROR"):
            m.d.sync += [target.error.eq(error), target.eta_shift.eq(value)]
            m.next = "RATE"
        with m.State("RATE"):
            m.d.sync += target.rounding.eq(value)
            m.next = "OFFER"
