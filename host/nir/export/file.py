"""A program as a NIR file."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from axonloop.host.files import require_writable, write_whole
from axonloop.host.network import Program
from axonloop.host.nir.export.package import nir_package
from axonloop.host.nir.export.program_graph import graph_of
from axonloop.models.arrays import Int32Array


def export_nir(
    program: Program, path: str | Path, weights: Int32Array | None = None, dt: float = 1e-3
) -> tuple[str, ...]:
    """Write a program as a NIR file; return what of it NIR cannot say.

    `weights`, int `(axons, neurons of a core)`: those of a device, such as learned ones; None: the
    program's own. A tick is `dt` seconds. `import_nir` of the file, in the dialect nir, gives back
    the same program to the bit. The file is written whole or not at all. Raises ValueError for
    weights of another shape or range and for a path that cannot be written, OSError for a disk
    that is full.
    """
    target = Path(path)
    require_writable(target)
    graph, notes = graph_of(program, weights, dt)
    whole = BytesIO()
    nir_package().write(whole, graph)

    def write(file: BinaryIO) -> None:
        file.write(whole.getbuffer())

    write_whole(target, write)
    return notes
