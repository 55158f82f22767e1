"""The examples in docs/rules.md run, print what the page says, and the window is that of STDP."""

from __future__ import annotations

import inspect
import re

import pytest

from axonloop.models import rules
from tests.support.contract import DOCS, examples

PAGE = DOCS / "rules.md"


def trace(first: int, keep: int, ticks: int) -> int:
    """A trace `ticks` after its spike, shifted."""
    for _ in range(ticks):
        first = first * keep >> 12
    return first >> 5


def test_the_pages_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    blocks = examples(PAGE)
    shown = re.findall(r"prints\n\n((?:    .*\n)+)", PAGE.read_text())
    assert len(blocks) == len(shown) == 2
    for block, text in zip(blocks, shown, strict=True):
        exec(compile(block, "rules.md", "exec"), names)
        assert capsys.readouterr().out.splitlines() == [line[4:] for line in text.splitlines()]
    late = [trace(1600, 3700, dt) for dt in range(21)]
    early = [trace(800, 3900, dt) for dt in range(21)]
    expected = [late[dt] for dt in range(20, 0, -1)]
    expected += [late[0] - early[0], *(-early[dt] for dt in range(1, 21))]
    assert names["window"].tolist() == expected  # type: ignore[attr-defined]


def test_the_page_names_every_rule() -> None:
    named = re.findall(r"^\| `(\w+)\((.*?)\)` \|", PAGE.read_text(), re.MULTILINE)
    found = {
        name: list(inspect.signature(rule).parameters)
        for name, rule in vars(rules).items()
        if inspect.isfunction(rule) and rule.__module__ == rules.__name__
    }
    optional = {"third", "axon"}
    assert dict(named) == {
        name: ", ".join(entry for entry in parameters if entry not in optional)
        for name, parameters in found.items()
    }
