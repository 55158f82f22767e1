"""The example in docs/data.md trains as the page says, in 16 lines."""

from __future__ import annotations

import re

import pytest

from tests.support.contract import DOCS, examples

PAGE = DOCS / "data.md"


def test_the_pages_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples(PAGE)
    assert len(re.findall(r"^\S|^    \S", block, re.MULTILINE)) <= 16
    exec(compile(block, "data.md", "exec"), {})
    found = re.search(r"It prints `(.*?)`", PAGE.read_text())
    assert found is not None
    assert capsys.readouterr().out == found[1] + "\n"
