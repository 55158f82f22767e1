"""The example of docs/processor.md prints what stands behind it, and section 13 what is checked."""

from __future__ import annotations

import re

import pytest

from axonloop.models.golden.processing import NodeConstants
from axonloop.models.golden.processing.constants import RANGES
from tests.support.contract import DOCS, PAGE, bounds, evaluate, examples, table

OWN = DOCS / "processor.md"
AT_5_PERCENT = {"lanes": 16, "C": 10, "N": 256, "spikes": 13, "events": 13}


def test_the_pages_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = examples(OWN)
    exec(example, {})
    printed = capsys.readouterr().out
    assert OWN.read_text().endswith("".join(f"    {line}\n" for line in printed.splitlines()))


def test_ranges_are_those_of_the_contract() -> None:
    named = {row[0].split()[0]: row[1] for row in table("constant", "range")}
    for name, (low, high) in RANGES.items():
        found = bounds(named[name])
        assert found is not None
        assert tuple(evaluate(each) for each in found) == (low, high), name
    assert set(RANGES) < set(named)
    fields = {*NodeConstants.__dataclass_fields__, "neurons", "classes", "share"}
    assert set(named) == fields


def test_cycles_add_up_to_what_the_contract_says() -> None:
    """With a processor of one cycle per instruction, and of three."""
    *parts, (_, _, sums) = table("part", "cycles")
    engine = 0
    for _, formula, told in parts:
        if "instruction" not in formula:
            plain = re.sub(r"ceil\((\w+) / (\w+)\)", r"-(-\1 // \2)", formula.split(",")[0])
            found = evaluate(plain, **AT_5_PERCENT)
            assert told.split()[0] == str(found), formula
            engine += found
    instructions = 29 * AT_5_PERCENT["C"] + 45
    costs = [cost * instructions + 32 for cost in (1, 3)]
    (firmware,) = [told for _, formula, told in parts if "instruction" in formula]
    assert firmware == f"{costs[0]} at 1, {costs[1]:,} at 3"
    each = [engine + cost for cost in costs]
    assert sums == f"{each[0]} at 1 cycle per instruction, {each[1]:,} at 3"
    left = f"{1500 - engine - 32:,} cycles for its {instructions} instructions"
    assert left in PAGE.read_text()
