"""Settings of PLLs: they keep the data sheets, and come as near as those of vendors' tools."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from amaranth.hdl import Const, Instance, Signal

from axonloop.hdl.boards import BOARDS, built_clock
from axonloop.hdl.boards.clock import DIVISORS, MHZ, Divisors, choose, pll

WANTED = (4.1, 6, 10, 16, 18, 20.25, 24, 27, 31.7, 33.333, 40, 50, 54, 60, 66, 75, 83, 100, 118.8,
          133, 150, 187.5, 200, 240, 274, 300, 333, 390, 399, 480, 620)  # fmt: skip
SOURCES = {"ecp5": (25, 12, 48, 50, 100), "ice40": (12, 48, 100), "gowin": (27, 50)}
CASES = [(family, source) for family, sources in SOURCES.items() for source in sources]


@dataclass(frozen=True)
class Sheet:
    """A data sheet: MHz of the phase detector, the loop and the output, and divisors."""

    detector: tuple[float, float]
    loop: tuple[float, float]
    output: tuple[float, float]
    reference: int
    feedback: int
    post: tuple[int, ...]


SHEETS = {
    # FPGA-DS-02012, sysCLOCK PLL timing; FPGA-TN-02200
    "ecp5": Sheet((3.125, 400), (400, 800), (3.125, 400), 128, 80, tuple(range(1, 129))),
    # FPGA-DS-02008, sysCLOCK PLL timing; FPGA-TN-02052
    "ice40": Sheet((10, 133), (533, 1066), (16, 275), 16, 128, (2, 4, 8, 16, 32, 64)),
    # DS226, PLL switching characteristics, C8/I7; UG286
    "gowin": Sheet(
        (3, 500), (500, 1250), (3.90625, 625), 64, 64,
        (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Divisors as a PLL's primitive has them, and `output` in MHz."""

    reference: int
    feedback: int
    post: int
    output: float


@functools.cache
def chosen(family: str, source: float, wanted: float) -> Divisors | None:
    """The divisors for a clock, frequencies in MHz; None if it is refused, or the source itself."""
    try:
        return choose(family, round(source * MHZ), round(wanted * MHZ))
    except ValueError:
        return None


def primitive(family: str, source: float, wanted: float) -> Instance:
    """The PLL that a board gets; frequencies in MHz."""
    divisors = chosen(family, source, wanted)
    assert divisors is not None
    pins = Signal(), Signal(), Signal()
    return pll(family, "GW2A-18C", round(source * MHZ), divisors, *pins)


def settings_of(cell: Instance, source: float) -> Settings:
    """The settings of a primitive, by the vendor's formula for its parameters."""
    values = {k: v.value if isinstance(v, Const) else v for k, v in cell.parameters.items()}
    if cell.type == "EHXPLLL":
        assert values["FEEDBK_PATH"] == "CLKOP"
        names, more = ("CLKI_DIV", "CLKFB_DIV", "CLKOP_DIV"), (0, 0)
    elif cell.type == "SB_PLL40_PAD":
        assert values["FEEDBACK_PATH"] == "SIMPLE"
        names, more = ("DIVR", "DIVF", "DIVQ"), (1, 1)
    else:
        assert values["CLKFB_SEL"] == "internal"
        names, more = ("IDIV_SEL", "FBDIV_SEL", "ODIV_SEL"), (1, 1)
    reference, feedback = (values[name] + k for name, k in zip(names[:2], more, strict=True))
    post = values[names[2]]
    if cell.type == "SB_PLL40_PAD":  # the loop is what is fed back, else the output
        return Settings(reference, feedback, 2**post, source / reference * feedback / 2**post)
    return Settings(reference, feedback, post, source / reference * feedback)


def is_legal(family: str, source: float, found: Settings) -> bool:
    """Says whether settings keep all limits of the data sheet."""
    sheet = SHEETS[family]
    frequencies = (source / found.reference, found.output * found.post, found.output)
    limits = (sheet.detector, sheet.loop, sheet.output)
    return (
        1 <= found.reference <= sheet.reference
        and 1 <= found.feedback <= sheet.feedback
        and found.post in sheet.post
        and all(low <= f <= high for f, (low, high) in zip(frequencies, limits, strict=True))
    )


@pytest.mark.parametrize(("family", "source"), CASES)
def test_settings_keep_the_data_sheet(family: str, source: int) -> None:
    made = [wanted for wanted in WANTED if chosen(family, source, wanted)]
    assert len(made) > 10
    for wanted in made:
        found = settings_of(primitive(family, source, wanted), source)
        assert is_legal(family, source, found), (wanted, found)
        assert abs(found.output / wanted - 1) <= 0.01


def test_the_tang_nano_9k_keeps_its_own_data_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loop ends at 1,200 MHz where that of the family's larger FPGA ends at 1,250."""
    # DS117, PLL switching characteristics, C6/I5
    sheet = replace(SHEETS["gowin"], detector=(3, 400), loop=(400, 1200), output=(3.125, 600))
    monkeypatch.setitem(SHEETS, "gowin", sheet)
    made = [wanted for wanted in WANTED if wanted <= 600 and chosen("gowin", 27, wanted)]
    assert len(made) > 10
    assert all(is_legal("gowin", 27, settings_of(primitive("gowin", 27, w), 27)) for w in made)


WIDE = {"FBDSEL": 6, "IDSEL": 6, "ODSEL": 6, "PSDA": 4, "DUTYDA": 4, "FDLY": 4}
"""Inputs of Gowin's PLL that are wider than a bit, by UG286."""


@pytest.mark.parametrize("family", DIVISORS)
def test_inputs_of_a_pll_are_as_wide_as_its_ports(family: str) -> None:
    for name, (value, _) in primitive(family, 48, 60).ports.items():
        assert len(value) == (WIDE.get(name, 1) if family == "gowin" else 1)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_the_clocks_of_boards_are_made_exactly(board) -> None:
    assert built_clock(board.family, board.oscillator, board.build.clock) == board.build.clock


@pytest.mark.parametrize("family", DIVISORS)
def test_no_legal_setting_comes_nearer(family: str) -> None:
    """A search over all that the data sheet allows, written without the divisors of the module."""
    source, sheet = SOURCES[family][0], SHEETS[family]
    outputs = set()
    for reference in range(1, sheet.reference + 1):
        if source / reference < sheet.detector[0]:
            break
        for feedback in range(1, sheet.feedback + 1):
            for post in sheet.post:
                output = source / reference * feedback / (post if family == "ice40" else 1)
                if is_legal(family, source, Settings(reference, feedback, post, output)):
                    outputs.add(output)
    for wanted in WANTED:
        nearest = min(abs(output - wanted) for output in outputs)
        if wanted == source:
            continue
        if chosen(family, source, wanted):
            ours = settings_of(primitive(family, source, wanted), source).output
            assert abs(ours - wanted) == pytest.approx(nearest, abs=1e-9)
        else:
            assert nearest > 0.01 * wanted


def test_a_clock_that_no_pll_makes() -> None:
    assert choose("ice40", 12_000_000, 12_000_000) is None
    with pytest.raises(ValueError, match="clock must be within 1 % of what the board's PLL makes"):
        choose("ice40", 12_000_000, 8_000_000)


def ask(tool: str, *options: str) -> Callable[[str], float]:
    """What a family's tool prints: a function that finds the number behind a pattern."""
    beside = str(Path(sys.executable).parent)
    path = shutil.which(f"yowasp-{tool}", path=beside) or shutil.which(tool, path=beside)
    assert path is not None, f"{tool} comes with the extra synth"
    done = subprocess.run([path, *options], capture_output=True, text=True, check=True)

    def number(pattern: str) -> float:
        found = re.search(pattern + r"[:( =]*([\d.]+)", done.stdout + done.stderr)
        assert found is not None, (pattern, done.stdout)
        return float(found[1])

    return number


def tools_settings(family: str, source: float, wanted: float) -> Settings:
    """The settings of ecppll, icepll or gowin_pll; `wanted` is one that the tool takes."""
    asked = ("-i", f"{source:g}", "-o", f"{wanted:g}")
    if family == "ecp5":
        told = ask("ecppll", *asked)
        words = ("Refclk divisor", "Feedback divisor", "clkout0 divisor")
        divisors, add = [int(told(word)) for word in words], 0
        output = told("clkout0 frequency")
    elif family == "ice40":
        told = ask("icepll", *asked)
        divisors, add = [int(told(word)) for word in ("DIVR", "DIVF", "DIVQ")], 1
        divisors[2] = 2 ** divisors[2]
        output = told(r"\(requested\)\nF_PLLOUT")
    else:
        told = ask("gowin_pll", *asked, "-d", "GW2AR-LV18QN88C8/I7")
        divisors, add = (
            [int(told(f"[A-Z]?{word}")) for word in ("IDIV_SEL", "FBDIV_SEL", "ODIV_SEL")],
            1,
        )
        output = told("CLKOUT")
    return Settings(divisors[0] + add, divisors[1] + add, divisors[2], output)


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.parametrize(("family", "source"), CASES)
def test_the_tools_come_no_nearer(family: str, source: int) -> None:
    """As near as the tool, and refused only where the tool is off by more than 1 % as well.

    icepll makes 276 MHz where the data sheet ends at 275: only legal settings are compared.
    """
    compared = 0
    low, high = SHEETS[family].output
    for wanted in WANTED:
        if wanted == source or not low <= wanted <= high:
            continue
        tools = tools_settings(family, source, wanted)
        if not is_legal(family, source, tools):
            continue
        if chosen(family, source, wanted):
            ours = settings_of(primitive(family, source, wanted), source)
            assert abs(ours.output - wanted) == pytest.approx(abs(tools.output - wanted), abs=1e-3)
            compared += 1
        else:
            assert abs(tools.output / wanted - 1) > 0.01
    assert compared > 10


@pytest.mark.slow
@pytest.mark.synth
def test_the_filter_of_ice40_is_that_of_icepll() -> None:
    compared = set()
    for source in (10, 12, 16, 20, 30, 48, 60, 75, 110, 133):
        told, cell = (
            ask("icepll", "-i", str(source), "-o", "66.5"),
            primitive("ice40", source, 66.5),
        )
        if told("DIVR") == cell.parameters["DIVR"].value:
            assert cell.parameters["FILTER_RANGE"].value == told("FILTER_RANGE")
            compared.add(told("FILTER_RANGE"))
    assert len(compared) > 3
