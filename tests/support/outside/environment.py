"""A fresh environment with a wheel and what pip would install beside it; nothing is downloaded."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a command prints, that must succeed in `cwd`; it sees nothing of this environment's
    Python."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(wheel: Path, requirements: Iterable[Requirement], folder: Path) -> Path:
    """Make `folder`/venv with the wheel, and with links to the packages of the environment that
    runs the tests which are required, and no others. Returns the environment's site-packages."""
    venv.create(folder / "venv", with_pip=True)
    run(folder / "venv/bin/pip", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    (site,) = folder.glob("venv/lib/python*/site-packages")
    for needed in _closure(requirements):
        for top in {Path(file).parts[0] for file in needed.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(needed.locate_file(top))
    return site


def _closure(requirements: Iterable[Requirement]) -> list[Distribution]:
    """The distributions that are required, and those that they require in turn."""
    wanted, seen = [(requirement, "") for requirement in requirements], set()
    found: dict[str, Distribution] = {}
    while wanted:
        requirement, extra = wanted.pop()
        marker = requirement.marker
        if (str(requirement), extra) in seen or (marker and not marker.evaluate({"extra": extra})):
            continue
        seen.add((str(requirement), extra))
        try:
            found[requirement.name] = needed = distribution(requirement.name)
        except PackageNotFoundError:  # what needs it says so better
            continue
        for line in needed.requires or ():
            wanted += [(Requirement(line), each) for each in {"", *requirement.extras}]
    return [*found.values()]
