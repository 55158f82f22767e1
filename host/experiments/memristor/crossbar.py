"""What wires make of the weights of a crossbar (Fouda et al. 2019, figures 4 and 5; its delay).

A weight is read as what its output gets per volt at its row, the other rows at 0 V. Beside the
whole array stand arrays cut into parts, and a mask: a factor per row and one per column. The
solver is run beside badcrossbar where that is installed, each in a process of its own with one
thread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.experiments.memristor.crossbar_picture import draw as draw
from axonloop.host.experiments.memristor.solvers import PEER, beside
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.models.memristor.crossbar import (
    Crossbar,
    Delay,
    effective,
    fitted_mask,
    in_parts,
    slopes,
)

Floats = NDArray[np.float64]
SIDE, BLOCK = 512, 64
ON, OFF, WIRE = 1e3, 1e6, 0.1
"""Ohm: devices that are on and off, and one cell's piece of wire."""
PARTS = (64, 32, 16)
HARD = (10.0, 92.0)
"""Ohm per cell: a usual hard case, and what is expected at 5 nm."""
DELAYS = (512, 256, 128, 64, 32)
LINE = Delay(wire=10.0, buffer=20e-15, driver=5e-9)
"""The delay of a row: wire of a hard case; buffers of 20 fF and drivers of 5 ns are our guess."""
BEND = 3.0
"""Of cells that bend, per volt."""


def random_cells(side: int, seed: int) -> Floats:
    """Conductances from OFF to ON, all as likely, `(side, side)`, in S."""
    return np.random.default_rng(seed).uniform(1 / OFF, 1 / ON, (side, side))


def compared(wanted: Floats, read: Floats) -> dict[str, float]:
    """Slope, means, correlation and error of what is read."""
    off = wanted - wanted.mean()
    return {
        "slope": float((off * (read - read.mean())).sum() / (off**2).sum()),
        "mean": float(read.mean() / wanted.mean()),
        "correlation": float(np.corrcoef(wanted.ravel(), read.ravel())[0, 1]),
        "error": float(np.sqrt(np.mean((read - wanted) ** 2))) * ON,
    }


def blocks(wanted: Floats, read: Floats, side: int) -> Floats:
    """The mean read in each block over the mean wanted, `(blocks, blocks)`."""
    shape = (len(wanted) // side, side, len(wanted) // side, side)
    found: Floats = read.reshape(shape).mean((1, 3)) / wanted.reshape(shape).mean((1, 3))
    return found


def measure(order: Order, progress: Progress) -> Metrics:
    """Arrays of 512 x 512, whole and in parts; with `full` the other solver at larger sizes."""
    cells = random_cells(SIDE, order.seeds[0])
    read = effective(cells, WIRE, WIRE)
    progress("score", 1, 4)
    slope = slopes(cells, read, BLOCK)
    mask = fitted_mask(slope, BLOCK)
    found: Metrics = {"arrays": {f"{SIDE} whole": compared(cells, read)}}
    means = blocks(cells, read, BLOCK)
    found["slopes"], found["means"] = slope.tolist(), means.tolist()
    found["mask"] = {
        "error": mask.error,
        "rows": mask.row.tolist(),
        "columns": mask.column.tolist(),
        "left": compared(mask.of(cells), read),
    }
    for size in (256, 128):
        part = random_cells(size, order.seeds[0])
        found["arrays"][f"{size} whole"] = compared(part, effective(part, WIRE, WIRE))
    cut = {size: in_parts(cells, size, WIRE, WIRE) for size in PARTS}
    for size, one in cut.items():
        found["arrays"][f"{SIDE} in parts of {size}"] = compared(cells, one)
    small = random_cells(64, order.seeds[0])
    for wire in HARD:
        name = f"64 whole, {wire:g} ohm"
        found["arrays"][name] = compared(small, effective(small, wire, wire))
    progress("score", 2, 4)
    found["checks"] = checks(cells, read)
    found["delays"] = {part: 1e9 * LINE.layer(SIDE, part) for part in DELAYS}
    progress("score", 3, 4)
    sides = (64, 128, 256, 512) if order.full else (64, 128)
    found["speed"] = [vars(each) for each in beside(sides, WIRE)]
    progress("score", 4, 4)
    shown = {"cells": cells, "read": read, "parts": cut[PARTS[0]]}
    return found | {"rows": rows(found), "shown": shown}


def checks(cells: Floats, read: Floats) -> dict[str, float]:
    """Kirchhoff's law, both solvers against each other, and cells that bend."""
    rows = np.random.default_rng(1).uniform(0, 1, len(cells))
    one = Crossbar(cells, WIRE, WIRE).solve(rows)
    bent = Crossbar(cells[:64, :64], HARD[0], HARD[0], BEND)
    flat = Crossbar(cells[:64, :64], HARD[0], HARD[0])
    strong = bent.solve(rows[:64])
    gain = strong.currents / flat.solve(rows[:64]).currents
    return {
        "residue": one.residue,
        "residue of bent cells": strong.residue,
        "both solvers": float(np.abs(one.currents / (rows @ read) - 1).max()),
        "current of bent cells over straight ones": float(gain.mean()),
    }


def rows(found: Metrics) -> list[ResultRow]:
    """The figures, and what the paper says in words."""
    arrays, slope, means = found["arrays"], found["slopes"], found["means"]
    lines = [
        ResultRow(
            f"{SIDE} x {SIDE}, {WIRE} ohm: slope of read on wanted, first, last block of {BLOCK}",
            "least wrong at the first, exponential",
            f"{slope[0][0]:.3f}, {slope[-1][-1]:.4f}; means {means[0][0]:.3f}, {means[-1][-1]:.3f}",
        )
    ]
    for name, one in arrays.items():
        said = "of the size of device variation" if name.endswith("parts of 64") else ""
        lines.append(
            ResultRow(
                f"{name}: slope; mean; correlation; rms error / Gmax",
                said,
                "{slope:.3f}; {mean:.3f}; {correlation:.4f}; {error:.4f}".format(**one),
            )
        )
    mask, sound = found["mask"], found["checks"]
    lines += [
        ResultRow(
            "mask of rows x columns: largest error of a log slope; rms error / Gmax behind it",
            "decays exponentially",
            f"{mask['error']:.4f}; {mask['left']['error']:.4f} for "
            f"{arrays[f'{SIDE} whole']['error']:.4f}",
        ),
        ResultRow(
            "Kirchhoff's residue; both solvers apart by",
            "",
            f"{max(sound['residue'], sound['residue of bent cells']):.0e}; "
            f"{sound['both solvers']:.0e}",
        ),
        ResultRow(
            f"layer of {SIDE} columns in parts of {', '.join(map(str, found['delays']))}",
            "20 to 100 ns",
            f"{', '.join(f'{value:.0f}' for value in found['delays'].values())} ns",
        ),
    ]
    sides = sorted({each["side"] for each in found["speed"]})
    return lines + [speed_row(found["speed"], side) for side in sides]


def speed_row(speed: list[dict[str, float | str]], side: int) -> ResultRow:
    """Processor seconds and memory of both solvers."""
    text = {
        each["solver"]: f"{each['cpu']:.2f} s, {each['megabytes']:.0f} MB"
        for each in speed
        if each["side"] == side
    }
    other = f"{PEER}: {text.get(PEER, 'not installed')}"
    return ResultRow(
        f"all currents of {side} x {side}, processor and memory", other, text["axonloop"]
    )
