"""The weight update one synapse after the other, for a core of one multiplier on a small FPGA."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    FactorReads,
    HashInputs,
    WeightReads,
    WeightWrites,
    address_bits,
    axon_code,
    lane_turn,
    noise_round,
    saturate,
    target_layout,
)
from axonloop.models.config import MAX_ETA_SHIFT, Geometry, Rounding, ceil_log2

ROUNDS = 18
"""Rounds of the hash for a synapse."""
ROUND_FACTOR = 0x9E37
"""The constant of round n is n + 1 times this."""
SEED_ROUND, CORE_ROUND, NEURON_ROUND, AXON_ROUND = 4, 8, 10, 14
"""Rounds before which the parts of a synapse's name are mixed in."""


class SerialNoise(wiring.Component):
    """The rounding hash of contract section 9, one round per cycle, from nothing for every synapse.

    `word` is the hash `LATENCY` = 19 cycles after `start`, and stays until the next `start`. The
    other inputs must stand still meanwhile.
    """

    LATENCY = ROUNDS + 1

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(
            {
                "start": In(1),
                "inputs": In(HashInputs()),
                "neuron": In(address_bits(geometry.neurons)),
                "axon": In(address_bits(geometry.axons)),
                "done": Out(1),
                "word": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # In cycle k the round is k - 1; in cycle 0 a round of zeroes with the constant 0 is none.
        cycle = Signal(range(ROUNDS + 2), init=ROUNDS + 1)
        constant, added = Signal(16), Signal(32)
        parts: dict[int, Value] = {
            0: self.inputs.tick,
            SEED_ROUND: self.inputs.seed,
            CORE_ROUND: self.inputs.core,
            NEURON_ROUND: self.neuron,
            AXON_ROUND: axon_code(self.axon),
        }
        m.d.comb += [constant.eq(cycle * ROUND_FACTOR), self.done.eq(cycle == ROUNDS + 1)]
        with m.Switch(cycle):
            for before, part in parts.items():
                with m.Case(before):
                    m.d.comb += added.eq(part)
        with m.If(~self.done):
            m.d.sync += [
                self.word.eq(noise_round(self.word, constant) ^ added),
                cycle.eq(cycle + 1),
            ]
        with m.If(self.start):
            m.d.sync += [self.word.eq(0), cycle.eq(0)]
        return m


class SerialUpdate(wiring.Component):
    """Walks over all axons of a neuron in error; W' = sat(W - round(E Pq, eta_shift)).

    The ports are those of `Update`, and the inputs of the hash. Rounding and shift
    are one: the product leaves bit by bit, its low bits meet those of the hash, and what is left
    with the last carry is the change. (For `nearest`, whose addend has one bit, the last carry is
    the last bit that left.)

    Rules
    -----
    1. `targets` is taken when its last synapse is done; its `word` is not used.
    2. The answers of `factors` and `reads` stand still until the next access.
    3. `busy` until the last write has reached the banks.

    Latency: `SILENT` = 2 cycles for an axon whose Pq is 0; else `VISITED` = 24, and one for each
    bit of eta_shift.
    Resources: one multiplier of error_bits x (pq_bits + 1), one of 5 x 16 bits.
    """

    SILENT, VISITED = 2, SerialNoise.LATENCY + 5

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "targets": In(stream.Signature(target_layout(geometry))),
                "inputs": In(HashInputs()),
                "factors": Out(FactorReads(geometry)),
                "reads": Out(WeightReads(geometry)),
                "writes": Out(WeightWrites(geometry)),
                "visits": Out(1),
                "updates": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        axon, target = Signal(address_bits(self._geometry.axons)), self.targets.payload
        noise = self._noise(m, axon)
        self._name(m, axon)
        product = Signal(signed(self._geometry.error_bits + self._geometry.pq_bits))
        carry, step = Signal(), Signal(range(MAX_ETA_SHIFT + 1))
        with m.FSM() as fsm:
            m.d.comb += self.busy.eq(~fsm.ongoing("REST"))
            with m.State("REST"):
                m.d.sync += axon.eq(0)
                with m.If(self.targets.valid):
                    m.next = "READ"
            with m.State("READ"):
                m.d.comb += [self.reads.enable.eq(1), self.factors.enable.eq(1), noise.start.eq(1)]
                m.next = "LOOK"
            with m.State("LOOK"):
                m.next = "HASH"
                with m.If(self.factors.data[0].pq == 0):
                    self._go_on(m, axon)
            with m.State("HASH"):
                m.d.sync += [
                    product.eq(target.error * self.factors.data[0].pq),
                    carry.eq(0),
                    step.eq(0),
                ]
                with m.If(noise.done):
                    m.next = "SHIFT"
            with m.State("SHIFT"):
                m.d.comb += self.writes.expected.eq(1)
                m.next = "APPLY"
                with m.If(step != target.eta_shift):
                    low, bit = product[0], noise.word.bit_select(step, 1)
                    added = Mux(target.rounding == Rounding.NEAREST, low, bit)
                    m.d.sync += [product.eq(product >> 1), step.eq(step + 1)]
                    m.d.sync += carry.eq((low & added) | (carry & (low | added)))
                    m.next = "SHIFT"
            with m.State("APPLY"):
                self._apply(m, product, carry)
                m.next = "NEXT"
            with m.State("NEXT"):
                self._go_on(m, axon)
        return m

    def _go_on(self, m: Module, axon: Value) -> None:
        """To the next axon; after the last one the target is done."""
        m.d.sync += axon.eq(axon + 1)
        m.next = "READ"
        with m.If(axon == self._geometry.axons - 1):
            m.d.comb += self.targets.ready.eq(1)
            m.next = "REST"

    def _noise(self, m: Module, axon: Value) -> SerialNoise:
        m.submodules.noise = noise = SerialNoise(self._geometry)
        connect(m, inputs=flipped(self.inputs), noise=noise.inputs)
        m.d.comb += [noise.neuron.eq(self.targets.payload.neuron), noise.axon.eq(axon)]
        return noise

    def _name(self, m: Module, axon: Value) -> None:
        """Where the present synapse lies."""
        lane_bits, neuron = ceil_log2(self._geometry.lanes), self.targets.payload.neuron
        m.d.comb += [
            self.factors.address.eq(axon),
            self.reads.location.column.eq(1),
            self.reads.location.axon.eq(axon),
            self.reads.location.group.eq(neuron >> lane_bits),
            self.reads.location.lane.eq(neuron[:lane_bits]),
            self.writes.location.eq(self.reads.location),
            self.writes.turn.eq(lane_turn(self._geometry, self.reads.location)),
        ]

    def _apply(self, m: Module, product: Value, carry: Value) -> None:
        """Subtract, clip, write what changed, count."""
        weight, bits = self.reads.data[0], self._geometry.weight_bits
        value, _ = saturate(weight - product - carry, bits)
        m.d.comb += [
            self.visits.eq(weight != self._geometry.no_synapse),
            self.updates.eq(self.visits & (value != weight)),
            self.writes.enable.eq(self.updates),
            self.writes.data[0].eq(value),
        ]
