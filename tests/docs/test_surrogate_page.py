"""The example in docs/surrogate.md runs, and the chip does what it did in training."""

from __future__ import annotations

import re

import pytest
import torch

from tests.support.contract import DOCS, examples

PAGE = DOCS / "surrogate.md"


def test_the_pages_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples(PAGE)
    torch.manual_seed(1)
    exec(compile(block, "surrogate.md", "exec"), {})
    found = re.fullmatch(
        r"loss (.*), (\d+) spikes on the chip, (\d+) in training\n", capsys.readouterr().out
    )
    assert found is not None
    assert float(found[1]) < 1
    assert 0 < int(found[2]) == int(found[3])
