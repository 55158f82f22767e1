"""The clock of a chip from a board's oscillator: the PLLs of three families.

Every PLL divides the source, multiplies it in a loop and divides the loop's output; what differs
is which divisors and frequencies there are. Limits are those of the vendors' data sheets.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from amaranth.hdl import Const, Instance, Value

from axonloop.models.checks import require

MHZ = 1_000_000
LOOPS = {
    "ecp5": (400 * MHZ, 800 * MHZ),
    "ice40": (533 * MHZ, 1066 * MHZ),
    "gowin": (500 * MHZ, 1250 * MHZ),
}
"""Least and most that a loop's oscillator runs at, in Hz."""


@dataclass(frozen=True)
class Divisors:
    """output = source / reference * feedback / post, in Hz; loop: what the VCO runs at."""

    output: float
    loop: float
    reference: int
    feedback: int
    post: int


def _in_range(family: str, loop: float) -> bool:
    low, high = LOOPS[family]
    return low <= loop <= high


def ecp5_divisors(source: int) -> Iterator[Divisors]:
    """Feedback is taken behind the output divider, so that cancels out; 400 MHz is the most."""
    for reference in range(1, 1 + min(128, int(source / (3.125 * MHZ)))):
        for feedback in range(1, 81):
            output = source / reference * feedback
            for post in range(1, 129):
                if output <= 400 * MHZ and _in_range("ecp5", output * post):
                    yield Divisors(output, output * post, reference, feedback, post)


def ice40_divisors(source: int) -> Iterator[Divisors]:
    """Powers of two behind the loop; 16 MHz is the least output."""
    for reference in range(1, 17):
        if not 10 * MHZ <= source / reference <= 133 * MHZ:
            continue
        for feedback in range(1, 129):
            loop = source / reference * feedback
            for power in range(1, 7):
                output = loop / 2**power
                if _in_range("ice40", loop) and 16 * MHZ <= output <= 275 * MHZ:
                    yield Divisors(output, loop, reference, feedback, 2**power)


def gowin_divisors(source: int) -> Iterator[Divisors]:
    """As ECP5, with few divisors behind the loop (GW2A, speed C8/I7)."""
    for reference in range(1, 65):
        if source / reference < 3 * MHZ:
            continue
        for feedback in range(1, 65):
            output = source / reference * feedback
            for post in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128):
                if _in_range("gowin", output * post) and output <= 625 * MHZ:
                    yield Divisors(output, output * post, reference, feedback, post)


DIVISORS = {"ecp5": ecp5_divisors, "ice40": ice40_divisors, "gowin": gowin_divisors}


def choose(family: str, source: int, wanted: int) -> Divisors | None:
    """The divisors that come nearest to `wanted`; None where the oscillator itself is wanted.

    ValueError if nothing comes within 1 %.
    """
    if wanted == source:
        return None
    candidates = DIVISORS[family](source)
    middle = sum(LOOPS[family]) / 2
    best = min(
        candidates,
        key=lambda d: (abs(d.output - wanted), d.reference, abs(d.loop - middle), d.post),
    )
    close = abs(best.output / wanted - 1) <= 0.01
    near = f"within 1 % of what the board's PLL makes, as {best.output:.0f} Hz"
    require(close, "clock", near, wanted)
    return best


def built_clock(family: str, source: int, wanted: int) -> int:
    """The clock in Hz, rounded, that comes out; ValueError as `choose`."""
    divisors = choose(family, source, wanted)
    return source if divisors is None else round(divisors.output)


def pll(
    family: str,
    device: str,
    source: int,
    divisors: Divisors,
    pin: Value,
    clock: Value,
    locked: Value,
) -> Instance:
    """The family's PLL from `pin` to `clock`; `locked` rises when `clock` is good."""
    if family == "ecp5":
        return _ecp5(source, divisors, pin, clock, locked)
    if family == "ice40":
        return _ice40(source, divisors, pin, clock, locked)
    return _gowin(device, source, divisors, pin, clock, locked)


def _ecp5(source: int, divisors: Divisors, pin: Value, clock: Value, locked: Value) -> Instance:
    low, high = Const(0, 1), Const(1, 1)
    return Instance(
        "EHXPLLL",
        ("a", "FREQUENCY_PIN_CLKI", f"{source / MHZ:g}"),
        ("a", "FREQUENCY_PIN_CLKOP", f"{divisors.output / MHZ:g}"),
        ("a", "ICP_CURRENT", "12"),
        ("a", "LPF_RESISTOR", "8"),
        ("a", "MFG_ENABLE_FILTEROPAMP", "1"),
        ("a", "MFG_GMCREF_SEL", "2"),
        ("p", "CLKI_DIV", divisors.reference),
        ("p", "CLKFB_DIV", divisors.feedback),
        ("p", "CLKOP_DIV", divisors.post),
        ("p", "CLKOP_CPHASE", max(0, divisors.post // 2 - 1)),
        ("p", "CLKOP_FPHASE", 0),
        ("p", "CLKOP_ENABLE", "ENABLED"),
        ("p", "FEEDBK_PATH", "CLKOP"),
        ("i", "CLKI", pin),
        ("i", "CLKFB", clock),
        ("i", "RST", low),
        ("i", "STDBY", low),
        ("i", "PHASESEL0", low),
        ("i", "PHASESEL1", low),
        ("i", "PHASEDIR", high),
        ("i", "PHASESTEP", high),
        ("i", "PHASELOADREG", high),
        ("i", "PLLWAKESYNC", low),
        ("i", "ENCLKOP", low),
        ("o", "CLKOP", clock),
        ("o", "LOCK", locked),
    )


def _ice40(source: int, divisors: Divisors, pin: Value, clock: Value, locked: Value) -> Instance:
    """The pin must be the one beside the PLL."""
    compared = source / divisors.reference / MHZ
    filters = (17, 26, 44, 66, 101)
    return Instance(
        "SB_PLL40_PAD",
        ("p", "FEEDBACK_PATH", "SIMPLE"),
        ("p", "DIVR", Const(divisors.reference - 1, 4)),
        ("p", "DIVF", Const(divisors.feedback - 1, 7)),
        ("p", "DIVQ", Const(divisors.post.bit_length() - 1, 3)),
        ("p", "FILTER_RANGE", Const(1 + sum(compared >= limit for limit in filters), 3)),
        ("i", "PACKAGEPIN", pin),
        ("i", "RESETB", Const(1, 1)),
        ("i", "BYPASS", Const(0, 1)),
        ("o", "PLLOUTGLOBAL", clock),
        ("o", "LOCK", locked),
    )


def _gowin(
    device: str, source: int, divisors: Divisors, pin: Value, clock: Value, locked: Value
) -> Instance:
    unused = {"FBDSEL": 6, "IDSEL": 6, "ODSEL": 6, "PSDA": 4, "DUTYDA": 4, "FDLY": 4}
    unused |= {"RESET": 1, "RESET_P": 1, "CLKFB": 1}
    fixed = {f"DYN_{what}_SEL": "false" for what in ("IDIV", "FBDIV", "ODIV")}
    return Instance(
        "rPLL",
        ("p", "DEVICE", device),
        ("p", "FCLKIN", f"{source / MHZ:g}"),
        ("p", "IDIV_SEL", divisors.reference - 1),
        ("p", "FBDIV_SEL", divisors.feedback - 1),
        ("p", "ODIV_SEL", divisors.post),
        ("p", "CLKFB_SEL", "internal"),
        *(("p", name, value) for name, value in fixed.items()),
        *(("i", name, Const(0, width)) for name, width in unused.items()),
        ("i", "CLKIN", pin),
        ("o", "CLKOUT", clock),
        ("o", "LOCK", locked),
    )
