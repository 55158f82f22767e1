"""All currents of a crossbar at once: halves are joined, and what is inside is eliminated.

A block of cells is known by the conductance matrix of its ports, the ends of its word lines (near
the drivers, far from them) and of its bit lines (far from the outputs, near them). Two blocks side
by side share the ports between them; eliminating these (a Schur complement) leaves a block of
twice the size. So a crossbar of N x N takes log2 N^2 rounds and some 100 N^3 operations in all,
instead of N solutions for 2 N^2 unknowns.

A block has no other way out than its ports, so its rows sum to 0. Off the diagonal all entries are
negative and only sums of one sign are formed; the diagonal is set to what the row lacks, and small
conductances beside large wires keep their digits (Grassmann, Taksar and Heyman's elimination).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def transfer(conductance: Floats, word: float, bit: float) -> Floats:
    """The current of every output per volt at every row, the other rows at 0 V: in S.

    `conductance` and the result are `(..., rows, columns)`, in S; `word` and `bit` are the
    conductances of one cell's wire, in S.
    """
    *several, rows, columns = conductance.shape
    high, wide = _above(rows), _above(columns)
    cells = np.zeros((int(np.prod(several)), high, wide))
    cells[:, :rows, :columns] = conductance.reshape(-1, rows, columns)
    block, size = _leaves(cells, word, bit), (1, 1)
    while size != (high, wide):
        if size[1] * high <= wide * size[0]:
            block, size = _side_by_side(block, size), (size[0], 2 * size[1])
        else:
            block, size = _end_to_end(block, size), (2 * size[0], size[1])
    found = _driven(block[:, 0, 0], high, wide)
    return found[:, :rows, :columns].reshape(conductance.shape)


def _above(number: int) -> int:
    """The next power of two; cells of no conductance at the open ends change nothing."""
    return 1 << (number - 1).bit_length()


def _leaves(cells: Floats, word: float, bit: float) -> Floats:
    """Blocks of one cell: ports near the driver, far from it, far from the output, near it.

    The wire toward driver and output belongs to the cell; its far ports are its own nodes.
    """
    found = np.zeros((*cells.shape, 4, 4))
    for one, other, between in ((0, 1, word), (1, 2, cells), (2, 3, bit)):
        found[..., one, other] = found[..., other, one] = -between
    return _balanced(found)


def _balanced(block: Floats) -> Floats:
    """Set the diagonal, in place, so that rows sum to 0."""
    diagonal = np.einsum("...ii->...i", block)
    diagonal[...] = 0
    diagonal[...] = -block.sum(-1)
    return block


def _side_by_side(block: Floats, size: tuple[int, int]) -> Floats:
    """Join neighbours along the word lines."""
    high, wide = size
    near, far = np.arange(high), high + np.arange(high)
    bits = 2 * high + np.arange(2 * wide)
    joined = _joined(block[:, :, ::2], block[:, :, 1::2], (near, bits), (far, bits), far, near)
    first = high + 2 * wide
    # kept so far: near, bits of the one; far, bits of the other
    one, other = high + np.arange(2 * wide), first + high + np.arange(2 * wide)
    order = [np.arange(high), first + np.arange(high)]
    order += [one[:wide], other[:wide], one[wide:], other[wide:]]
    return _ordered(joined, np.concatenate(order))


def _end_to_end(block: Floats, size: tuple[int, int]) -> Floats:
    """Join neighbours along the bit lines."""
    high, wide = size
    words, far = np.arange(2 * high), 2 * high + np.arange(wide)
    near = far + wide
    joined = _joined(block[:, ::2], block[:, 1::2], (words, near), (words, far), far, near)
    first = 2 * high + wide
    # kept so far: words, near ports of the one; words, far ports of the other
    one, other = np.arange(2 * high), first + np.arange(2 * high)
    order = [one[:high], other[:high], one[high:], other[high:]]
    order += [first + 2 * high + np.arange(wide), 2 * high + np.arange(wide)]
    return _ordered(joined, np.concatenate(order))


def _joined(
    one: Floats,
    other: Floats,
    one_keeps: tuple[NDArray[np.int_], ...],
    other_keeps: tuple[NDArray[np.int_], ...],
    one_gives: NDArray[np.int_],
    other_gives: NDArray[np.int_],
) -> Floats:
    """Two blocks with some ports of each connected and eliminated; what both keep, in order."""
    left, right = np.concatenate(one_keeps), np.concatenate(other_keeps)
    kept = len(left) + len(right)
    found = np.zeros((*one.shape[:-2], kept, kept))
    found[..., : len(left), : len(left)] = one[..., left[:, None], left]
    found[..., len(left) :, len(left) :] = other[..., right[:, None], right]
    inner = one[..., one_gives[:, None], one_gives] + other[..., other_gives[:, None], other_gives]
    outer = np.concatenate(
        [one[..., one_gives[:, None], left], other[..., other_gives[:, None], right]], axis=-1
    )
    found -= np.swapaxes(outer, -1, -2) @ np.linalg.solve(inner, outer)
    return _balanced(found)


def _ordered(block: Floats, order: NDArray[np.int_]) -> Floats:
    return block[..., order[:, None], order]


def _driven(block: Floats, high: int, wide: int) -> Floats:
    """Outputs at 0 V, rows driven, the ends opposite to both open: `(..., rows, outputs)`."""
    driven, opened = np.arange(high), high + np.arange(high + wide)
    outputs = 2 * high + wide + np.arange(wide)
    inner = block[:, opened[:, None], opened]
    through = np.linalg.solve(inner, block[:, opened[:, None], outputs])
    direct = block[:, driven[:, None], outputs]
    return block[:, driven[:, None], opened] @ through - direct
