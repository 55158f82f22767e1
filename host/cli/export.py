"""The command that writes what a run has learned for other tools."""

from __future__ import annotations

from pathlib import Path

from axonloop.host.console import notice, print_table
from axonloop.host.devices import weight_hash
from axonloop.host.files import require_writable
from axonloop.host.nir import export_nir
from axonloop.host.runs import stored_program


def export(run: Path, file: Path, dt: float) -> None:
    """Write the network and the weights of a run's checkpoint as NIR."""
    require_writable(file)
    program, weights = stored_program(run)
    notes = export_nir(program, file, weights, dt)
    print_table({"file": str(file), "weight_hash": weight_hash(weights, program.geometry)})
    for note in notes:
        notice(f"note: {note}")
