"""The tutorials' notebooks run, and print what is stored in them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.support.contract import DOCS

QUICK = ("own-rule",)
TUTORIALS = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem not in QUICK))
    for path in sorted((DOCS / "tutorials").glob("*.ipynb"))
]
EXECUTE = (sys.executable, "-c", "from nbclient.cli import main; main()", "--inplace")
"""nbclient's own command, in a process of its own: kernels leave sockets open."""
QUIET = ("--KernelManager.transport=ipc", "--timeout=300")
"""The kernel listens on files instead of ports."""


def outputs(path: Path) -> list[Any]:
    """The outputs of all cells, one after the other."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    return [out for cell in notebook.cells for out in cell.get("outputs", [])]


def printed(path: Path) -> str:
    """What the cells wrote to stdout."""
    return "".join(out.text for out in outputs(path) if out.get("name") == "stdout")


def pictures(path: Path) -> int:
    """How many pictures the cells show."""
    return sum("image/png" in out.get("data", {}) for out in outputs(path))


@pytest.mark.parametrize("path", TUTORIALS)
def test_a_notebook_prints_what_it_shows(path: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(path.parent, tmp_path / "tutorials") / path.name
    done = subprocess.run(
        [*EXECUTE, *QUIET, f"--KernelManager.ip={tmp_path / 'kernel'}", str(copy)],
        capture_output=True,
        text=True,
        cwd=copy.parent,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert printed(path) != ""
    assert printed(copy) == printed(path)
    assert pictures(copy) == pictures(path)
