"""The arithmetic verbs of the number format (docs/contract.md): saturate, clip, decay, round."""

from collections.abc import Sequence

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, ValueLike

from axonloop.models.config import DECAY_ONE

DECAY_BITS = DECAY_ONE.bit_length()
"""Width of a decay factor."""
DECAY_SHIFT = DECAY_BITS - 1


def saturate(value: Value, bits: int) -> tuple[Value, Value]:
    """Clip signed `value` to +-(2^(bits-1) - 1); returns the result, and whether it was clipped.

    A value is clipped if a bit above the low bits - 1 differs from the sign, or if the value is
    -2^(bits-1).
    """
    if len(value) < bits:
        return value, Const(0)
    negative, low = value[-1], bits - 1
    differs = (value[low:] ^ negative.replicate(len(value) - low)).any()
    clipped = differs | (negative & ~value[:low].any())
    limit = Cat(1, (~negative).replicate(low - 1), negative)
    return Mux(clipped, limit, value[:bits]).as_signed(), clipped


def is_below(value: Value, limit: int) -> Value:
    """value < limit, without a subtractor where `limit` is a power of two."""
    if limit & (limit - 1):
        return value < limit
    return ~value[limit.bit_length() - 1 :].any()


def clip(value: Value, bits: int) -> tuple[Value, Value]:
    """Clip unsigned `value` to 2^bits - 1; returns the result, and whether it was clipped."""
    above = value[bits:].any()
    return Mux(above, (1 << bits) - 1, value[:bits]), above


def magnitude(value: Value) -> Value:
    """|value| of a signed value, in as many bits."""
    return Mux(value < 0, -value, value)[: len(value)]


def decayed(product: Value, negative: Value) -> Value:
    """Second half of decay(x, k): `product` is |x| * k and `negative` the sign of x."""
    kept = product >> DECAY_SHIFT
    return Mux(negative, -kept, kept)


def popcount(bits: Value) -> Value:
    """Number of ones, as a balanced tree."""
    if len(bits) <= 3:
        return sum((bits[index] for index in range(1, len(bits))), bits[0] + 0)
    half = len(bits) // 2
    return popcount(bits[:half]) + popcount(bits[half:])


def rotate(lanes: list[Value], amount: Value) -> list[Value]:
    """Lanes turned: result[k] = lanes[(k + amount) mod number of lanes]; a power of two of them."""
    for bit in range(len(amount)):
        step = 1 << bit
        turned = lanes[step:] + lanes[:step]
        lanes = [Mux(amount[bit], far, near) for far, near in zip(turned, lanes, strict=True)]
    return lanes


def lowest_one(bits: Value) -> Value:
    """Index of the lowest 1; undefined where all bits are 0."""
    index: Value = Value.cast(len(bits) - 1)
    for position in reversed(range(len(bits) - 1)):
        index = Mux(bits[position], position, index)
    return index


def next_one(bits: Value, last: Value) -> Value:
    """Index of the first 1 above bit `last`, else of the lowest 1; undefined where no bit is 1."""
    behind = Cat(bits[position] & (last < position) for position in range(len(bits)))
    return Mux(behind.any(), lowest_one(behind), lowest_one(bits))


def select(values: Sequence[Value], index: ValueLike) -> Value:
    """values[index], without hardware where there is one value only."""
    return values[0] if len(values) == 1 else Array(values)[index]


def delay(
    m: Module, value: Value, cycles: int, name: str, registers: int | None = None
) -> list[Value]:
    """`value` and its `cycles` delayed copies: element k is `value` of k cycles ago.

    Reset does not clear the copies; use them for data whose validity `delay_strobe` tells.
    `registers` bounds the number of registers: later elements repeat the last copy. This is right
    for a value that is constant until its last copy was used.
    """
    taps = [value]
    made = cycles if registers is None else min(cycles, registers)
    for cycle in range(1, made + 1):
        tap = Signal.like(taps[-1], name=f"{name}_{cycle}", reset_less=True)
        m.d.sync += tap.eq(taps[-1])
        taps.append(tap)
    return taps + taps[-1:] * (cycles - made)


def delay_strobe(m: Module, strobe: Value, cycles: int, name: str) -> list[Value]:
    """`strobe` and its `cycles` delayed copies, which a reset clears."""
    taps = Signal(cycles, name=name)
    m.d.sync += taps.eq(Cat(strobe, taps[:-1]))
    return [strobe, *taps]


def awake(busy: Value, platform: object) -> Value:
    """The clock enable of a pipeline's registers.

    In simulation (`platform` is None) it is `busy`: an idle pipeline costs the simulator no time.
    On an FPGA it is constant 1: a net to the enables of so many registers would be the slowest.
    """
    return Const(1) if platform else busy
