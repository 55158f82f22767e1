"""The rounding hash, cut into the parts that the learning engine needs (contract, section 9)."""

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

NEURON_ROUNDS = range(10, 14)
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


def axon_code(axon: Value) -> Value:
    """The codeword of an axon number."""
    word = Const(0, 32)
    for bit in range(len(axon)):
        word = word ^ (axon[bit].replicate(32) & AXON_CODE[bit])
    return word


def axon_code_constant(axon: int) -> int:
    """The codeword of a fixed axon number."""
    word = 0
    for bit, part in enumerate(AXON_CODE):
        word ^= part if axon >> bit & 1 else 0
    return word


class TickNoise(wiring.Component):
    """The part of the hash that depends on tick, seed and core: two rounds per cycle.

    Latency: `word` holds 5 cycles after `start`, until the next `start`.
    """

    LATENCY = 5

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "tick": In(32),
                "seed": In(32),
                "core": In(8),
                "word": Out(32),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        step, word = Signal(range(self.LATENCY)), self.word
        with m.If(self.start):
            m.d.sync += [word.eq(noise_rounds(self.tick, range(0, 2))), step.eq(1)]
        mixed = {
            1: noise_rounds(word, range(2, 4)) ^ self.seed,
            2: noise_rounds(word, range(4, 6)),
            3: noise_rounds(word, range(6, 8)) ^ self.core,
            4: noise_rounds(word, range(8, 10)),
        }
        with m.Switch(step):
            for number, value in mixed.items():
                with m.Case(number):
                    m.d.sync += [word.eq(value), step.eq((number + 1) % self.LATENCY)]
        return m
