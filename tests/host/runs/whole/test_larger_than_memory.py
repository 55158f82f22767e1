"""Training on a file ten times as large as the memory that it may use, killed and resumed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.memory.run import compare

FILE, MEMORY = 300, 30
EPOCHS = 4
"""So many that a checkpoint comes, five seconds on, before the end."""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read from /proc")
def test_a_large_file_trains_within_its_memory_and_survives_a_kill(tmp_path: Path) -> None:
    """The train, validation and test parts lie in all, 81 % and 97 % of the chunks."""
    found = compare(tmp_path, FILE, MEMORY, EPOCHS)
    whole, empty = found["whole"], found["empty"]
    assert [found[name]["killed"] for name in ("whole", "killed", "resumed")] == [
        False,
        True,
        False,
    ]
    assert found["results"]["whole"] == found["results"]["run"]
    for name in ("whole", "resumed"):
        assert found[name]["peak_mib"] - empty["peak_mib"] < MEMORY
    assert whole["read_mib"] - empty["read_mib"] < (EPOCHS * (1 + 0.81) + 0.97) * 1.025 * FILE
