"""The command that shows what a NIR file becomes, and how far from its float network that is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.hdl.boards import BOARDS
from axonloop.host.console import print_table
from axonloop.host.files import require_writable, write_json
from axonloop.host.network import Program, compile_network
from axonloop.host.nir import Comparison, ImportedGraph, import_nir
from axonloop.models.checks import require, require_range
from axonloop.models.config import Mesh

FITS = "holds it with its own build"


@dataclass(frozen=True)
class Bits:
    """The widths that are asked for, or the bound that decides them."""

    weight: int | None
    state: int | None
    budget: float | None


@dataclass(frozen=True)
class GeneratedInputs:
    """Generated input spikes, or a file of them."""

    ticks: int
    rate: float
    seed: int
    file: Path | None


@dataclass(frozen=True)
class Unsaid:
    """What a file does not say of its neurons and inputs: see `import_nir`."""

    reset: str | None = None
    norm_input: bool = True
    spikes: int | None = None
    counts: int = 1


def check(
    model: Path,
    dialect: str,
    dt: float | None,
    bits: Bits,
    inputs: GeneratedInputs,
    mesh: str,
    device: str,
    json_file: Path | None,
    unsaid: Unsaid = Unsaid(),
) -> None:
    """Import a file, run it beside its float graph, and print tables of both."""
    require_writable(json_file)
    require_range("ticks", inputs.ticks, 1, 1 << 20)
    require(0 <= inputs.rate <= 1, "rate", "in 0..1", inputs.rate)
    given = _spikes(inputs.file) if inputs.file else None
    steps = inputs.ticks if given is None else max(len(array) for array in given.values())
    shape = Mesh.parse(mesh)
    found = import_nir(
        model, dialect, dt, bits.weight, bits.state, bits.budget, steps, shape,
        **dataclasses.asdict(unsaid),
    )  # fmt: skip
    given = given or dict(found.generated_inputs(inputs.ticks, inputs.rate, inputs.seed))
    compared = found.compare(given, device)
    _print_nodes(found)
    _print_layers(found, compared)
    _print_chip(found, compared)
    boards = board_fits(found.program)
    print()
    _print_rows([("board", ""), *boards.items()])
    for note in found.notes:
        print(f"note: {note}")
    if json_file is not None:
        write_json(json_file, _results(found, compared) | {"boards": boards})


def _spikes(path: Path) -> dict[str, Any]:
    try:
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"inputs must be a .npz file of arrays, not {path}: {error}") from error


def _print_nodes(found: ImportedGraph) -> None:
    graph = found.graph
    rows: list[tuple[str, ...]] = [("node", "type", "shape", "becomes")]
    for name in graph.order:
        sides = " x ".join(str(side) for side in graph.shapes[name]) or "1"
        rows.append((name, type(graph.nodes[name]).__name__.strip("_"), sides, graph.kinds[name]))
    _print_rows(rows)


def _print_layers(found: ImportedGraph, compared: Comparison) -> None:
    rows: list[tuple[str, ...]] = [
        ("layer", "alpha_n", "beta_n", "theta", "w_exp", "i_shift", "weights, rms lsb")
        + ("bound", "membrane", "same spikes", "parts at", "chip", "float")
    ]
    pairs = [(layer, part) for layer in compared.layers for part in found.parts[layer.name]]
    for layer, part in pairs:
        own = found.populations[part.name]
        registers = own.parameters
        at = f"tick {layer.first[0]}, neuron {layer.first[1]}" if layer.first else "never"
        rows.append(
            (
                part.name,
                *(str(getattr(registers, name)) for name in rows[0][1:6]),
                f"{own.error.weight_rms_lsb:.3f}",
                f"{layer.bound:.3g}",
                f"{layer.membrane:.3g}",
                f"{100 * layer.agreement:.2f} %",
                at,
                str(layer.chip_spikes),
                str(layer.float_spikes),
            )
        )
    print()
    _print_rows(rows)


def _print_chip(found: ImportedGraph, compared: Comparison) -> None:
    geometry, mesh = found.program.geometry, found.program.config.mesh
    values = {
        "dialect": f"{found.dialect}, dt = {found.dt:g} s",
        "core": f"{geometry.axons} axons, {geometry.neurons} neurons, {geometry.entries} entries",
        "bits": f"weights {geometry.weight_bits}, states {geometry.state_bits}",
        "cores": f"{mesh.columns} x {mesh.rows}",
        "latency": f"{found.latency} ticks from the first layer to the last",
        "ticks": compared.ticks,
        "saturations": compared.saturations,
    }
    print()
    print_table(values)


def _print_rows(rows: list[tuple[str, ...]]) -> None:
    """Lines of cells, columns apart."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _results(found: ImportedGraph, compared: Comparison) -> dict[str, Any]:
    """All of it for machines."""
    return {
        "dialect": found.dialect,
        "dt": found.dt,
        "geometry": dataclasses.asdict(found.program.geometry),
        "offsets": found.offsets,
        "notes": found.notes,
        "errors": {n: dataclasses.asdict(p.error) for n, p in found.populations.items()},
        "comparison": dataclasses.asdict(compared),
    }


def board_fits(program: Program) -> dict[str, str]:
    """For every board: that its own build, of one core, holds the network, or why it does not.

    Another build is a matter of `axonloop synth --config`, which says whether the FPGA has room.
    """
    return {name: _fit(program, name) for name in BOARDS}


def _fit(program: Program, name: str) -> str:
    cores = program.config.mesh.cores
    if cores > 1:
        return f"another build may; its own has one core, not {cores}"
    own = BOARDS[name].build.geometry
    for width in ("weight_bits", "state_bits"):  # fewer would clip what is not clipped here
        has, needs = getattr(own, width), getattr(program.geometry, width)
        if has < needs:
            return f"another build may; its own has {width} {has}, not {needs}"
    try:
        compile_network(program.plan.network, own)
    except ValueError as error:
        return f"another build may; in its own {error}"
    return FITS
