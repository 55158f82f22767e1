"""One weight of a kernel after the other: the sum of its pairs is rounded once and subtracted."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    AXON_ROUNDS,
    NEURON_ROUNDS,
    address_bits,
    axon_code,
    delay,
    delay_strobe,
    noise_rounds,
    saturate,
)
from axonloop.models.config import Geometry, ceil_log2, parameter_max
from axonloop.models.protocol import parameter_bits

CODE_BITS = 11
"""Bits of a row that go into the hash as an axon; those above go into the neuron."""


def total_bits(geometry: Geometry) -> int:
    """Width of the exact sum of a weight: a product for each position."""
    return geometry.error_bits + geometry.pq_bits + ceil_log2(geometry.groups)


def pair_bits(geometry: Geometry) -> int:
    """Width of a number of pairs."""
    return geometry.groups.bit_length()


class KernelLane(wiring.Component):
    """W' = sat(W - round(X, shift)): a pipeline of `LATENCY` = 7 stages, a weight per cycle.

    The hash takes the first four stages, two rounds each; then adding the noise, shifting, and
    subtracting and clipping take one each.

    Members
    -------
    common : the hash of tick, seed and core
    term, shift, nearest : of the channels; they stay
    valid, total, pairs, weight, channel, row : stage 0
    done, new_weight, changed, visits : `LATENCY` cycles later
    """

    LATENCY = 7

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        weight = signed(geometry.weight_bits)
        super().__init__(
            {
                "common": In(32),
                "term": In(2),
                "shift": In(parameter_bits(geometry)["eta_shift"]),
                "nearest": In(1),
                "valid": In(1),
                "total": In(signed(total_bits(geometry))),
                "pairs": In(pair_bits(geometry)),
                "weight": In(weight),
                "channel": In(address_bits(geometry.weight_columns)),
                "row": In(address_bits(geometry.weight_rows)),
                "done": Out(1),
                "new_weight": Out(weight),
                "changed": Out(1),
                "visits": Out(pair_bits(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry, latency = self._geometry, self.LATENCY
        word = self._hash(m)
        bits = parameter_max(geometry)["eta_shift"]
        mask, half = Signal(bits, reset_less=True), Signal(bits, reset_less=True)
        one = (1 << self.shift)[: bits + 1]
        m.d.sync += [
            mask.eq(Mux(self.nearest, 0, one - 1)),
            half.eq(Mux(self.nearest, one >> 1, 0)),
        ]
        total = delay(m, self.total, 4, "total")[4]
        weight = delay(m, self.weight, 6, "weight")[6]
        pairs = delay(m, self.pairs, 6, "pairs")[6]
        noisy = Signal(signed(max(len(total), bits + 1) + 1), reset_less=True)
        change = Signal(signed(len(noisy)), reset_less=True)
        exact = weight - change
        value, _ = saturate(exact, geometry.weight_bits)
        present = weight != geometry.no_synapse
        m.d.sync += [
            noisy.eq(total + ((word & mask) | half)),
            change.eq(noisy >> self.shift),
            self.new_weight.eq(value),
            self.changed.eq(present & (value != weight)),
            self.visits.eq(Mux(present, pairs, 0)),
        ]
        m.d.comb += self.done.eq(delay_strobe(m, self.valid, latency, "valid")[-1])
        return m

    def _hash(self, m: Module) -> Signal:
        """Stages 0 to 4: channel and high bits of the row as the neuron, low ones as the axon."""
        low, high = self.row[:CODE_BITS], self.row[CODE_BITS:]
        channel = Cat(self.channel, Const(0, CODE_BITS - len(self.channel)))
        neuron = Cat(channel, high, Const(0, 16 - CODE_BITS - len(high)))
        word = self.common ^ Cat(neuron, self.term)
        rows = delay(m, low, 2, "row")
        rounds = range(NEURON_ROUNDS.start, AXON_ROUNDS.stop)
        for stage in range(len(rounds) // 2):
            if rounds[2 * stage] == AXON_ROUNDS.start:
                word = word ^ axon_code(rows[stage])
            mixed = Signal(32, name=f"word_{stage}", reset_less=True)
            m.d.sync += mixed.eq(noise_rounds(word, rounds[2 * stage : 2 * stage + 2]))
            word = mixed
        return word
