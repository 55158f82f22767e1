"""A file with convolutions trains to its end: kernels are drawn, and all is in the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import run

FILE = """
[network]
layers = []
lanes = 4
[[network.convolutions]]
channels = 4
kernel = 3
pool = 2
[[network.convolutions]]
channels = 8
kernel = 3
[task]
ticks = 10
limit = 2
[objective]
burn_in = 2
every = 2
dropout = 0.5
[run]
epochs = 1
"""


@pytest.mark.drawn
def test_a_file_trains_and_its_kernels_are_drawn(tmp_path: Path) -> None:
    file, folder = tmp_path / "mine.toml", tmp_path / "run"
    file.write_text(FILE)
    assert run(["train", str(file), "--device", "golden", "--out", str(folder)]) == 0
    assert (folder / "weights.png").read_bytes()[:4] == b"\x89PNG"
    assert "pixels -> layer1" in (folder / "network.txt").read_text()
    with np.load(folder / "kept.npz") as kept:
        shapes = {name: kept[name].shape for name in kept.files}
    assert (9, 4) in shapes.values(), shapes  # a kernel row for each weight of a channel
    assert run(["eval", str(folder)]) == 0
