"""The weight update of one neuron after the other, `multipliers` synapses per cycle."""

from collections.abc import Sequence
from functools import reduce
from operator import add

from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    AXON_ROUNDS,
    FactorReads,
    Fields,
    WeightReads,
    WeightWrites,
    address_bits,
    awake,
    axon_code,
    axon_code_constant,
    delay,
    delay_strobe,
    factor_layout,
    lane_turn,
    location_layout,
    noise_stages,
    popcount,
    pq_lanes,
    saturate,
    target_layout,
    weight_latency,
    with_pulses,
)
from axonloop.hdl.parallel.memristor_lane import memristor_latency
from axonloop.models.config import AxonFactor, Geometry, ceil_log2, parameter_max
from axonloop.models.protocol import parameter_bits

COUNTED_BITS = 8
"""Bits that are counted before the register of a count."""


def rounding_layout(geometry: Geometry) -> data.StructLayout:
    """The rounding term that is added to a product before the shift: noise & `mask`, or `half`."""
    bits = parameter_max(geometry)["eta_shift"]
    return data.StructLayout({"mask": bits, "half": bits})


class UpdateLane(wiring.Component):
    """One synapse: W' = sat(W - round(E Pq, eta_shift)), a pipeline of `LATENCY` = 8 stages.

    The noise takes the first four stages (one round each), with the product in the fourth; then
    adding the noise, shifting, subtracting and clipping take one each. One multiplier of
    error_bits x (pq_bits + 1).

    Members
    -------
    word, weight, pq : stage 0; `word` is the hash before the axon rounds
    error : stage 3
    rounding : stage 4
    shift : eta_shift at stage 5
    new_weight, visited, changed : `LATENCY` cycles later; the new weight counts if `changed`
    """

    LATENCY = 8

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        weight = signed(geometry.weight_bits)
        shift = parameter_bits(geometry)["eta_shift"]
        super().__init__(
            {
                "word": In(32),
                "weight": In(weight),
                "pq": In(geometry.pq_bits),
                "error": In(signed(geometry.error_bits)),
                "rounding": In(rounding_layout(geometry)),
                "shift": In(shift),
                "new_weight": Out(weight),
                "visited": Out(1),
                "changed": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry = self._geometry
        pq = delay(m, self.pq, 3, "pq")
        word = noise_stages(m, self.word, AXON_ROUNDS)
        weight = delay(m, self.weight, 6, "weight")
        product = Signal(signed(geometry.error_bits + geometry.pq_bits + 1), reset_less=True)
        visited = delay(m, (self.pq != 0) & (self.weight != geometry.no_synapse), 7, "visited")
        noisy = Signal(signed(max(len(product), len(self.rounding.mask) + 1) + 1), reset_less=True)
        change = Signal(signed(len(product) + 1), reset_less=True)
        exact = Signal(signed(max(len(change), geometry.weight_bits) + 1), reset_less=True)
        value, clipped = saturate(exact, geometry.weight_bits)
        # A weight stays if nothing is subtracted, or if it is at the limit that it is clipped to.
        none, low, high = (Signal(reset_less=True) for _ in range(3))
        m.d.sync += [
            none.eq(change == 0),
            low.eq(weight[6] == -geometry.weight_max),
            high.eq(weight[6] == geometry.weight_max),
        ]
        stays = none | (clipped & Mux(exact < 0, low, high))
        m.d.sync += [
            product.eq(self.error * pq[3]),
            noisy.eq(product + ((word & self.rounding.mask) | self.rounding.half)),
            change.eq(noisy >> self.shift),
            exact.eq(weight[6] - change),
            self.new_weight.eq(value),
            self.visited.eq(visited[7]),
            self.changed.eq(visited[7] & ~stays),
        ]
        return m


def update_latency(geometry: Geometry) -> int:
    """Cycles from the read of a weight until the new one is in the banks; odd, so that with one
    weight port, where reads take every second cycle, writes fall between them."""
    lane = memristor_latency(geometry) if geometry.memristor else UpdateLane.LATENCY
    return weight_latency(geometry) + lane + 1


def walk_hides(geometry: Geometry) -> bool:
    """Is a neuron's walk so long that its first weights are in the banks when it ends?"""
    cycles = geometry.axons // geometry.multipliers * (3 - geometry.weight_ports)
    return cycles > update_latency(geometry)


class Update(wiring.Component):
    """Walks over all axons of a neuron in error, `multipliers` synapses per cycle.

    Rules
    -----
    1. `targets` hands over one neuron; the next is taken without a gap. The same one again must
       wait until not `busy`, if not `walk_hides`.
    2. `busy` until the last write was handed to the weight memory and reached the banks.

    Latency: axons / multipliers cycles per target (twice with one weight port), +
    `update_latency`.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._pq_lanes = pq_lanes(geometry)
        super().__init__(
            {
                "targets": In(stream.Signature(target_layout(geometry))),
                "factors": Out(FactorReads(geometry)),
                "reads": Out(WeightReads(geometry)),
                "writes": Out(WeightWrites(geometry)),
                "visits": Out(range(geometry.multipliers + 1)),
                "updates": Out(range(geometry.multipliers + 1)),
                "busy": Out(1),
            }
            | with_pulses(geometry, pulses=Out(range(geometry.multipliers + 1)))
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        issue, axon, target = self._walk(m)
        lane_bits = ceil_log2(self._geometry.lanes)
        location = Signal(location_layout(self._geometry))
        m.d.comb += [
            location.column.eq(1),
            location.axon.eq(axon),
            location.group.eq(target.neuron >> lane_bits),
            location.lane.eq(target.neuron[:lane_bits]),
            self.reads.enable.eq(issue),
            self.reads.location.eq(location),
        ]
        latency = update_latency(self._geometry)
        valid = delay_strobe(m, issue, latency, "valid")
        lanes = self._lanes(m, valid, axon, target, platform)
        locations = delay(m, location.as_value(), latency - 1, "location")
        done, where = valid[latency - 1], location_layout(self._geometry)
        visited = Cat(lane.visited for lane in lanes)
        changed = Cat(lane.changed for lane in lanes)
        m.d.comb += [
            self.writes.enable.eq(Mux(done, visited & changed, 0)),
            self.writes.location.eq(locations[-1]),
            self.writes.expected.eq(valid[latency - 2]),
            self.writes.turn.eq(lane_turn(self._geometry, where(locations[-2]))),
            self.writes.data.as_value().eq(Cat(lane.new_weight for lane in lanes)),
            self.busy.eq(Cat(valid).any()),
        ]
        self._count(m, done, lanes)
        return m

    def _count(self, m: Module, done: Value, lanes: Sequence[Fields]) -> None:
        visited = Cat(lane.visited for lane in lanes)
        changed = Cat(lane.changed for lane in lanes)
        m.d.comb += [
            self.visits.eq(counted(m, done, visited, "visited")),
            self.updates.eq(counted(m, done, changed, "changed")),
        ]

    def _walk(self, m: Module) -> tuple[Signal, Signal, Fields]:
        """Issue one access after the other: axon blocks of the target."""
        step, last = self._geometry.multipliers, self._geometry.axons - self._geometry.multipliers
        active, target = Signal(), Signal(target_layout(self._geometry))
        axon, issue = Signal(address_bits(self._geometry.axons)), Signal()
        final = Signal()
        m.d.comb += [
            issue.eq(active),
            final.eq(issue & (axon == last)),
            self.targets.ready.eq(~active | final),
        ]
        if self._geometry.weight_ports == 1:
            turn = Signal()
            m.d.sync += turn.eq(~turn)
            m.d.comb += issue.eq(active & turn)
        with m.If(issue):
            m.d.sync += axon.eq(axon + step)
        with m.If(final):
            m.d.sync += [active.eq(0), axon.eq(0)]
        with m.If(self.targets.ready & self.targets.valid):
            m.d.sync += [active.eq(1), axon.eq(0), target.eq(self.targets.payload)]
        return issue, axon, target

    def _lanes(
        self, m: Module, valid: list[Value], axon: Value, target: Fields, platform: object
    ) -> Sequence[Fields]:
        """The hash before the axon rounds, Pq and the weights, at the same time in every lane."""
        geometry = self._geometry
        count, later = geometry.multipliers, weight_latency(geometry) - 2
        axon, factors = self._fetch(m, valid[later], axon, target, later)
        enable = self._enable(m, valid[later:-1], platform)
        word = self._word(m, target.word, axon, later)
        rounding = self._rounding(m, target, later + 5)
        error = delay(m, target.error, later + 5, "error")[-1]
        shift = delay(m, target.eta_shift, later + 7, "shift")[-1]
        lanes = []
        for k in range(count):
            lane = UpdateLane(geometry)
            m.submodules[f"lane_{k}"] = EnableInserter(enable)(lane)
            with m.If(enable):
                m.d.sync += [
                    lane.word.eq(word ^ axon_code_constant(k)),
                    lane.pq.eq(factors[k]),
                ]
            m.d.comb += [lane.weight.eq(self.reads.data[k]), lane.error.eq(error)]
            m.d.comb += [lane.rounding.eq(rounding), lane.shift.eq(shift)]
            lanes.append(lane)
        return lanes

    def _enable(self, m: Module, valid: list[Value], platform: object) -> Value:
        """The lanes' clock enable: idle lanes stand still, which spares a simulator their work."""
        busy = Signal()
        m.d.sync += busy.eq(Cat(valid).any())
        return awake(busy, platform)

    def _word(
        self, m: Module, hashed: Value, axon: Value, later: int, name: str = "word"
    ) -> Signal:
        """The hash of a target with the part of the code that its lanes share; `axon` is `later`
        than the target."""
        word = Signal(32, name=name, reset_less=True)
        m.d.sync += word.eq(delay(m, hashed, later, f"{name}_hashed")[-1] ^ axon_code(axon))
        return word

    def _fetch(
        self, m: Module, valid: Value, axon: Value, target: Fields, later: int
    ) -> tuple[Value, list[Value]]:
        """Ask for the axons' factors, `later` than the target; returns the axon then, and them."""
        axon = delay(m, axon, later, "axon")[-1]
        m.d.comb += [
            self.factors.enable.eq(valid),
            self.factors.address.eq(axon >> ceil_log2(self._pq_lanes)),
        ]
        return axon, self._factors(m, axon, target, later + 1)

    def _factors(self, m: Module, axon: Value, target: Fields, cycles: int) -> list[Value]:
        """Of the word of factors that `axon` asked for, the part for the lanes; `cycles` after the
        target, what its term takes of them."""
        geometry = self._geometry
        layout = data.ArrayLayout(factor_layout(geometry), geometry.multipliers)
        rows = data.View(layout, self._part(m, axon))
        if not geometry.terms:
            return [rows[k].pq for k in range(geometry.multipliers)]
        factor = delay(m, target.factor, cycles, "factor")[-1]
        return [axon_factor(rows[k], factor) for k in range(geometry.multipliers)]

    def _part(self, m: Module, axon: Value) -> Value:
        count = self._geometry.multipliers
        parts, factors = self._pq_lanes // count, self.factors.data.as_value()
        part = Signal(max(1, ceil_log2(parts)))
        m.d.sync += part.eq(axon >> ceil_log2(count))
        return factors.word_select(part, len(factors) // parts) if parts > 1 else factors

    def _rounding(self, m: Module, target: Fields, cycles: int) -> Fields:
        """How the lanes round, `cycles` + 1 later than the target."""
        shift = delay(m, target.eta_shift, cycles, "early_shift")[-1]
        nearest = delay(m, target.rounding, cycles, "nearest")[-1]
        rounding = Signal(rounding_layout(self._geometry), reset_less=True)
        one = (1 << shift)[: len(rounding.mask) + 1]
        m.d.sync += [
            rounding.mask.eq(Mux(nearest, 0, one - 1)),
            rounding.half.eq(Mux(nearest, one >> 1, 0)),
        ]
        return rounding


def counted(m: Module, done: Value, bits: Value, name: str) -> Value:
    """The number of ones in the cycle before: counts of a few bits each, a register, their sum.

    It is 0 if that cycle was not `done`.
    """
    parts = []
    for first in range(0, len(bits), COUNTED_BITS):
        some = bits[first : first + COUNTED_BITS]
        part = Signal(range(len(some) + 1), name=f"{name}_{first}")
        m.d.sync += part.eq(Mux(done, popcount(some), 0))
        parts.append(part)
    return reduce(add, parts)


def axon_factor(row: Fields, factor: Value) -> Value:
    """The axon factor of a term by the low bits of its number."""
    values = {AxonFactor.ONE: row.mark[0], AxonFactor.SPIKE: row.mark[1], AxonFactor.QQ: row.qq}
    found: Value = row.pq
    for number, value in values.items():
        found = Mux(factor == number, value, found)
    return found
