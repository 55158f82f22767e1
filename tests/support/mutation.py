"""Seeded bugs: a piece of a module's text replaced, its classes changed while a test runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from axonloop.sim.batched.kernels import build as library


def mutate(monkeypatch: pytest.MonkeyPatch, module: ModuleType, old: str, new: str) -> None:
    """Make the methods of a module's classes those of its text with `new` for its one `old`."""
    path = Path(str(module.__file__))
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name}: {text.count(old)} times {old!r}"
    # Under its own name, so that dataclasses find their module; nothing else of it is replaced.
    space = {"__name__": module.__name__, "__file__": str(path)}
    exec(compile(text.replace(old, new), str(path), "exec"), space)
    for name, kind in vars(module).items():
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            for attribute, method in vars(space[name]).items():
                if isinstance(method, FunctionType | staticmethod) and attribute in vars(kind):
                    monkeypatch.setattr(kind, attribute, method)


@contextmanager
def mutated_kernels(
    monkeypatch: pytest.MonkeyPatch, folder: Path, file: str, old: str, new: str
) -> Iterator[None]:
    """Kernels with `new` for the one `old` of a file, compiled in haste and then forgotten."""
    sources = folder / "sources"
    shutil.copytree(Path(str(library.__file__)).parent, sources)
    text = (sources / file).read_text()
    assert text.count(old) == 1, f"{file}: {text.count(old)} times {old!r}"
    (sources / file).write_text(text.replace(old, new))
    monkeypatch.setenv("AXONLOOP_CACHE", str(folder))
    monkeypatch.setattr(library, "SOURCES", sorted(sources.glob("*.cpp")))
    monkeypatch.setattr(library, "HEADERS", sorted(sources.rglob("*.h")))
    flags = tuple("-O1" if flag == "-O3" else flag for flag in library.FLAGS)
    monkeypatch.setattr(library, "FLAGS", flags)
    library.load.cache_clear()
    yield
    library.load.cache_clear()
