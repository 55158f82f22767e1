"""The third command of docs/getting-started.md prints what the page shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from axonloop.host.cli.app import run
from tests.support.contract import DOCS


@pytest.mark.slow
def test_a_little_training_prints_what_the_page_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (section,) = re.findall(
        r"^## 3\.(.*?)^## 4\.", (DOCS / "getting-started.md").read_text(), re.MULTILINE | re.DOTALL
    )
    command, *shown = re.findall(r"^    (.+)$", section, re.MULTILINE)
    words = command.removeprefix("axonloop ").replace("runs/first", str(tmp_path / "run"))
    assert run(words.split()) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(shown) == 4
    assert set(shown) <= set(printed)
