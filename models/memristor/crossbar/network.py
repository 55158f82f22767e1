"""A crossbar with wires of resistance: voltages and currents by nodal analysis.

Rows are word lines, driven at column 0; columns are bit lines, held at 0 V before row 0, where
their currents are read. Every cell has a piece of wire of each line on the way there, and the lines
end openly at the other end:

    row i ---w---+---w---+---w---+      V, one node a cell
                 G       G       G
                 +       +       +      U, one node a cell; w to the cell of row i - 1
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_number
from axonloop.models.memristor.crossbar.nodes import Nodes
from axonloop.models.memristor.crossbar.ports import transfer

Floats = NDArray[np.float64]
_MOST_BENT = 30.0
"""exp of this is 1e13: no device bends as much."""


class Solution(NamedTuple):
    """What the nodes of a crossbar do for input vectors `(..., rows)`.

    `currents` of the outputs, in A, are `(..., columns)`; `across`, the voltages of the cells, in
    V, and `cells`, their currents, in A, `(..., rows, columns)`. `residue` is the largest current
    that Kirchhoff's law misses at a node, over the largest of a cell.
    """

    currents: Floats
    across: Floats
    cells: Floats
    residue: float


@dataclass(frozen=True)
class Crossbar:
    """Cells of `conductance` `(rows, columns)`, in S, on wires of `word` and `bit` ohm per cell.

    `bend`, per volt, makes the cells I = G sinh(bend V) / bend; 0 is I = G V. Raises ValueError for
    conductances or resistances below 0 or not finite, and for wires of which only one is ideal.
    """

    conductance: Floats
    word: float
    bit: float
    bend: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "conductance", conductances(self.conductance, 2))
        require_wires(self.word, self.bit)
        require_number("bend", self.bend)
        require(self.bend >= 0, "bend", "0 per volt or more", self.bend)

    @cached_property
    def effective(self) -> Floats:
        """Output current per volt at one row, the others at 0 V: in S, `(rows, columns)`.

        The currents of any inputs are `inputs @ effective`. ValueError where cells bend.
        """
        require(self.bend == 0, "bend", "0, as currents must add up", self.bend)
        return effective(self.conductance, self.word, self.bit)

    def solve(self, inputs: ArrayLike) -> Solution:
        """All voltages and currents for `inputs`, in V, `(..., rows)`.

        Raises ValueError for inputs of another shape, not finite or too large for the bend, and
        where the wires are so much worse than the cells that the solution does not settle.
        """
        given = np.asarray(inputs, np.float64)
        rows, columns = self.conductance.shape
        require(given.shape[-1:] == (rows,), "inputs", f"(..., {rows}) for the rows", given.shape)
        require(bool(np.isfinite(given).all()), "inputs", "finite", "NaN or infinite")
        require(given.size > 0, "inputs", "one vector or more", given.shape)
        bent = self.bend * float(np.abs(given).max())
        require(bent <= _MOST_BENT, "bend times an input", f"{_MOST_BENT} or less", bent)
        flat = given.reshape(-1, rows).T[:, :, None]
        driven = np.broadcast_to(flat, (*flat.shape[:2], columns))
        nodes = Nodes(self.conductance, self.word, self.bit, self.bend, driven)
        shape = given.shape[:-1]
        return Solution(
            nodes.currents.reshape(*shape, columns),
            np.swapaxes(nodes.across, 0, 1).reshape(*shape, rows, columns),
            np.swapaxes(nodes.flow, 0, 1).reshape(*shape, rows, columns),
            nodes.residue,
        )


def conductances(values: ArrayLike, dimensions: int | None = None) -> Floats:
    """`values` as an array of conductances; ValueError for negative, NaN, infinite or none."""
    array = np.asarray(values, np.float64)
    good = array.ndim >= 2 if dimensions is None else array.ndim == dimensions
    require(good and array.size > 0, "conductances", "an array (rows, columns)", array.shape)
    require(bool(np.isfinite(array).all()), "conductances", "finite: no short", "NaN or infinite")
    require(bool((array >= 0).all()), "conductances", "0 S or more", float(array.min()))
    return array


def require_wires(word: float, bit: float) -> None:
    """ValueError unless both resistances are above 0, or both are 0."""
    for name, value in (("word", word), ("bit", bit)):
        require_number(f"wire resistance ({name})", value)
        require(value >= 0, f"wire resistance ({name})", "0 ohm or more", value)
    both = (word > 0) == (bit > 0)
    require(both, "wire resistances", "both above 0, or both 0", (word, bit))


def effective(conductance: ArrayLike, word: float, bit: float) -> Floats:
    """`Crossbar.effective` of many crossbars of one size, `(..., rows, columns)`, in S."""
    cells = conductances(conductance)
    require_wires(word, bit)
    return cells.copy() if word == 0 else transfer(cells, 1 / word, 1 / bit)
