"""The example in docs/nir.md runs, and the page's tables are those of the program."""

from __future__ import annotations

import re

import pytest

from tests.support.contract import DOCS, examples, table

pytest.importorskip("nir")
PAGE = DOCS / "nir.md"


def test_the_pages_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples(PAGE)
    names: dict[str, object] = {}
    exec(compile(block, "nir.md", "exec"), names)
    error, layer, spikes = capsys.readouterr().out.splitlines()
    assert error.startswith("QuantisationError(")
    assert "LayerComparison(name='lif'" in layer
    assert int(spikes) > 100


def test_the_page_names_all_dialects_and_nodes() -> None:
    from axonloop.host.nir import Dialect
    from axonloop.host.nir.nodes import KINDS

    rows = table("dialect", "dt", page=PAGE)
    assert {row[0].strip("`") for row in rows} == {entry.value for entry in Dialect}
    named = " ".join(row[0] for row in table("node", "on the chip", page=PAGE))
    assert set(re.findall(r"\w+", named)) >= set(KINDS) - {"Output"}
