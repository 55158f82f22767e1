"""The mean of targets, from which readouts start."""

from __future__ import annotations

import numpy as np

from axonloop.host.processing.goal import mean_target


def test_the_mean_of_one_target_is_itself_and_of_series_that_of_their_ticks() -> None:
    assert mean_target([np.array([3.0, 5.0])]).tolist() == [3, 5]
    series = np.array([[0.0, 2.0], [4.0, 2.0]])
    assert mean_target([series, np.array([4.0, 0.0])]).tolist() == [3, 1]
    assert mean_target([]).tolist() == [0]
