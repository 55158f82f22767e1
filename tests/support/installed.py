"""A package that is installed, as far as entry points are concerned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str, points: Mapping[str, str]
) -> None:
    """A package `name` with a module of that name; `points` are its entry points by group."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    table = "".join(f"[{group}]\n{point}\n" for group, point in points.items())
    (info / "entry_points.txt").write_text(table)
    monkeypatch.syspath_prepend(folder)
