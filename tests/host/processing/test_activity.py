"""The band of activity: what it refuses."""

from __future__ import annotations

import pytest

from axonloop.host.processing.activity import ActivityBand


@pytest.mark.parametrize(
    ("floor", "ceiling", "strength", "message"),
    [
        (-0.1, 0.5, 1, "floor of activity must be in 0..1, not -0.1"),
        (0.2, 0.1, 1, "ceiling of activity must be in 0.2..1, not 0.1"),
        (0.2, 1.1, 1, "ceiling of activity must be in 0.2..1, not 1.1"),
        (0.2, 0.5, 0, "strength must be above 0 and at most 100, not 0"),
    ],
)
def test_a_band_lies_within_all_rates(
    floor: float, ceiling: float, strength: float, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        ActivityBand(4, floor, ceiling, strength)
    assert str(caught.value) == message
