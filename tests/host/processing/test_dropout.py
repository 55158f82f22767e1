"""A readout that leaves out units neither hears nor corrects them, and goes on where it was."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.processing import Dropout, ProcessingCore, Readout, error_encoder, fixed_readout


def test_a_share_is_left_out_anew_in_every_tick_and_copy() -> None:
    dropout = Dropout(1000, 0.3, [1, 1, 2], 0)
    ticks = np.stack([dropout.step() for _ in range(20)])
    assert ticks.shape == (20, 3, 1000)
    assert abs(ticks.mean() - 0.7) < 0.01
    flat = ticks.reshape(60, 1000)
    assert len(np.unique(flat, axis=0)) == 60
    lone = Dropout(1000, 0.3, [2], 0)
    assert np.array_equal(np.stack([lone.step() for _ in range(20)])[:, 0], ticks[:, 2])
    assert not np.array_equal(Dropout(1000, 0.3, [2], 1).step()[0], ticks[0, 2])


def test_runs_of_other_versions_can_be_repeated() -> None:
    """What a seed leaves out in its first two ticks was written down once."""
    dropout = Dropout(12, 0.5, [7], 1)
    heard = ["".join(map(str, dropout.step()[0].astype(int))) for _ in range(2)]
    assert heard == ["000000001110", "000101101000"]


def test_it_goes_on_where_it_was() -> None:
    one, other = Dropout(50, 0.5, [3], 0), Dropout(50, 0.5, [3], 0)
    one.step()
    other.restore(one.state())
    assert np.array_equal(one.step(), other.step())
    with pytest.raises(ValueError, match="dropout must be above 0 and below 1, not 1"):
        Dropout(50, 1, [3], 0)


def test_what_is_left_out_is_not_heard_and_not_corrected() -> None:
    weights = fixed_readout(3, 12, 1, np.random.default_rng(1))
    cores = [
        ProcessingCore(Readout(weights, 0, 0.5), weights, error_encoder("dense", 12, 8, 127))
        for _ in range(2)
    ]
    kept = np.arange(12)[None] % 3 > 0
    spikes = np.ones((1, 12), bool)
    for core in cores:
        core.begin([1])
    errors, whole = cores[0].step(spikes, kept), cores[1].step(spikes & kept)
    assert errors is not None
    assert whole is not None
    assert np.array_equal(errors, whole * kept)
    assert whole[~kept].any()
