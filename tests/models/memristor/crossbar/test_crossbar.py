"""The crossbar solvers against each other, closed forms, and two independent programs.

`SPICE` and `PEER` are what ngspice 39.3 (by `tests/support/outside/spice.py`) and badcrossbar 1.1.0
(its `compute` of unit voltages, rows in reverse) give for CELLS; where they are installed they are
asked about 32 x 32 cells.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from axonloop.models.memristor.crossbar import Crossbar, effective
from tests.support.outside.spice import netlist, output_currents

Floats = NDArray[np.float64]
CELLS = np.array([[1e-3, 2e-6, 5e-4], [3e-4, 1e-6, 9e-4], [7e-4, 6e-4, 2e-4], [1e-6, 1e-3, 4e-4]])
INPUTS = np.array([1, 0.25, 0.5, 0.75])
WORD, BIT, BEND = 10.0, 5.0, 3.0
SPICE = {
    0.0: [0.001388090451588545, 0.0009981588928429524, 0.00107800384848606],
    BEND: [0.003327007075144081, 0.001651505811053287, 0.002181279751540509],
}
PEER = [
    [0.0009756223856097555, 1.9887670969356804e-06, 0.00048307143898317995],
    [0.0002921870235466304, 1.0606909792351133e-06, 0.0008590011779464324],
    [0.0006772636006207824, 0.0005730579347273048, 0.00019137735268650284],
    [1.0526797089879493e-06, 0.0009458346475167423, 0.0003793245848973592],
]


def cells(rows: int, columns: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).uniform(1e-6, 1e-3, (rows, columns))


def dense(conductance: Floats, word: float, bit: float) -> Floats:
    """The nodal matrix of all nodes, one resistor at a time, solved whole."""
    rows, columns = conductance.shape
    size = rows * columns
    matrix, drive = np.zeros((2 * size, 2 * size)), np.zeros((2 * size, rows))

    def join(one: int, other: int | None, siemens: float) -> None:
        matrix[one, one] += siemens
        if other is not None:
            matrix[other, other] += siemens
            matrix[one, other] -= siemens
            matrix[other, one] -= siemens

    for i in range(rows):
        for j in range(columns):
            at, below = i * columns + j, size + i * columns + j
            join(at, below, conductance[i, j])
            join(at, at - 1 if j else None, 1 / word)
            join(below, below - columns if i else None, 1 / bit)
        drive[i * columns, i] = 1 / word
    found: Floats = np.linalg.solve(matrix, drive)[size : size + columns].T / bit
    return found


@pytest.mark.parametrize("shape", [(8, 8), (5, 7), (1, 6), (9, 2), (1, 1)])
def test_both_solvers_equal_a_dense_one(shape: tuple[int, int]) -> None:
    given = cells(*shape)
    expected = dense(given, WORD, BIT)
    assert effective(given, WORD, BIT) == pytest.approx(expected, rel=1e-12)
    found = Crossbar(given, WORD, BIT).solve(np.eye(shape[0]))
    assert found.currents == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("wire", [1e-6, 0.1, 92.0])
def test_solvers_agree_and_keep_kirchhoffs_law(wire: float) -> None:
    crossbar = Crossbar(cells(48, 33), wire, wire)
    inputs = np.random.default_rng(2).normal(0, 1, (2, 3, 48))
    found = crossbar.solve(inputs)
    assert found.residue < 1e-9
    scale = np.abs(found.currents).max()
    assert found.currents == pytest.approx(inputs @ crossbar.effective, rel=1e-9, abs=1e-9 * scale)
    assert found.across.shape == found.cells.shape == (2, 3, 48, 33)
    assert found.cells == pytest.approx(found.across * crossbar.conductance)
    assert found.cells.sum(2) == pytest.approx(found.currents, rel=1e-9, abs=1e-9 * scale)


def test_a_row_is_a_ladder() -> None:
    """Equal rungs g on wires w: cosh of the distance from the open end, V = 1 at the driver."""
    columns, siemens = 12, 2e-4
    rung = 1 / (1 / siemens + BIT)
    theta = np.arccosh(1 + rung * WORD / 2)
    place = np.arange(1, columns + 1)
    volts = np.cosh((columns - place + 0.5) * theta) / np.cosh((columns + 0.5) * theta)
    found = effective(np.full((1, columns), siemens), WORD, BIT)
    assert found[0] == pytest.approx(volts * rung, rel=1e-12)


def test_ideal_wires_read_the_conductances() -> None:
    given = cells(9, 5)
    assert (effective(given, 0, 0) == given).all()
    assert effective(given, 1e-7, 1e-7) == pytest.approx(given, rel=1e-7)
    inputs = np.linspace(0, 1, 9)
    found = Crossbar(given, 0, 0).solve(inputs)
    assert found.currents == pytest.approx(inputs @ given)
    assert found.residue == 0


def test_reciprocity() -> None:
    """Rows and columns exchange their parts: the network is made of resistors alone."""
    given = cells(7, 11)
    assert effective(given.T.copy(), BIT, WORD) == pytest.approx(effective(given, WORD, BIT).T)


def test_many_crossbars_at_once() -> None:
    given = np.stack([cells(6, 5, seed) for seed in range(4)])
    found = effective(given, WORD, BIT)
    for one, other in zip(given, found, strict=True):
        assert other == pytest.approx(effective(one, WORD, BIT), rel=1e-13)


def test_cells_that_bend() -> None:
    """Kirchhoff's law with sinh, seen from outside; no bend is the limit."""
    given, inputs = cells(16, 16), np.linspace(-1, 1, 16)
    found = Crossbar(given, 92, 92, BEND).solve(inputs)
    assert found.residue < 1e-9
    assert found.cells == pytest.approx(given * np.sinh(BEND * found.across) / BEND)
    assert found.cells.sum(0) == pytest.approx(found.currents, rel=1e-9, abs=1e-15)
    # the voltage along a word line falls by the current of all cells behind
    carried = np.cumsum(found.cells[:, ::-1], axis=1)[:, ::-1]
    lower = np.cumsum(found.cells[::-1], axis=0)[::-1]
    volts = inputs[:, None] - 92 * (np.cumsum(carried, axis=1) + np.cumsum(lower, axis=0))
    assert found.across == pytest.approx(volts, abs=1e-9)
    small = Crossbar(given, 92, 92, 1e-5).solve(inputs)
    plain = Crossbar(given, 92, 92).solve(inputs)
    assert small.currents == pytest.approx(plain.currents, rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("bend", SPICE)
def test_as_ngspice_said(bend: float) -> None:
    found = Crossbar(CELLS, WORD, BIT, bend).solve(INPUTS)
    assert found.currents == pytest.approx(SPICE[bend], rel=1e-9)


def test_as_badcrossbar_said() -> None:
    assert effective(CELLS, WORD, BIT) == pytest.approx(np.array(PEER), rel=1e-12)


@pytest.mark.skipif(shutil.which("ngspice") is None, reason="ngspice is not installed")
@pytest.mark.parametrize("bend", [0.0, BEND])
def test_ngspice_agrees(bend: float, tmp_path: Path) -> None:
    given, inputs = cells(32, 32), np.random.default_rng(2).uniform(0, 1, 32)
    expected = output_currents(tmp_path, netlist(given, WORD, BIT, inputs, bend))
    found = Crossbar(given, WORD, BIT, bend).solve(inputs).currents
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.skipif(
    importlib.util.find_spec("badcrossbar") is None, reason="badcrossbar is not installed"
)
def test_badcrossbar_agrees() -> None:
    import badcrossbar  # type: ignore[import-not-found]

    given = cells(32, 32)
    options: dict[str, Any] = {"r_i_word_line": WORD, "r_i_bit_line": BIT}
    solution = badcrossbar.compute(np.eye(32), 1 / given[::-1], **options)
    expected = solution.currents.output[::-1]
    assert effective(given, WORD, BIT) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Crossbar(-CELLS, 1, 1), "^conductances must be 0 S or more, not -0.001"),
        (lambda: Crossbar(CELLS * np.inf, 1, 1), "^conductances must be finite: no short, not"),
        (lambda: Crossbar(CELLS[0], 1, 1), r"^conductances must be an array \(rows, columns\)"),
        (
            lambda: Crossbar(CELLS, -1, 1),
            r"^wire resistance \(word\) must be 0 ohm or more",
        ),
        (lambda: Crossbar(CELLS, 1, np.nan), r"^wire resistance \(bit\) must be a finite number"),
        (lambda: Crossbar(CELLS, 0, 1), r"^wire resistances must be both above 0, or both 0"),
        (lambda: Crossbar(CELLS, 1, 1, -2), "^bend must be 0 per volt or more, not -2"),
        (lambda: Crossbar(CELLS, 1, 1).solve([1, 2]), r"^inputs must be \(..., 4\) for the rows"),
        (lambda: Crossbar(CELLS, 1, 1).solve([1, 2, 3, np.nan]), "^inputs must be finite"),
        (lambda: Crossbar(CELLS, 1, 1).solve(np.zeros((0, 4))), "^inputs must be one vector or"),
        (lambda: Crossbar(CELLS, 1, 1, 2).effective, "^bend must be 0, as currents must add up"),
        (
            lambda: Crossbar(CELLS, 1, 1, 40.0).solve(INPUTS),
            "^bend times an input must be 30.0 or less, not 40.0",
        ),
    ],
)
def test_what_is_no_crossbar_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_a_crossbar_without_cells_carries_nothing() -> None:
    found = Crossbar(np.zeros((3, 2)), 1, 1).solve([1.0, 2.0, 3.0])
    assert (found.currents == 0).all()
    assert (found.across == [[1, 1], [2, 2], [3, 3]]).all()
