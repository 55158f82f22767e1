"""The example of README.md prints what the page shows; the drawings are those of the script."""

from __future__ import annotations

import re
import runpy

import pytest

from tests.support.contract import DOCS, examples

PAGE = DOCS.with_name("README.md")


def test_the_example_runs_and_prints_what_the_page_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (block,) = examples(PAGE)
    exec(compile(block, "README.md", "exec"), {})
    (shown,) = re.findall(r"(?:^    [\[ ]\[.*\]\n)+", PAGE.read_text(), re.MULTILINE)
    expected = "".join(line.removeprefix("    ") for line in shown.splitlines(keepends=True))
    assert capsys.readouterr().out == expected


def test_the_drawings_are_those_of_the_script() -> None:
    """`python docs/drawings.py` writes them."""
    drawings = runpy.run_path(str(DOCS / "drawings.py"))["DRAWINGS"]
    assert {path.stem for path in (DOCS / "images").glob("*.svg")} == set(drawings)
    for name, draw in drawings.items():
        assert (DOCS / "images" / f"{name}.svg").read_text() == draw().svg(), name
