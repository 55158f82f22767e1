"""One term of a learning rule, and its coefficient (docs/contract.md, sections 4 and 5, learn).

dW = sign * a * n * third: the products of Clopath et al., Pfister & Gerstner and the like have
a factor of the axon, one of the neuron and one that is broadcast.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import clip, magnitude
from axonloop.models.config import (
    ERROR_DRIVEN,
    TERM_FIELDS,
    WEIGHT_FIELDS,
    AxonFactor,
    Geometry,
    NeuronFactor,
    ThirdFactor,
    plain_rule,
)


def term_layout(geometry: Geometry) -> data.StructLayout:
    """The word of a term; the page's table, from bit 0 up, as far as it is built."""
    seeing = list(WEIGHT_FIELDS.items())[: geometry.memristor]
    return data.StructLayout(TERM_FIELDS | dict(seeing))


def as_term(geometry: Geometry, word: Value) -> data.View:
    """A register `term_k` by its fields."""
    return data.View(term_layout(geometry), word)


def plain_term(geometry: Geometry, eta_shift: Value) -> Value:
    """The plain rule as a term, with its shift."""
    below = sum(TERM_FIELDS.values()) - TERM_FIELDS["shift"]
    return Cat(Const(plain_rule(0).word, below), eta_shift, Const(0, geometry.memristor))


def is_on(term: data.View) -> Value:
    """Does the term do anything? Factors that the table does not have switch it off."""
    known = (term.axon <= max(AxonFactor)) & (term.third <= max(ThirdFactor))
    return (term.axon != AxonFactor.OFF) & known


def size_bits(geometry: Geometry) -> int:
    """Width of a neuron factor, which is below 2^(error_bits - 1), and of |c|."""
    return geometry.error_bits - 1


def factors_layout(geometry: Geometry) -> data.StructLayout:
    """The factors of a term's coefficient: S, B, Zq of the neuron, E and M from outside."""
    return data.StructLayout(
        {
            "spike": 1,
            "box": 1,
            "zq": unsigned(size_bits(geometry)),
            "error": signed(geometry.error_bits),
            "modulation": signed(geometry.error_bits),
        }
    )


def neuron_factor(term: data.View, factors: data.View) -> Value:
    """n of a term."""
    values = {
        NeuronFactor.ONE: Const(1, 1),
        NeuronFactor.SPIKE: factors.spike,
        NeuronFactor.BOX: factors.box,
    }
    found: Value = factors.zq
    for number, value in values.items():
        found = Mux(term.neuron == number, value, found)
    return found


def third_factor(term: data.View, factors: data.View) -> Value:
    """1, E or M of a term that is on."""
    broadcast = Mux(term.third == ThirdFactor.MODULATION, factors.modulation, Const(1, 2))
    return Mux(term.third == ThirdFactor.ERROR, factors.error, broadcast)


def third_useful(term: data.View, error: Value, modulated: Value) -> Value:
    """Is the third factor of a term that is on not 0, where E is not 0, or M is `modulated`?"""
    driven = Cat(term.third == factor for factor in sorted(ERROR_DRIVEN)).any()
    broadcast = Mux(term.third == ThirdFactor.MODULATION, modulated, 1)
    return Mux(driven, error, broadcast)


class Coefficient(wiring.Component):
    """The coefficient of a term, by which the axon's factor is multiplied.

        c = sat(sign(x) (|x| >> scale)) with x = n third, and -c if the term rises

    Latency: `LATENCY` = 3 cycles, in which the inputs stand still; so does the result then.
    Resources: one multiplier of (error_bits - 1) x error_bits.
    """

    LATENCY = 3

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "term": In(term_layout(geometry)),
                "factors": In(factors_layout(geometry)),
                "value": Out(signed(geometry.error_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, term = self._geometry.error_bits, self.term
        third = Signal(signed(bits))
        of_neuron = Signal(size_bits(self._geometry), reset_less=True)
        size, negative = Signal(bits, reset_less=True), Signal(reset_less=True)
        product = Signal(len(of_neuron) + bits, reset_less=True)
        kept, _ = clip(product >> term.scale, size_bits(self._geometry))
        m.d.comb += third.eq(third_factor(term, self.factors))
        m.d.sync += [
            of_neuron.eq(neuron_factor(term, self.factors)),
            size.eq(magnitude(third)),
            negative.eq((third < 0) ^ term.rise),
            product.eq(of_neuron * size),
            self.value.eq(Mux(negative, -kept, kept)),
        ]
        return m
