"""The example of docs/cocotb.md is a bench that runs as it stands there, in any folder."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import axonloop.sim.cocotb as package
from tests.support.contract import DOCS, examples, table
from tests.support.outside.verilog_tools import require_simulator

PAGE = DOCS / "cocotb.md"


def test_the_page_names_what_there_is() -> None:
    rows = table("name", "what it is", page=PAGE)
    named = {name.strip("`") for row in rows for name in row[0].split(", ")}
    assert named | {"AnswerCount"} == set(package.__all__)
    for name in named:
        assert getattr(importlib.import_module("axonloop.sim.cocotb"), name).__doc__


@pytest.mark.parametrize("simulator", [pytest.param("verilator", marks=pytest.mark.slow), "icarus"])
def test_the_example(simulator: str, tmp_path: Path) -> None:
    """As a user runs it: two files in a folder, and pytest."""
    require_simulator(simulator)
    bench, runner = examples(PAGE)
    (tmp_path / "my_bench.py").write_text(bench)
    (tmp_path / "test_my_bench.py").write_text(runner.replace('"verilator"', f'"{simulator}"'))
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "1 passed" in done.stdout


@pytest.mark.slow
def test_a_wrong_model_is_told_of(tmp_path: Path) -> None:
    """The scoreboard holds another threshold than the chip was given."""
    bench, runner = examples(PAGE)
    wrong = "Scoreboard(replace(CONFIG, parameter_sets=(ParameterSet(theta=310),)))"
    bench = f"from dataclasses import replace\n{bench.replace('Scoreboard(CONFIG)', wrong)}"
    (tmp_path / "my_bench.py").write_text(bench)
    (tmp_path / "test_my_bench.py").write_text(runner)
    done = run(tmp_path)
    assert done.returncode == 1
    assert "AssertionError: " in done.stdout
    assert "must be" in done.stdout or "heard must" in done.stdout


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "."]
    return subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False
    )
