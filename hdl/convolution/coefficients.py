"""The coefficients of all neurons, collected before the kernels learn from them."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import address_bits, disjoint_memory, target_layout
from axonloop.models.config import Geometry, ceil_log2
from axonloop.models.protocol import parameter_bits


def rule_layout(geometry: Geometry) -> data.StructLayout:
    """How the weights of some channels learn: their shift and rounding, and what of the axon."""
    return data.StructLayout(
        {
            "eta_shift": parameter_bits(geometry)["eta_shift"],
            "rounding": 1,
            "factor": 2,
        }
    )


def coefficients_layout(geometry: Geometry) -> data.ArrayLayout:
    """The coefficients of `multipliers` neighbouring neurons."""
    return data.ArrayLayout(signed(geometry.error_bits), geometry.multipliers)


def term_count(geometry: Geometry) -> int:
    """Terms of a rule, the plain one included."""
    return max(1, geometry.terms)


class Coefficients(wiring.Component):
    """A memory of coefficients, by term and neuron, 0 where a neuron has no work.

    Rules
    -----
    1. After `clear` all are 0 as soon as `clearing` is; until then no target is taken.
    2. A target writes its coefficient. What it says besides is that of the last target of its word.

    Latency: neurons / multipliers cycles per term to clear, up to a power of two; a word follows
    `word` after one cycle.
    Resources: neurons x error_bits bits of memory per term, and little more.

    Members
    -------
    targets, term : neurons that learn, and the number of the term
    enable, read_term, word, values, rule : the read port
    any : for each term whether a target came since `clear`
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._words = geometry.neurons // geometry.multipliers
        terms = term_count(geometry)
        super().__init__(
            {
                "clear": In(1),
                "clearing": Out(1),
                "targets": In(stream.Signature(target_layout(geometry))),
                "term": In(address_bits(terms)),
                "any": Out(terms),
                "enable": In(1),
                "read_term": In(address_bits(terms)),
                "word": In(address_bits(self._words)),
                "values": Out(coefficients_layout(geometry)),
                "rule": Out(rule_layout(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry, target, out = self._geometry, self.targets.payload, self.rule
        bits, terms = geometry.error_bits, term_count(geometry)
        lane_bits = ceil_log2(geometry.multipliers)
        depth = terms << len(self.word)
        size = self.values.shape().size
        m.submodules.store = store = disjoint_memory(size, depth)
        m.submodules.rules = rules = disjoint_memory(out.shape().size, depth)
        write, read = store.write_port(granularity=bits), store.read_port()
        keep, recall = rules.write_port(), rules.read_port()
        address, taken = Signal(range(depth)), Signal()
        lane = target.neuron[:lane_bits]
        number = Signal.like(self.word, name="number")
        there = Cat(number, self.term)
        rule = Signal(out.shape())
        m.d.comb += [
            number.eq(target.neuron >> lane_bits),
            self.targets.ready.eq(~self.clearing),
            taken.eq(self.targets.valid & ~self.clearing),
            write.addr.eq(Mux(self.clearing, address, there)),
            write.data.eq(Mux(self.clearing, 0, target.error.replicate(geometry.multipliers))),
            write.en.eq(Mux(self.clearing, ~0, Mux(taken, 1 << lane, 0))),
            rule.eta_shift.eq(target.eta_shift),
            rule.rounding.eq(target.rounding),
            keep.en.eq(taken),
            keep.addr.eq(there),
            keep.data.eq(rule),
            *(port.en.eq(self.enable) for port in (read, recall)),
            *(port.addr.eq(Cat(self.word, self.read_term)) for port in (read, recall)),
            self.values.as_value().eq(read.data),
            out.as_value().eq(recall.data),
        ]
        if geometry.terms:
            m.d.comb += rule.factor.eq(target.factor)
        with m.If(self.clearing):
            m.d.sync += [address.eq(address + 1), self.clearing.eq(address != depth - 1)]
        with m.If(taken):
            m.d.sync += self.any.eq(self.any | (1 << self.term))
        with m.If(self.clear):
            m.d.sync += [self.clearing.eq(1), address.eq(0), self.any.eq(0)]
        return m
