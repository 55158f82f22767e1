"""The nodal equations of a crossbar, solved for drops: Newton's method over conjugate gradients.

With d = input - V, and U, both 0 where wires are ideal, a cell sees v = input - d - U, and

    L_word d = I(v)        L_bit U = I(v)

with L the wires of all word lines and of all bit lines. Small drops have all their digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require
from axonloop.models.memristor.crossbar.lines import Lines, wire_currents

Floats = NDArray[np.float64]
_SMALL, _ENOUGH = 1e-12, 1e-9
"""Residues, over the largest cell's current: where steps end, and what is still taken."""
_MOST_STEPS, _MOST_ROUNDS = 60, 20_000


class Nodes:
    """The solved nodes for voltages `driven` `(rows, inputs, columns)`, the same in each column.

    `across` and `flow` are voltages and currents of the cells, of that shape; `currents` those of
    the outputs, `(inputs, columns)`. ValueError where the equations do not settle.
    """

    def __init__(
        self, conductance: Floats, word: float, bit: float, bend: float, driven: Floats
    ) -> None:
        self._cells, self._bend, self._driven = conductance[:, None, :], bend, driven
        self._drop, self._rise = np.zeros_like(driven), np.zeros_like(driven)
        self.residue = 0.0
        self._update()
        if word == 0:
            self.currents = self.flow.sum(0)
            return
        self._word, self._bit = 1 / word, 1 / bit
        self._settle()
        self.currents = self._rise[0] * self._bit

    def _update(self) -> None:
        bend = self._bend
        self.across = self._driven - self._drop - self._rise
        bent = self.across if bend == 0 else np.sinh(bend * self.across) / bend
        self.flow = self._cells * bent

    def _settle(self) -> None:
        """Steps of Newton's method until rounding is all that is left."""
        missing = self._missing()
        for _ in range(_MOST_STEPS):
            before = self.residue
            if before < _SMALL:
                break
            bend = self._bend
            slope = self._cells if bend == 0 else self._cells * np.cosh(bend * self.across)
            missing = self._step(_linear(slope, self._word, self._bit, *missing))
            if self.residue > before / 2 and self.residue < _ENOUGH:
                break
        settled = self.residue < _ENOUGH
        require(settled, "cells and wires", "a network that settles", f"residue {self.residue:.2g}")

    def _missing(self) -> tuple[Floats, Floats]:
        """What the equations miss at all V and U; sets the residue."""
        at_word = self.flow - _across(wire_currents(_across(self._drop), self._word))
        at_bit = self.flow - wire_currents(self._rise, self._bit)
        most = float(np.abs(self.flow).max()) or 1.0
        self.residue = float(max(np.abs(at_word).max(), np.abs(at_bit).max())) / most
        return at_word, at_bit

    def _step(self, step: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Go `step`, or the largest half, quarter, ... of it that makes the residue smaller."""
        before, drop, rise, share = self.residue, self._drop, self._rise, 1.0
        while True:
            self._drop, self._rise = drop + share * step[0], rise + share * step[1]
            self._update()
            missing = self._missing()
            if self.residue < before or share < 1e-3:
                return missing
            share /= 2


def _across(values: Floats) -> Floats:
    """Rows and columns exchanged, `(rows, inputs, columns)` to `(columns, inputs, rows)`."""
    return np.ascontiguousarray(values.transpose(2, 1, 0))


def _linear(
    cells: Floats, word: float, bit: float, at_word: Floats, at_bit: Floats
) -> tuple[Floats, Floats]:
    """Drops d and U with L_word d + G (d + U) = `at_word` and L_bit U + G (d + U) = `at_bit`.

    d is eliminated, and what is left for U is solved by conjugate gradients, preconditioned with
    the bit lines alone: the better the wires are beside the cells, the fewer rounds.
    """
    inputs = at_word.shape[1]
    words, bits = Lines(_across(cells), word), Lines(cells, bit)

    def of_word(currents: Floats) -> Floats:
        return _across(words.voltages(_across(currents)))

    found = np.zeros_like(at_bit)
    rest = at_bit - cells * of_word(at_word)
    goal = 1e-14 * np.abs(rest).max(axis=(0, 2))
    direction = ready = bits.voltages(rest)
    norm = _dot(rest, ready)
    for _ in range(_MOST_ROUNDS):
        if (np.abs(rest).max(axis=(0, 2)) <= goal).all():
            break
        applied = wire_currents(direction, bit) + cells * (direction - of_word(cells * direction))
        curved = _dot(direction, applied)
        length = np.divide(norm, curved, out=np.zeros(inputs), where=curved > 0)[:, None]
        found += length * direction
        rest -= length * applied
        ready = bits.voltages(rest)
        before, norm = norm, _dot(rest, ready)
        share = np.divide(norm, before, out=np.zeros(inputs), where=before > 0)[:, None]
        direction = ready + share * direction
    return of_word(at_word - cells * found), found


def _dot(one: Floats, other: Floats) -> Floats:
    """Per input."""
    found: Floats = np.einsum("rbc,rbc->b", one, other)
    return found
