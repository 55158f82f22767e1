"""A copy of the checkout that may be broken, and a cache that forgets what it compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def copied_checkout(root: Path = ROOT) -> Iterator[Path]:
    """A temporary copy of all files of `root` that git does not ignore; gone after the block."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "checkout"
        for name in _files(root):
            target = copy / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target, follow_symlinks=False)
        if (root / ".venv").exists():
            (copy / ".venv").symlink_to(root / ".venv")
        yield copy


def _files(root: Path) -> list[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [name for name in told.split("\0") if name and os.path.lexists(root / name)]


def environment_of(copy: Path) -> dict[str, str]:
    """What a Python needs in its environment to take the package from `copy`."""
    return {
        "PYTHONPATH": str(copy / "tests" / "mutation" / "paths"),
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def overlaid_cache() -> Iterator[Path]:
    """A folder for AXONLOOP_CACHE, with links to all that the cache has; gone after the block."""
    from axonloop.sim.build import cache_root  # not above: workers must not have the package

    with tempfile.TemporaryDirectory(prefix="mutants-cache-") as folder:
        for shelf in (path for path in cache_root().glob("*") if path.is_dir()):
            (Path(folder) / shelf.name).mkdir()
            for entry in (path for path in shelf.iterdir() if path.is_dir()):
                os.symlink(entry, Path(folder) / shelf.name / entry.name)
        yield Path(folder)


def forget(cache: Path) -> None:
    """Delete what was added to an overlaid cache: a mutant's chips are never asked for again."""
    for entry in cache.glob("*/*"):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
