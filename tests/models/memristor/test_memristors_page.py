"""The examples in docs/memristors.md run and print what the page says; its table names all."""

from __future__ import annotations

import re

import pytest

from axonloop.models.memristor import NAMED
from tests.support.contract import DOCS, examples, table

PAGE = DOCS / "memristors.md"


def test_the_pages_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = examples(PAGE)
    shown = re.findall(r"prints\n\n((?:    .*\n)+)", PAGE.read_text())
    assert len(blocks) == len(shown) == 2
    for block, text in zip(blocks, shown, strict=True):
        exec(compile(block, "memristors.md", "exec"), {})
        assert capsys.readouterr().out.splitlines() == [line[4:] for line in text.splitlines()]


def test_the_page_names_every_memristor() -> None:
    rows = table("name", "what it is", page=PAGE)
    assert re.findall(r"`(.+?)`", " ".join(row[0] for row in rows)) == list(NAMED)
