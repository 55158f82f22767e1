"""The rounding hash, cut into the parts that the learning engine needs (contract, section 9)."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common.signatures import HashInputs, NeuronHash

TICK_STEPS = 5
"""Steps of two rounds for tick, seed and core; then come two for the neuron."""
NEURON_ROUNDS = range(10, 14)
"""Rounds after the neuron's number is mixed in."""
AXON_ROUNDS = range(14, 18)
AXON_CODE = (
    0x002C4DAB,
    0x00589B55,
    0x00B136A9,
    0x01626D51,
    0x02C4DAA1,
    0x0589B541,
    0x0B136A81,
    0x1626D501,
    0x2C4DAA01,
    0x589B5401,
    0xB136A801,
)


def round_constant(number: int) -> int:
    return 0x9E37 * (number + 1) & 0xFFFF


def noise_round(word: Value, constant: Value | int) -> Value:
    """One round on a 32-bit word: (x, y) <- (y ^ F(x) ^ c, x), x the low half."""
    x, y = word[:16], word[16:]
    mixed = (x.rotate_left(1) & x.rotate_left(5)) ^ (x.rotate_left(7) & x.rotate_left(12))
    return Cat((y ^ mixed ^ x.rotate_left(2) ^ constant)[:16], x)


def noise_rounds(word: Value, numbers: range) -> Value:
    """Several rounds in one cycle."""
    for number in numbers:
        word = noise_round(word, round_constant(number))
    return word


def noise_stages(m: Module, word: Value, numbers: range, name: str = "word") -> Value:
    """One round per stage, in registers called `name` and the round's number."""
    for number in numbers:
        mixed = Signal(32, name=f"{name}_{number}", reset_less=True)
        m.d.sync += mixed.eq(noise_rounds(word, range(number, number + 1)))
        word = mixed
    return word


def axon_code(axon: Value) -> Value:
    """The codeword of an axon number."""
    word: Value = Const(0, 32)
    for bit in range(len(axon)):
        word = word ^ (axon[bit].replicate(32) & AXON_CODE[bit])
    return word


def axon_code_constant(axon: int) -> int:
    """The codeword of a fixed axon number."""
    word = 0
    for bit, part in enumerate(AXON_CODE):
        word ^= part if axon >> bit & 1 else 0
    return word


class NeuronNoise(wiring.Component):
    """The parts of the hash that depend on tick, seed and core, and on the neuron: one unit of two
    rounds per cycle does both.

    `neurons.fresh` comes `LATENCY` = 6 cycles after `start` at the earliest; `neurons.word` holds
    the hash until the next one.

    Members
    -------
    start, inputs : `tick` is hashed, and in the next cycles `seed` and `core`, which must stay
    common : the hash of tick, seed and core, from `LATENCY` cycles after `start` on
    neurons : the hash of a neuron and, if that has any bits, of a purpose
    """

    LATENCY = 6

    def __init__(self, neuron_bits: int, purpose_bits: int = 0) -> None:
        super().__init__(
            {
                "start": In(1),
                "inputs": In(HashInputs()),
                "common": Out(32),
                "neurons": In(NeuronHash(neuron_bits, purpose_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step, common, source = Signal(range(TICK_STEPS + 2)), self.common, Signal(32)
        inputs, neurons = self.inputs, self.neurons
        of_neuron, ending = step == TICK_STEPS, step == TICK_STEPS + 1
        number = Cat(neurons.neuron, Const(0, 16 - len(neurons.neuron)), neurons.purpose)
        m.d.comb += source.eq(Mux(ending, neurons.word, common ^ Mux(of_neuron, number, 0)))
        mixed = noise_round(source, _constant(m, 0, step))
        mixed = noise_round(mixed, _constant(m, 1, step))
        with m.If(neurons.fresh | ending):
            m.d.sync += [neurons.word.eq(mixed), step.eq(Mux(ending, TICK_STEPS, TICK_STEPS + 1))]
        with m.If(step < TICK_STEPS):
            added = Mux(step == 1, inputs.seed, Mux(step == 3, inputs.core, 0))
            m.d.sync += [common.eq(mixed ^ added), step.eq(step + 1)]
        with m.If(self.start):
            m.d.sync += [common.eq(inputs.tick), step.eq(0)]
        return m


def _constant(m: Module, half: int, step: Signal) -> Signal:
    """Constant of round 2 step + half."""
    value = Signal(16, name=f"constant_{half}")
    with m.Switch(step):
        for number in range(TICK_STEPS + 2):
            with m.Case(number):
                m.d.comb += value.eq(round_constant(2 * number + half))
    return value
