"""docs/references.md: its example runs, and its tables name every file of the references."""

from __future__ import annotations

import re
from typing import Any

from tests.support.contract import DOCS, examples

PAGE = DOCS / "references.md"
NETWORKS = {"lif.py", "chain.py", "neurons/adaptive.py", "equilibrium/settling.py"}
"""What rules stand on."""


def test_the_pages_example_runs() -> None:
    (block,) = examples(PAGE)
    names: dict[str, Any] = {}
    exec(compile(block, "references.md", "exec"), names)
    assert names["loss"].item() > 0
    assert names["heard"].spikes.shape == (100, 128)


def test_the_tables_name_every_rule() -> None:
    folder = DOCS.parent / "models/reference"
    named = set(re.findall(r"`((?:\w+/)?\w+\.py)`", PAGE.read_text()))
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert there - named <= NETWORKS
