"""A crossbar as a netlist of ngspice, and what ngspice says of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def netlist(conductance: Floats, word: float, bit: float, inputs: Floats, bend: float = 0.0) -> str:
    """Rows driven at column 0, columns read before row 0, as `Crossbar` is."""
    lines = ["crossbar"]
    (rows, columns), cells, volts = conductance.shape, conductance.tolist(), inputs.tolist()
    for i in range(rows):
        lines.append(f"vin{i} w{i}_0 0 dc {volts[i]!r}")
        for j in range(columns):
            lines.append(f"rw{i}_{j} w{i}_{j} w{i}_{j + 1} {word!r}")
            at, below = f"w{i}_{j + 1}", f"b{i + 1}_{j}"
            lines.append(f"rb{i}_{j} b{i}_{j} {below} {bit!r}")
            if bend:
                flow = f"{cells[i][j]!r}*sinh({bend!r}*v({at},{below}))/{bend!r}"
                lines.append(f"b{i}_{j} {at} {below} i={flow}")
            else:
                lines.append(f"rc{i}_{j} {at} {below} {1 / cells[i][j]!r}")
    lines += [f"vout{j} b0_{j} 0 dc 0" for j in range(columns)]
    lines += [".options reltol=1e-12 abstol=1e-18 vntol=1e-15 gmin=1e-30"]
    lines += [".control", "set numdgt=15", "op"]
    lines += [f"print i(vout{j})" for j in range(columns)]
    return "\n".join([*lines, ".endc", ".end", ""])


def output_currents(folder: Path, text: str) -> Floats:
    """The currents of the outputs, in A, as ngspice computes them."""
    path = folder / "crossbar.cir"
    path.write_text(text)
    command = ["ngspice", "-b", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = dict(re.findall(r"i\(vout(\d+)\) = (\S+)", done.stdout))
    assert found, done.stdout + done.stderr
    return np.array([float(found[str(j)]) for j in range(len(found))])
