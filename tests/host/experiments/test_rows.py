"""Shares as the results page writes them."""

from __future__ import annotations

import pytest

from axonloop.host.experiments.rows import percent


@pytest.mark.parametrize(
    ("shares", "text"), [([0.5], "50.0 %"), ([0.5, 0.25], "37.5 % (50.0, 25.0)")]
)
def test_a_mean_of_several_shows_each(shares: list[float], text: str) -> None:
    assert percent(shares) == text
