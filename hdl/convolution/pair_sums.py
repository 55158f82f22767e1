"""The exact sums of a row of weights: over all pairs of an axon and a neuron that it joins."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    FactorReads,
    Fields,
    address_bits,
    delay,
    delay_strobe,
    factor_layout,
    pq_lanes,
)
from axonloop.hdl.convolution.kernel_lane import pair_bits, total_bits
from axonloop.hdl.convolution.position_list import PIXEL_BITS, position_layout
from axonloop.hdl.convolution.shapes import shape_layout
from axonloop.hdl.parallel import axon_factor
from axonloop.models.config import Geometry, ceil_log2


def row_layout(geometry: Geometry) -> data.StructLayout:
    """A row of weights: its number and offset (`a`, `b`) in the kernel, and the axon that it would
    join with a position whose first pixel were that of axon 0. A `bias` joins it with all."""
    return data.StructLayout(
        {
            "number": address_bits(geometry.weight_rows),
            "a": 4,
            "b": 4,
            "axon": address_bits(geometry.axons),
            "bias": 1,
        }
    )


class PairSums(wiring.Component):
    """Adds up coefficient x axon factor over the positions of a row, `multipliers` weights at once.

    Latency: `LATENCY` = 6 cycles from `valid` to the sums that the position is in; one per cycle.
    Resources: multipliers of error_bits x (pq_bits + 1), and a sum and a count for each.

    Members
    -------
    shape, factor : the convolution, and what the term takes of an axon; they stay
    valid, first, last, row : of a position whose contents come in the next cycle, in `position`
    factors : of the axons
    done : the sums are those of a whole row: `totals`, `pairs` and `number`, in this cycle
    """

    LATENCY = 6

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        count = geometry.multipliers
        super().__init__(
            {
                "shape": In(shape_layout(geometry)),
                "factor": In(2),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "row": In(row_layout(geometry)),
                "position": In(position_layout(geometry)),
                "factors": Out(FactorReads(geometry)),
                "done": Out(1),
                "number": Out(address_bits(geometry.weight_rows)),
                "totals": Out(data.ArrayLayout(signed(total_bits(geometry)), count)),
                "pairs": Out(data.ArrayLayout(pair_bits(geometry), count)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry, last = self._geometry, self.LATENCY
        valid = delay_strobe(m, self.valid, last - 1, "valid")
        first = delay(m, self.first, last - 1, "first")[-1]
        ends = delay_strobe(m, self.valid & self.last, last, "ends")
        row = delay(m, self.row.as_value(), 1, "row")[-1]
        number = delay(m, self.row.number, last, "number")[-1]
        axon, inside = self._axon(m, data.View(self.row.shape(), row))
        factor = self._factor(m, valid[2], axon, inside)
        values = delay(m, self.position.values.as_value(), 3, "values")[-1]
        value = data.View(self.position.values.shape(), values)
        for k in range(geometry.multipliers):
            self._add(m, k, value[k], factor, valid[-1], first)
        m.d.comb += [self.done.eq(ends[-1]), self.number.eq(number)]
        return m

    def _axon(self, m: Module, row: Fields) -> tuple[Signal, Signal]:
        """Stage 1 to 2: the axon that the row joins with the position, and whether there is one."""
        position, shape = self.position, self.shape
        y, x = (Signal(signed(PIXEL_BITS), name=name) for name in "yx")
        axon = Signal(address_bits(self._geometry.axons), reset_less=True)
        inside = Signal(reset_less=True)
        m.d.comb += [y.eq(position.y + row.a), x.eq(position.x + row.b)]
        within = (y >= 0) & (y < shape.in_height) & (x >= 0) & (x < shape.in_width)
        m.d.sync += [
            axon.eq(row.axon + Mux(row.bias, 0, position.axon)),
            inside.eq(within | row.bias),
        ]
        return axon, inside

    def _factor(self, m: Module, valid: Value, axon: Value, inside: Value) -> Signal:
        """Stage 2 to 4: what the term takes of the axon; 0 where there is none."""
        geometry, factors = self._geometry, self.factors
        lane_bits = ceil_log2(pq_lanes(geometry))
        m.d.comb += [factors.enable.eq(valid), factors.address.eq(axon >> lane_bits)]
        there, part = delay(m, inside, 1, "there")[-1], Signal(max(1, lane_bits))
        m.d.sync += part.eq(axon[:lane_bits])
        row: Fields = Signal(factor_layout(geometry), name="chosen_row")
        words = factors.data.as_value()
        m.d.comb += row.as_value().eq(words.word_select(part, row.shape().size))
        found = Signal(geometry.pq_bits, name="factor_found", reset_less=True)
        chosen = axon_factor(row, self.factor) if geometry.terms else row.pq
        m.d.sync += found.eq(Mux(there, chosen, 0))
        return found

    def _add(
        self, m: Module, k: int, value: Value, factor: Value, valid: Value, first: Value
    ) -> None:
        """Stage 4 to 6: the product, and then the sum and the number of those that are not 0."""
        geometry = self._geometry
        product = Signal(
            signed(geometry.error_bits + geometry.pq_bits), name=f"product_{k}", reset_less=True
        )
        both = Signal(name=f"both_{k}", reset_less=True)
        m.d.sync += [product.eq(value * factor), both.eq(value.any() & factor.any())]
        total, pairs = self.totals[k], self.pairs[k]
        with m.If(valid):
            m.d.sync += [
                total.eq(Mux(first, 0, total) + product),
                pairs.eq(Mux(first, 0, pairs) + both),
            ]
