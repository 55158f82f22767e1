"""The example of docs/processor.md prints what stands behind it, and section 13 what is checked."""

from __future__ import annotations

import re
from typing import Any

import pytest

from axonloop.models.config import NodeGeometry
from axonloop.models.cycles import node_cycles
from axonloop.models.golden.processing import NodeConstants
from axonloop.models.golden.processing.constants import RANGES
from tests.support.contract import DOCS, bounds, evaluate, examples, table

OWN = DOCS / "processor.md"
SIZES: dict[str, Any] = {"lanes": 16, "C": 10, "N": 256, "spikes": 13, "last": 16, "max": max}
"""Of the tick that the page counts, at 5 % activity."""


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
    """Of the two that go on at the same time the longer one counts."""
    *parts, (_, _, sums) = table("part", "cycles")
    found = []
    for part, formula, told in parts:
        plain = re.sub(r"ceil\((\w+) / (\w+)\)", r"-(-\1 // \2)", formula.split(", with")[0])
        found.append(evaluate(plain, **SIZES))
        assert told == f"{found[-1]:,}", part
    *alone, feedback, votes = found
    whole = sum(alone) + max(feedback, votes)
    assert sums == f"{whole:,}"
    sizes = SIZES["N"], SIZES["C"], SIZES["spikes"]
    assert whole == node_cycles(NodeGeometry(lanes=16), *sizes, steered=True)
    assert f"needs for it: {whole:,} cycles" in OWN.read_text()
