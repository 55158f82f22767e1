"""The examples in docs/recording.md print what the page says; its table is the program's."""

from __future__ import annotations

import re

import pytest

from axonloop.host.recorder.states import UNITS
from axonloop.models.protocol import Owner
from tests.support.contract import DOCS, examples, table

PAGE = DOCS / "recording.md"


def test_the_pages_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    blocks = examples(PAGE)
    printed = re.findall(r"```\n\n((?:    .*\n)+)", PAGE.read_text())
    for block, expected in zip(blocks, printed, strict=True):
        exec(compile(block, "recording.md", "exec"), names)
        assert capsys.readouterr().out == re.sub(r"(?m)^    ", "", expected)


def test_the_page_names_every_state() -> None:
    rows = table("state", "of", "unit", page=PAGE)
    named = {key: row[1:] for row in rows for key in re.findall(r"`(\w+)`", row[0])}
    assert set(named) == {region.key for region in UNITS}
    for region, unit in UNITS.items():
        of, found = named[region.key]
        assert found == unit
        assert ("neurons" in of) == (region.owner is Owner.NEURON)
