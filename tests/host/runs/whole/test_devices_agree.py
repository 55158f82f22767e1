"""A user's data on every device, and on a board as a process of its own: the same bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.cli.app import run
from tests.support.board_process import board_process

RANDOM = np.random.default_rng(1)
LABELS = RANDOM.integers(0, 3, 24)
IMAGES = (RANDOM.random((3, 8, 8))[LABELS] + RANDOM.normal(0, 0.2, (24, 8, 8))).clip(0, 1)
NUMBERS = IMAGES.mean(axis=2)[:, :2]
TARGETS = {"class": LABELS, "numbers": NUMBERS}
SAME = ("weight_hash", "trace_hash", "spike_hash", "history", "data")
FILE = """
[network]
layers = [16]
lanes = 4
[objective]
burn_in = 3
[run]
epochs = 1
[data]
path = "set.npz"
target = "{target}"
ticks = 12
[data.split]
train = 0.5
validation = 0.25
test = 0.25
"""
"""The chip is that of `tests.support.board_process.CHIP`."""


def trained(folder: Path, device: str) -> dict[str, Any]:
    out = folder / device.split(":")[0]
    assert run(["train", str(folder / "mine.toml"), "--device", device, "--out", str(out)]) == 0
    metrics = json.loads((out / "metrics.json").read_text())
    return {name: metrics[name] for name in SAME}


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_own_data_are_the_same_on_golden_batched_rtl_and_a_board(
    target: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "set.npz", inputs=IMAGES, targets=TARGETS[target])
    file = tmp_path / "mine.toml"
    file.write_text(FILE.format(target=target))
    expected = trained(tmp_path, "golden")
    for device in ("batched", "rtl"):
        assert trained(tmp_path, device) == expected
    with board_process(file) as board:
        assert trained(tmp_path, board.device) == expected
