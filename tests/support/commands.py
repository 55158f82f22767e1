"""Commands of the command line, as tests give them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from axonloop.host.cli.app import MISTAKE, run

HEAVY = ("matplotlib", "numpy", "sklearn", "torch")
"""Packages that take long to import."""


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one error line of a mistake."""
    assert run([*arguments]) == MISTAKE
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


def alone(*arguments: str) -> tuple[str, list[str]]:
    """What a command prints in a process of its own, and which of the `HEAVY` packages it loads."""
    code = (
        "import sys\n"
        "from axonloop.host.cli.app import run\n"
        f"run({list(arguments)!r})\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *printed, loaded = found.stdout.split("\n")[:-1]
    return "\n".join(printed), loaded.split()
