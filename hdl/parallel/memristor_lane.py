"""The weight update of a synapse that sees its weight (docs/contract.md, section 5, learn).

A memristor moves by a share of the headroom that is left: Fouda et al. 2019, eqs. 13 to 17.
"""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    AXON_ROUNDS,
    axon_code_constant,
    clip,
    delay,
    noise_stages,
    with_pulses,
)
from axonloop.models.config import (
    GAIN_MAX,
    MEMRISTOR_MAX,
    ROUNDED_SHIFT_MAX,
    SHARE_MAX,
    TABLE_WORDS,
    Geometry,
    ceil_log2,
)

GAIN_BITS, SHARE_BITS = GAIN_MAX.bit_length(), SHARE_MAX.bit_length()
INDEX_BITS = ceil_log2(TABLE_WORDS)
ADDRESS_BITS = INDEX_BITS + 1
"""Two tables lie behind each other: those of weights that rise, then those of weights that fall."""
PULSE_BITS = INDEX_BITS
"""Width of the parts of a pulse, 0..255."""
PULSE = 1 << PULSE_BITS
"""What a pulse of a synapse and a write of the mean is multiplied by."""
STRENGTH_BITS = PULSE_BITS + 2
"""Width of what the parts of a pulse are multiplied by, in parts of `PULSE`; below 4 of them."""
DEVIATE_BITS, DEVIATE_SHIFT = 8, 7
"""Width of a signed deviate, and its right shift behind the product with how far it goes."""
REACH_BITS = ROUNDED_SHIFT_MAX + 1
"""Width of |m| before its shift."""
WEIGHTED_LATENCY, PULSED_LATENCY = 8, 12


def memristor_latency(geometry: Geometry) -> int:
    """Cycles of a lane; even, as `UpdateLane.LATENCY`."""
    return PULSED_LATENCY if geometry.memristor == 2 else WEIGHTED_LATENCY


def magnitude_rounding_layout() -> data.StructLayout:
    """What is added to a magnitude before the shift: noise & `mask`, of the noise's complement with
    `flip`, or `half`."""
    return data.StructLayout({"mask": ROUNDED_SHIFT_MAX, "half": ROUNDED_SHIFT_MAX, "flip": 1})


class MemristorLane(wiring.Component):
    """One synapse: W' = W +- D, a pipeline of `memristor_latency` stages, with |m| and D as
    magnitudes: a walk moves all of its weights one way, `up` or down.

        H = Wmax -+ W ; |m| = round(|c| a R[H], shift) ; D = min(|m|, H)
        pulsed: n' = min(min(|m|, 255) v + 128 >> 8, 255) ; D = (H K[n'] + noise) >> 12

    Clipping W - m is to move by no more than the headroom H. Where the weight rises, rounding down
    a negative number is rounding its magnitude up: the noise's complement.

    Lane `number` adds its part of the axon's code to the hashes, whose registers all lanes share.

    Resources: multipliers of (error_bits - 1) x pq_bits and of their product x 16; with pulses
    also two of 8 x 8, one of 8 x 10, one of weight_bits x 12, and two hashes more.

    Members
    -------
    word, weight, factor, size : stage 0; the hash that lanes share, W, a and |c|
    up : bit s at stage s
    gain_address, gain : the address at stage 1, and R one cycle later
    weighted : stage 2
    rounding : stage 4
    shift, reach : stage 5; `reach` has ones where the bits of |m| come from, and below
    pulses : with pulses only. `word`, `pattern` at stage 0: the hashes of the write and of the
        synapse that lanes share; `cycle_to_cycle`, `device_to_device` and `nearest` at stage
        4; `share_address` at stage 8, and `share` one cycle later; `pulsed` at stage 11
    new_weight, visited, changed : `memristor_latency` cycles later; the new weight counts if
        `changed`
    written : with pulses: n' > 0, with them
    """

    def __init__(self, geometry: Geometry, number: int = 0) -> None:
        self._geometry, self._code = geometry, axon_code_constant(number)
        weight, latency = signed(geometry.weight_bits), memristor_latency(geometry)
        pulses = wiring.Signature(
            {
                "word": Out(32),
                "pattern": Out(32),
                "cycle_to_cycle": Out(DEVIATE_BITS),
                "device_to_device": Out(DEVIATE_BITS),
                "nearest": Out(1),
                "share_address": In(ADDRESS_BITS),
                "share": Out(SHARE_BITS),
                "pulsed": Out(1),
                "written": In(1),
            }
        )
        super().__init__(
            {
                "word": In(32),
                "weight": In(weight),
                "factor": In(geometry.pq_bits),
                "size": In(geometry.error_bits - 1),
                "up": In(latency),
                "gain_address": Out(ADDRESS_BITS),
                "gain": In(GAIN_BITS),
                "weighted": In(1),
                "rounding": In(magnitude_rounding_layout()),
                "shift": In(ceil_log2(ROUNDED_SHIFT_MAX + 1)),
                "reach": In(REACH_BITS),
                "new_weight": Out(weight),
                "visited": Out(1),
                "changed": Out(1),
            }
            | with_pulses(geometry, pulses=In(pulses))
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry, last = self._geometry, memristor_latency(self._geometry) - 1
        weight = delay(m, self.weight, last, "weight")[last]
        here = (self.factor != 0) & (self.weight != geometry.no_synapse)
        visited = delay(m, here, last, "visited")[last]
        headroom = self._headroom(m, 10 if geometry.memristor == 2 else 7)
        moved = self._moved(m)
        limited = Mux(moved > headroom[7], headroom[7], moved)
        step: Value = limited
        if geometry.memristor == 2:
            limited = delay(m, limited, last - 7, "limited")[-1]
            step = Mux(self.pulses.pulsed, self._share(m, headroom, moved), limited)
        m.d.sync += [
            self.new_weight.eq(_moved_by(weight, step, down=~self.up[last])),
            self.visited.eq(visited),
            self.changed.eq(visited & (step != 0)),
        ]
        if geometry.memristor == 2:
            written = delay(m, self.pulses.share_address[:PULSE_BITS] != 0, last - 8, "written")
            m.d.sync += self.pulses.written.eq(written[-1] & visited & self.pulses.pulsed)
        return m

    def _headroom(self, m: Module, last: int) -> list[Value]:
        """Stage 0 to 1: H, and the address of its gain. Returns taps by stage, from 1 to `last`."""
        bits, most = self._geometry.weight_bits, self._geometry.weight_max
        headroom = Signal(bits, reset_less=True)
        m.d.sync += headroom.eq(_moved_by(Const(most, bits), self.weight, down=self.up[0]))
        m.d.comb += self.gain_address.eq(Cat(headroom[bits - INDEX_BITS :], ~self.up[1]))
        return [Const(0), *delay(m, headroom, last - 1, "headroom")]

    def _moved(self, m: Module) -> Value:
        """Stages 0 to 7: |m|, clipped to weight_bits, which is above all headroom."""
        geometry = self._geometry
        product = Signal(geometry.error_bits - 1 + geometry.pq_bits, reset_less=True)
        factor = Signal(GAIN_BITS, reset_less=True)
        magnitude = Signal(len(product) + GAIN_BITS, reset_less=True)
        noisy = Signal(REACH_BITS, reset_less=True)
        change = Signal(geometry.weight_bits, reset_less=True)
        beyond = Signal(reset_less=True)
        moved = Signal(geometry.weight_bits, reset_less=True)
        flip = self.rounding.flip.replicate(32)
        word = noise_stages(m, self.word ^ self._code, AXON_ROUNDS) ^ flip
        m.d.sync += [
            product.eq(self.size * self.factor),
            factor.eq(Mux(self.weighted, self.gain, 1)),
            magnitude.eq(delay(m, product, 2, "product")[2] * factor),
            noisy.eq(magnitude + ((word & self.rounding.mask) | self.rounding.half)),
            change.eq(_shifted(noisy, self.shift, len(change))),
            beyond.eq((noisy & ~self.reach).any()),
            moved.eq(Mux(beyond, (1 << len(moved)) - 1, change)),
        ]
        return moved

    def _share(self, m: Module, headroom: list[Value], moved: Value) -> Value:
        """Stages 7 to 11: D of a pulsed term."""
        pulses, strength, noise = self.pulses, *self._variation(m)
        parts = Signal(PULSE_BITS + STRENGTH_BITS, reset_less=True)
        share = Signal(SHARE_BITS, reset_less=True)
        part = Signal(len(headroom[10]) + SHARE_BITS, reset_less=True)
        varied, _ = clip((parts + PULSE // 2) >> PULSE_BITS, PULSE_BITS)
        m.d.comb += pulses.share_address.eq(Cat(varied, ~self.up[8]))
        m.d.sync += [
            parts.eq(clip(moved, PULSE_BITS)[0] * strength),
            share.eq(pulses.share),
            part.eq(headroom[10] * share),
        ]
        return ((part + noise) >> SHARE_BITS)[: self._geometry.weight_bits]

    def _variation(self, m: Module) -> tuple[Value, Value]:
        """Stages 0 to 7: by what a pulse of this write and synapse is multiplied; and the noise by
        which its share is rounded, at stage 11."""
        pulses = self.pulses
        write = noise_stages(m, pulses.word ^ self._code, AXON_ROUNDS, "write")
        pattern = noise_stages(m, pulses.pattern ^ self._code, AXON_ROUNDS, "pattern")
        of_write = write[SHARE_BITS : SHARE_BITS + DEVIATE_BITS]
        of_synapse = Mux(self.up[4], pattern[:DEVIATE_BITS], pattern[DEVIATE_BITS:])[:DEVIATE_BITS]
        deviations = []
        for name, deviate in (("cycle_to_cycle", of_write), ("device_to_device", of_synapse)):
            width = MEMRISTOR_MAX[name].bit_length() + DEVIATE_BITS
            product = Signal(signed(width), name=name, reset_less=True)
            m.d.sync += product.eq(getattr(pulses, name) * deviate.as_signed())
            deviations.append(product >> DEVIATE_SHIFT)
        strength = Signal(STRENGTH_BITS, reset_less=True)
        deviation, exact = Signal(signed(STRENGTH_BITS + 1)), Signal(signed(STRENGTH_BITS + 1))
        above = deviation[PULSE_BITS:].as_signed() + 1
        m.d.comb += [
            deviation.eq(deviations[0] + deviations[1]),
            exact.eq(Cat(deviation[:PULSE_BITS], above)),
        ]
        m.d.sync += strength.eq(Mux(exact < 0, 0, exact))
        half = 1 << SHARE_BITS - 1
        noise = delay(m, Mux(pulses.nearest, half, write[:SHARE_BITS]), 7, "noise")[-1]
        return delay(m, strength, 1, "strength")[-1], noise


def _moved_by(value: Value, step: Value, down: Value) -> Value:
    """value + step, or value - step, with one adder, in as many bits."""
    return (value + (step ^ down.replicate(len(value))) + down)[: len(value)]


def _shifted(value: Value, shift: Value, bits: int) -> Value:
    """The low `bits` of value >> shift; far shifts come first, so that few bits go on."""
    for number in reversed(range(len(shift))):
        kept = bits + (1 << number) - 1
        value = Mux(shift[number], value >> (1 << number), value)[:kept]
    return value
