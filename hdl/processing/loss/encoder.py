"""Step 5 of a node: error events, in whole thresholds, of what its neurons are wrong by."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Column, LaneMemory, awake, magnitude, saturate
from axonloop.hdl.processing.loss.payloads import (
    RESIDUE_BITS,
    STEP_BITS,
    THETA_BITS,
    WRONG_BITS,
    event_layout,
)
from axonloop.models.config import NodeEncoding, NodeGeometry
from axonloop.models.protocol import NodeRegion

LEFT_BITS = RESIDUE_BITS + 1
"""Width of what is left of |x|, or of 2 |x| + theta."""


class ErrorEncoder(wiring.Component):
    """E_i and R_i' of docs/contract.md, section 13, a neuron per cycle. Rules:

    1. The neurons come through `wrong` in ascending order; the strobe `start` before them begins
       with neuron 0. `busy` while one is inside.
    2. `events` shows the error events that are not 0. While one is not taken, all stages rest.
    3. `clipped` words were clipped in this cycle: d, or x.

    The quotient is found by seven steps of a restoring division, a stage each. A step that would
    make it larger than `limit` is not done: what is left is then what the limit leaves.

    Latency: `LATENCY` = 10 cycles from a neuron to its event.
    Resources: a memory of 24 bits per neuron; seven subtractors of 25 bits.

    Members
    -------
    encoder, limit, theta : constants, but theta moves between ticks
    wrong, events : d; error events
    """

    LATENCY = 10

    def __init__(self, geometry: NodeGeometry) -> None:
        self._geometry = geometry
        self.residues = LaneMemory(
            {"residue": Column(NodeRegion.RESIDUE, RESIDUE_BITS, signed=True)},
            words=geometry.neurons,
        )
        super().__init__(
            {
                "start": In(1),
                "encoder": In(2),
                "limit": In(STEP_BITS),
                "theta": In(THETA_BITS),
                "wrong": In(stream.Signature(signed(WRONG_BITS))),
                "events": Out(stream.Signature(event_layout(geometry))),
                "clipped": Out(range(3)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.residues = residues = self.residues
        moves, valid = Signal(), Signal(self.LATENCY)
        m.d.comb += [
            moves.eq(~self.events.valid | self.events.ready),
            self.wrong.ready.eq(moves),
            self.busy.eq(valid.any()),
        ]
        with m.If(moves):
            m.d.sync += valid.eq(Cat(self.wrong.valid, valid[:-1]))
        coming, leaving = Signal.like(residues.read_address), Signal.like(residues.read_address)
        with m.If(self.wrong.valid & moves):
            m.d.sync += coming.eq(coming + 1)
        with m.If(valid[-1] & moves):
            m.d.sync += leaving.eq(leaving + 1)
        with m.If(self.start):
            m.d.sync += [coming.eq(0), leaving.eq(0)]
        works = moves & awake(self.wrong.valid | valid.any(), platform)
        negative, left, steps = self._divide(m, works, *self._size(m, works, valid))
        keeps = self.encoder == NodeEncoding.SIGMA_DELTA
        m.d.comb += [
            residues.read_enable.eq(moves),
            residues.read_address.eq(coming),
            residues.write_enable.residue.eq(valid[-1] & keeps & moves),
            residues.write_address.eq(leaving),
            residues.write_data[0].residue.eq(Mux(negative, -left, left)),
            self.events.valid.eq(valid[-1] & (steps != 0)),
            self.events.payload.neuron.eq(leaving),
            self.events.payload.value.eq(Mux(negative, -steps, steps)),
        ]
        return m

    def _size(self, m: Module, works: Value, valid: Value) -> tuple[Signal, Signal]:
        """Three stages: d; x; its sign, and what is to be divided."""
        keeps = self.encoder == NodeEncoding.SIGMA_DELTA
        d, far = saturate(self.wrong.payload, RESIDUE_BITS)
        kept = Signal(signed(RESIDUE_BITS), reset_less=True)
        x, further = saturate(
            kept + Mux(keeps, self.residues.read_data[0].residue.as_signed(), 0), RESIDUE_BITS
        )
        total = Signal(signed(RESIDUE_BITS), reset_less=True)
        negative = Signal(name="negative_size", reset_less=True)
        size = Signal(LEFT_BITS, reset_less=True)
        m.d.comb += self.clipped.eq(
            Mux(works, (self.wrong.valid & far) + (valid[0] & keeps & further), 0)
        )
        halves = (magnitude(total) << 1) + self.theta
        with m.If(works):
            m.d.sync += [
                kept.eq(d),
                total.eq(x),
                negative.eq(total < 0),
                size.eq(Mux(self.encoder == NodeEncoding.DENSE, halves, magnitude(total))),
            ]
        return negative, size

    def _divide(
        self, m: Module, works: Value, negative: Value, left: Value
    ) -> tuple[Value, Value, Value]:
        """Seven stages: the sign; what is left of the size; whole units in it, up to the limit."""
        unit = Mux(self.encoder == NodeEncoding.DENSE, self.theta << 1, self.theta)
        steps: Value = Const(0, STEP_BITS)
        for bit in reversed(range(STEP_BITS)):
            names = (f"{name}_{bit}" for name in ("left", "steps", "negative"))
            rest, more, sign = (
                Signal(bits, name=name, reset_less=True)
                for bits, name in zip((LEFT_BITS, STEP_BITS, 1), names, strict=True)
            )
            high, found = left[bit:], steps | (1 << bit)
            fits = (high >= unit) & (found <= self.limit)
            with m.If(works):
                m.d.sync += [
                    rest.eq(Mux(fits, Cat(left[:bit], high - unit), left)),
                    more.eq(Mux(fits, found, steps)),
                    sign.eq(negative),
                ]
            negative, left, steps = sign, rest, more
        return negative, left, steps
