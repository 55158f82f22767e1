"""Slopes, masks and parts of crossbars; delays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from axonloop.models.memristor.crossbar import (
    Delay,
    Mask,
    effective,
    fitted_mask,
    in_parts,
    slopes,
)

CELLS = np.random.default_rng(1).uniform(1e-6, 1e-3, (64, 64))


def test_a_separable_loss_is_fitted_exactly() -> None:
    row, column = np.exp(-np.arange(64) / 40), np.exp(-np.arange(64) / 25)
    centres = np.arange(4) * 16 + 7.5
    slope = np.exp(-centres / 40)[:, None] * np.exp(-centres / 25)
    mask = fitted_mask(slope, 16)
    assert mask.error < 1e-12
    found = mask.row[:, None] * mask.column
    assert found[16:48, 16:48] == pytest.approx((row[:, None] * column)[16:48, 16:48], rel=1e-9)


def test_the_loss_of_wires_is_separable() -> None:
    """In the logarithm within 2 %, where the current of a line is much larger than a cell's."""
    cells = np.random.default_rng(1).uniform(1e-6, 1e-3, (256, 256))
    read = effective(cells, 0.1, 0.1)
    slope = slopes(cells, read, 64)
    mask = fitted_mask(slope, 64)
    assert mask.error < 0.02
    assert slope[0, 0] > slope[0, -1] > slope[-1, -1]
    before, after = (float(np.std(read - each)) for each in (cells, mask.of(cells)))
    assert after < 0.25 * before


def test_slopes_are_of_their_blocks() -> None:
    read = CELLS.copy()
    read[:32, 32:] = 0.5 * CELLS[:32, 32:] + 3e-4
    assert slopes(CELLS, read, 32) == pytest.approx(np.array([[1, 0.5], [1, 1]]))


def test_masks_as_losses() -> None:
    row, column = Mask(np.array([1.0, 0.5]), np.array([0.25, 0.0])).losses()
    assert (row, column) == ((0, 128), (192, 255))


def test_parts_are_crossbars_of_their_own() -> None:
    read = in_parts(CELLS[:50, :40], 16, 10, 10)
    corners = [(0, 0), (16, 32), (48, 16)]
    for i, j in corners:
        part = CELLS[:50, :40][i : i + 16, j : j + 16]
        assert read[i : i + 16, j : j + 16] == pytest.approx(effective(part, 10, 10), rel=1e-9)
    errors = [np.std(in_parts(CELLS, size, 1, 1) - CELLS) for size in (64, 32, 16, 8)]
    assert (np.diff(errors) < 0).all()


def test_the_papers_parts() -> None:
    """512 x 512 in parts, 0.1 ohm: slopes and errors within 1 % of a trial with another solver."""
    cells = np.random.default_rng(1).uniform(1e-6, 1e-3, (128, 128))
    for size, mean, error in ((64, 0.878, 0.0743), (32, 0.966, 0.0213)):
        read = in_parts(cells, size, 0.1, 0.1)
        assert read.mean() / cells.mean() == pytest.approx(mean, rel=0.01)
        assert np.sqrt(np.mean((read - cells) ** 2)) * 1e3 == pytest.approx(error, rel=0.02)


def test_delay_is_elmores() -> None:
    delay = Delay(wire=10, buffer=20e-15, driver=5e-9)
    assert delay.row(512, 64) == pytest.approx(0.67 * 448 * 10 * 20e-15 + 8 * 5e-9)
    assert delay.layer(512, 64) == pytest.approx(delay.row(512, 64) + 10e-9)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: slopes(CELLS, CELLS[:3], 8), r"^read must be of the shape \(64, 64\)"),
        (lambda: slopes(CELLS, CELLS, 7), r"^block must be a divisor of \(64, 64\), not 7"),
        (lambda: slopes(np.ones((4, 4)), CELLS[:4, :4], 2), "^wanted must be of several values"),
        (lambda: fitted_mask(np.array([[1.0, -1]]), 4), "^slopes must be above 0, not -1"),
        (lambda: in_parts(CELLS, 0, 1, 1), "^size of a part must be a whole number"),
        (lambda: Delay(-1, 1, 1), "^wire must be 0 or more, not -1"),
        (lambda: Delay(1, 1, 1).row(4, 5), r"^columns of a part must be .* 1\.\.4, not 5"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
