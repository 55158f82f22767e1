"""The compiled netlist of a geometry; every step to it is cached by content.

The netlist's cells are Yosys' own models, read from its package, and `ecp5_cells.v` where Yosys
has none.
"""

from __future__ import annotations

import re
from pathlib import Path

from axonloop.models.config import ONE_CORE, Geometry, Mesh
from axonloop.sim.build import (
    BuildError,
    MissingToolError,
    Notify,
    announced,
    content_key,
    entry,
    to_stderr,
)
from axonloop.sim.cosim.chip_library import sources_key
from axonloop.sim.cosim.verilate import build

OWN_CELLS = Path(__file__).with_name("ecp5_cells.v")
PRELUDE = """/* verilator lint_off SPECIFYIGN */
/* verilator lint_off UNOPTFLAT */
/* verilator lint_off INITIALDLY */
`define NO_ICE40_DEFAULT_ASSIGNMENTS
`define ICE40_U
"""
"""Timing is for other tools, and the loops that Verilator sees go through unrelated bits of a
cell. Some memories get their contents by `<=`. An unconnected input gets no default: the netlist
must connect it."""
_MODULE = re.compile(r"^module\s+(\w+)\b.*?\bendmodule\b", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"^`(?:define|ifdef|ifndef|else|endif)\b.*\n", re.MULTILINE)
_INSTANCE = re.compile(r"^  ([A-Z]\w+) (?:#\(|\S+ \()", re.MULTILINE)


def build_netlist(
    geometry: Geometry,
    family: str,
    core: int = 0,
    notify: Notify = to_stderr,
    mesh: Mesh = ONE_CORE,
) -> Path:
    """The shared library of a chip as cells of `family`; `core` numbers its first core.

    Raises ValueError for an unknown family, MissingToolError without Yosys or a compiler,
    BuildError if a tool fails or the cache cannot be written.
    """
    return build(with_cells(netlist_verilog(geometry, family, core, notify, mesh), family), False)


def netlist_verilog(
    geometry: Geometry,
    family: str,
    core: int = 0,
    notify: Notify = to_stderr,
    mesh: Mesh = ONE_CORE,
) -> str:
    """The netlist without its cells, kept in the cache until a source or a tool changes.

    Raises what `build_netlist` raises.
    """
    from axonloop.hdl.flow import ToolError, chip_netlist, netlist_script, netlist_yosys

    script = netlist_script(family)
    try:
        version = netlist_yosys().version
    except ToolError as error:
        raise MissingToolError(str(error)) from error

    def synthesise(folder: Path) -> None:
        try:
            with announced(notify, f"the netlist for {family}"):
                chip_netlist(geometry, family, folder, core, mesh)
        except ToolError as error:
            raise BuildError(str(error)) from error
        for path in folder.iterdir():
            if path.name != "netlist.v":
                path.unlink()

    key = content_key(sources_key(), script, version, repr(geometry), str(core), repr(mesh))
    return (entry("netlist", key, synthesise) / "netlist.v").read_text()


def with_cells(netlist: str, family: str) -> str:
    """A netlist and the models of the cells that it is made of, as one text for Verilator.

    Raises BuildError for a cell without a model, MissingToolError without Yosys.
    """
    directives, cells = cell_models(family)
    used = sorted(set(_INSTANCE.findall(netlist)))
    if missing := [name for name in used if name not in cells]:
        raise BuildError(f"cells of the netlist must have models, not {', '.join(missing)}")
    for name in used:  # grows while it is gone through: cells are made of cells
        inner = set(re.findall(r"^\s+(\w+)\s+#?[(\w]", cells[name], re.MULTILINE))
        used += sorted((inner & cells.keys()) - set(used))
    return "\n".join([PRELUDE + directives, netlist, *(cells[name] for name in used)])


def cell_models(family: str) -> tuple[str, dict[str, str]]:
    """Preprocessor directives, and the models of a family's cells by name."""
    from axonloop.hdl.flow import ToolError, yosys_folder

    try:
        folder = yosys_folder() / "share" / family
    except ToolError as error:
        raise MissingToolError(str(error)) from error
    text = _included(folder / "cells_sim.v")
    own = OWN_CELLS.read_text() if family == "ecp5" else ""
    directives = "".join(_DIRECTIVE.findall(text.partition("\nmodule ")[0]))
    return directives, {m[1]: m[0] for part in (text, own) for m in _MODULE.finditer(part)}


def _included(path: Path) -> str:
    """A file with the files that it includes."""
    parts = re.split(r'^`include "(\S+)"$', path.read_text(), flags=re.MULTILINE)
    return "".join(
        _included(path.with_name(part)) if index % 2 else part for index, part in enumerate(parts)
    )
