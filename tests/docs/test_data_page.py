"""The examples in docs/data.md train as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import run
from tests.support.contract import DOCS, examples

PAGE = DOCS / "data.md"


@pytest.mark.slow
def test_the_pages_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The first is short, and the second goes on from it."""
    first, second = examples(PAGE)
    assert len(re.findall(r"^\S|^    \S", first, re.MULTILINE)) <= 19
    names: dict[str, object] = {}
    exec(compile(first, "data.md", "exec"), names)
    found = re.search(r"It prints `(.*?)`", PAGE.read_text())
    assert found is not None
    assert capsys.readouterr().out == found[1] + "\n"
    exec(compile(second, "data.md", "exec"), names)
    assert capsys.readouterr().out == found[1] + "\n"


def test_the_pages_file_trains(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "mine.toml").write_text(text)
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 40)
    np.savez(tmp_path / "set.npz", images=random.random((40, 5)), labels=labels)
    out = ["--device", "golden", "--epochs", "1", "--out", str(tmp_path / "run")]
    assert run(["train", str(tmp_path / "mine.toml"), *out]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["samples"] == {"train": 28, "test": 8}
