"""Changes of a series into spikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from axonloop.host.data import DeltaEncoder

NOTHING = np.random.default_rng(0)


def naive(series: list[int], threshold: int) -> list[tuple[bool, bool]]:
    """Steps up and down of one channel, from the docstring."""
    base, found = series[0], [(False, False)]
    for value in series[1:]:
        up, down = value - base >= threshold, base - value >= threshold
        base += threshold * (up - down)
        found.append((up, down))
    return found


@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(
            st.lists(st.integers(0, 20), min_size=width, max_size=width), min_size=2, max_size=12
        )
    ),
    st.integers(1, 20),
)
def test_steps_are_those_of_the_formula(rows: list[list[int]], threshold: int) -> None:
    series = np.array(rows)
    ticks, channels = series.shape
    raster = DeltaEncoder(ticks, 20, threshold).raster(series, NOTHING)
    assert raster.shape == (ticks, 2 * channels)
    for channel in range(channels):
        found = list(zip(raster[:, channel], raster[:, channels + channel], strict=True))
        assert found == naive(series[:, channel].tolist(), threshold)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40))
def test_slow_changes_are_followed(changes: list[int]) -> None:
    series = 200 + np.cumsum([0, *changes])
    raster = DeltaEncoder(len(series), 400, 3).raster(series[:, None], NOTHING).astype(int)
    base = series[0] + 3 * np.cumsum(raster[:, 0] - raster[:, 1])
    assert (np.abs(base - series) < 3).all()


@pytest.mark.parametrize(
    ("series", "message"),
    [
        (np.zeros((4, 2), int), "steps of the series must be 5, one a tick, not 4"),
        (np.zeros(5, int), "image must be a table .ticks, channels. of finite numbers, not"),
        (np.full((5, 2), 9), "pixels must be in 0..8, not"),
    ],
)
def test_what_is_no_series_is_refused(series: NDArray[np.int64], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        DeltaEncoder(5, 8, 2).raster(series, NOTHING)


@pytest.mark.parametrize("threshold", [0, 9, 1.5])
def test_a_threshold_is_within_the_range(threshold: int) -> None:
    with pytest.raises(ValueError, match=r"^threshold must be a whole number in 1\.\.8, not"):
        DeltaEncoder(5, 8, threshold)
