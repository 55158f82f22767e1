"""What wires make of weights: slopes, masks, and arrays in parts.

The wires of a crossbar scale what is read of a cell by where it is: least at the driven, grounded
corner, most at the opposite one. The logarithm of that is a sum of one number for the row and one
for the column, nearly; a `Mask` has their exponentials. Sneak currents add to every cell what has
nothing to do with it, so a mask is fitted to slopes of read on wanted conductances, not to means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.models.checks import require, require_range
from axonloop.models.config import LOSS_MAX
from axonloop.models.memristor.crossbar.network import conductances, effective

Floats = NDArray[np.float64]


def slopes(wanted: ArrayLike, read: ArrayLike, block: int) -> Floats:
    """The slope of `read` on `wanted` in every block of cells, `(rows / block, columns / block)`.

    Raises ValueError for arrays of two shapes or that blocks do not tile, and where all cells of a
    block want the same: nothing tells a slope there.
    """
    cells, found = conductances(wanted, 2), np.asarray(read, np.float64)
    require(found.shape == cells.shape, "read", f"of the shape {cells.shape}", found.shape)
    require_range("block", block, 2, min(cells.shape))
    whole = all(side % block == 0 for side in cells.shape)
    require(whole, "block", f"a divisor of {cells.shape}", block)
    one, other = _blocks(cells, block), _blocks(found, block)
    one = one - one.mean(-1, keepdims=True)
    spread = (one**2).sum(-1)
    require(bool((spread > 0).all()), "wanted", "of several values in every block", "constant")
    slope: Floats = (one * other).sum(-1) / spread
    return slope


def _blocks(values: Floats, block: int) -> Floats:
    """`(rows / block, columns / block, block^2)`."""
    rows, columns = (side // block for side in values.shape)
    apart = values.reshape(rows, block, columns, block).swapaxes(1, 2)
    return apart.reshape(rows, columns, block * block)


@dataclass(frozen=True)
class Mask:
    """Factors `row` `(rows,)` and `column` `(columns,)` of what is left of each weight, in 0..1.

    `error` is the largest difference from the logarithms that it was fitted to.
    """

    row: Floats
    column: Floats
    error: float = 0.0

    def of(self, weights: ArrayLike) -> Floats:
        """The weights `(rows, columns)` behind the mask."""
        masked: Floats = np.asarray(weights, np.float64) * self.row[:, None] * self.column
        return masked

    def losses(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What rows and columns lose in parts of 256, at most 255: `row_loss`, `column_loss`.

        A core with a mask takes them (`ChipConfig.masked`).
        """
        row, column = (
            np.clip(256 - np.rint(256 * side), 0, LOSS_MAX).astype(int).tolist()
            for side in (self.row, self.column)
        )
        return tuple(row), tuple(column)


def fitted_mask(slope: ArrayLike, block: int) -> Mask:
    """The mask nearest to block slopes in their logarithms, drawn through the blocks' centres.

    Between centres and beyond the last ones it goes on exponentially; it is 1 at most. ValueError
    for slopes that are not above 0.
    """
    found: Floats = np.asarray(slope, np.float64)
    require(found.ndim == 2 and found.size > 0, "slopes", "an array (rows, columns)", found.shape)
    require(bool((found > 0).all()), "slopes", "above 0", float(found.min()))
    logs = np.log(found)
    row, column = logs.mean(1) - logs.mean() / 2, logs.mean(0) - logs.mean() / 2
    error = float(np.abs(logs - row[:, None] - column).max())
    return Mask(_profile(row, block), _profile(column, block), error)


def _profile(logs: Floats, block: int) -> Floats:
    """Factors of all cells of a line from the logarithms at the centres of its blocks."""
    cells, centres = np.arange(len(logs) * block), (np.arange(len(logs)) + 0.5) * block - 0.5
    if len(logs) == 1:
        found = np.full(len(cells), logs[0])
    else:
        left = np.clip(np.searchsorted(centres, cells) - 1, 0, len(logs) - 2)
        share = (cells - centres[left]) / block
        found = logs[left] + share * (logs[left + 1] - logs[left])
    factors: Floats = np.minimum(np.exp(found), 1)
    return factors


def in_parts(conductance: ArrayLike, size: int, word: float, bit: float) -> Floats:
    """What is read of an array cut into crossbars of `size` x `size` cells, in S.

    Each part has drivers and outputs of its own. The last parts of a row or column may be smaller.
    """
    cells = conductances(conductance, 2)
    require_range("size of a part", size, 1, max(cells.shape))
    rows, columns = cells.shape
    high, wide = -(-rows // size), -(-columns // size)
    padded = np.zeros((high * size, wide * size))
    padded[:rows, :columns] = cells
    parts = padded.reshape(high, size, wide, size).swapaxes(1, 2)
    read = effective(parts, word, bit).swapaxes(1, 2).reshape(padded.shape)
    return read[:rows, :columns]
