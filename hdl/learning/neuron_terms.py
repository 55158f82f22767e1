"""The terms of a neuron whose coefficients may differ from 0 (contract, section 5, learn)."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    Fields,
    ParameterPort,
    address_bits,
    clip,
    delay,
    delay_strobe,
    saturate,
    select,
    spread_bits,
)
from axonloop.hdl.learning.coefficient import (
    as_term,
    is_on,
    plain_term,
    size_bits,
    term_layout,
    third_useful,
)
from axonloop.models.config import Geometry, NeuronFactor
from axonloop.models.protocol import set_bits


def known_layout(geometry: Geometry) -> data.StructLayout:
    """A neuron as the memories give it: error sums, B, S, Z, and the number of its set."""
    sums = signed(geometry.error_sum_bits)
    return data.StructLayout(
        {
            "neuron": address_bits(geometry.neurons),
            "gated": sums,
            "ungated": sums,
            "box": 1,
            "spike": 1,
            "z": geometry.trace_bits,
            "set": max(1, set_bits(geometry)),
        }
    )


def work_layout(geometry: Geometry) -> data.StructLayout:
    """A neuron with its factors and its set's terms; bit k of `useful`: term k is on, and neither
    its neuron factor nor its third factor is 0. With pulses also how far these vary."""
    spreads = spread_bits(geometry)
    return data.StructLayout(
        {
            "neuron": address_bits(geometry.neurons),
            "error": signed(geometry.error_bits),
            "box": 1,
            "spike": 1,
            "zq": size_bits(geometry),
            "rounding": 1,
            "terms": data.ArrayLayout(term_layout(geometry), geometry.terms),
            "useful": geometry.terms,
        }
        | spreads
    )


class NeuronTerms(wiring.Component):
    """E, Zq and the terms of one neuron per cycle, a pipeline of `LATENCY` = 4 stages.

        E = sat(sat(gated) B + sat(ungated)) ; Zq = min(Z >> z_shift, 2^(error_bits-1) - 1)

    In a set in which no term is on, term 0 is the plain rule.

    Members
    -------
    valid, known : a neuron, at stage 0
    modulated : the modulation is not 0
    work_valid, work : the same neuron `LATENCY` cycles later
    busy : a neuron is at stage 1 or later
    """

    LATENCY = 4

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "valid": In(1),
                "known": In(known_layout(geometry)),
                "parameters": Out(ParameterPort(geometry)),
                "modulated": In(1),
                "work_valid": Out(1),
                "work": Out(work_layout(geometry)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        known, work = self.known, self.work
        valid = delay_strobe(m, self.valid, self.LATENCY, "valid")
        neuron, box, spike = (
            delay(m, known[name], self.LATENCY - 1, name)[-1] for name in ("neuron", "box", "spike")
        )
        m.d.comb += [self.busy.eq(Cat(valid[1:]).any()), self.work_valid.eq(valid[-1])]
        error, zq = self._error(m), self._trace(m)
        words, plain, others = self._registers(m)
        on = [is_on(as_term(self._geometry, word)) for word in words]
        words = [Mux(Cat(on).any(), words[0], plain), *words[1:]]
        on[0] = on[0] | ~Cat(on).any()
        factors = {
            NeuronFactor.ONE: 1,
            NeuronFactor.SPIKE: spike,
            NeuronFactor.BOX: box,
            NeuronFactor.ZQ: zq != 0,
        }
        useful = [
            switch & self._not_zero(as_term(self._geometry, word), factors, error != 0)
            for switch, word in zip(on, words, strict=True)
        ]
        m.d.sync += [
            work.neuron.eq(neuron),
            work.box.eq(box),
            work.spike.eq(spike),
            work.error.eq(error),
            work.zq.eq(zq),
            *(work[name].eq(value) for name, value in others.items()),
            work.terms.as_value().eq(Cat(words)),
            work.useful.eq(Cat(useful)),
        ]
        return m

    def _error(self, m: Module) -> Value:
        """Stages 0 to 3: E."""
        bits = self._geometry.error_bits
        gated, ungated, error = (
            Signal(signed(bits), name=name, reset_less=True)
            for name in ("gated", "ungated", "error")
        )
        box = delay(m, self.known.box, 1, "gate")[-1]
        m.d.sync += [
            gated.eq(saturate(self.known.gated, bits)[0]),
            ungated.eq(saturate(self.known.ungated, bits)[0]),
            error.eq(saturate(Mux(box, gated, 0) + ungated, bits)[0]),
        ]
        return delay(m, error, 1, "error")[-1]

    def _trace(self, m: Module) -> Value:
        """Stages 0 to 3: Zq."""
        number = delay(m, self.known.set, 1, "set_of_z")[-1]
        z = delay(m, self.known.z, 2, "z")[-1]
        shifts = [entry["z_shift"] for entry in self._sets]
        shift = Signal.like(shifts[0], name="z_shift", reset_less=True)
        zq = Signal(unsigned(size_bits(self._geometry)), reset_less=True)
        m.d.sync += [shift.eq(select(shifts, number)), zq.eq(clip(z >> shift, len(zq))[0])]
        return zq

    def _registers(self, m: Module) -> tuple[list[Value], Value, dict[str, Value]]:
        """Stages 2 to 3: the set's terms, the plain rule as a term, and other registers."""
        number = delay(m, self.known.set, 2, "set_of_terms")[-1]
        names = [f"term_{k}" for k in range(self._geometry.terms)]
        others = ("rounding", *spread_bits(self._geometry))
        chosen: dict[str, Value] = {}
        for name in (*names, "eta_shift", *others):
            values = [entry[name] for entry in self._sets]
            kept = Signal.like(values[0], name=f"chosen_{name}", reset_less=True)
            m.d.sync += kept.eq(select(values, number))
            chosen[name] = kept
        plain = plain_term(self._geometry, chosen["eta_shift"])
        return [chosen[name] for name in names], plain, {name: chosen[name] for name in others}

    def _not_zero(
        self, term: Fields, factors: dict[NeuronFactor, ValueLike], error: Value
    ) -> Value:
        """Is neither the neuron factor nor the third factor of a term 0?"""
        neuron = Cat(factors[number] for number in NeuronFactor).bit_select(term.neuron, 1)
        return neuron & third_useful(term, error, self.modulated)

    @property
    def _sets(self) -> list[Fields]:
        return [self.parameters.sets[k] for k in range(self._geometry.parameter_sets)]
