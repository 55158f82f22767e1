"""Gradients into error events."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.processing import (
    Controller,
    DenseEncoder,
    ErrorEncoder,
    SampleEncoder,
    SigmaDeltaEncoder,
    ThresholdEncoder,
    error_encoder,
)

SEEDS = [0, 1, 2]


def gradients(seed: int, ticks: int, neurons: int, top: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-top, top + 1, (ticks, 1, neurons))


def row(*values: int) -> np.ndarray:
    return np.array([values], dtype=np.int64)


def test_threshold_formula() -> None:
    encoder = ThresholdEncoder(8, 10, 3)
    sent = encoder.encode(row(0, 9, 10, 19, 20, -9, -10, -1000))
    assert sent.tolist() == [[0, 0, 1, 1, 2, 0, -1, -3]]


def test_dense_rounds_to_nearest() -> None:
    encoder = DenseEncoder(8, 10, 3)
    sent = encoder.encode(row(0, 4, 5, 14, 15, -4, -5, -1000))
    assert sent.tolist() == [[0, 0, 1, 1, 2, 0, -1, -3]]


@pytest.mark.parametrize("seed", SEEDS)
def test_sigma_delta_owes_less_than_a_threshold(seed: int) -> None:
    threshold = 100
    encoder = SigmaDeltaEncoder(16, threshold)
    given, sent = np.zeros((1, 16), np.int64), np.zeros((1, 16), np.int64)
    for gradient in gradients(seed, 500, 16, threshold):
        given += gradient
        sent += threshold * encoder.encode(gradient)
        assert (np.abs(given - sent) < threshold).all()
        assert (given - sent == encoder.state()["residue"]).all()
    assert (sent != 0).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_sigma_delta_is_ternary_and_loses_nothing(seed: int) -> None:
    encoder = SigmaDeltaEncoder(16, 10)
    data = gradients(seed, 300, 16, 50)
    sent = np.array([encoder.encode(gradient) for gradient in data])
    assert set(np.unique(sent)) == {-1, 0, 1}
    assert (data.sum(axis=0) == 10 * sent.sum(axis=0) + encoder.residue).all()


def test_samples_are_summed_and_small_sums_wait_for_the_next() -> None:
    encoder = SampleEncoder(4, 10, 3, ticks=2)

    def sample(*ticks: list[int]) -> list[list[int]]:
        return [encoder.encode(row(*tick))[0].tolist() for tick in ticks]

    assert sample([8, 2, -16, 50], [8, 7, -9, 50]) == [[0] * 4, [2, 0, -3, 3]]
    assert encoder.residue[0].tolist() == [-4, 9, 5, 70]
    assert sample([0, 0, 0, 0], [0, 1, 0, 0]) == [[0] * 4, [0, 1, 0, 3]]
    assert encoder.residue[0].tolist() == [-4, 0, 5, 40]


def test_samples_of_copies_and_a_restored_encoder_equal_lone_ones() -> None:
    rng = np.random.default_rng(4)
    together = SampleEncoder(20, [50, 9], [2, 5], ticks=4)
    alone = [SampleEncoder(20, 50, 2, 4), SampleEncoder(20, 9, 5, 4)]
    for k in range(160):
        gradient = rng.integers(-30, 31, (2, 20))
        expected = [own.encode(g[None]) for own, g in zip(alone, gradient, strict=True)]
        assert together.encode(gradient).tolist() == np.concatenate(expected).tolist()
        if k == 81:
            other = SampleEncoder(20, [50, 9], [2, 5], ticks=4)
            other.restore(together.state())
            together = other


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", [ThresholdEncoder, SigmaDeltaEncoder])
@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_controller_reaches_its_rate(seed: int, kind: type[ErrorEncoder], rate: float) -> None:
    encoder = Controller(kind(64, 5, 1), rate)
    sent = np.array([encoder.encode(gradient) for gradient in gradients(seed, 6000, 64, 1000)])
    measured = np.count_nonzero(sent[3000:]) / sent[3000:].size
    assert abs(measured - rate) < 0.1 * rate
    assert np.count_nonzero(sent[:20]) / sent[:20].size > 3 * rate


def test_controller_lowers_its_threshold_in_silence() -> None:
    encoder = Controller(ThresholdEncoder(8, 1000, 1), 0.5)
    for _ in range(500):
        encoder.encode(np.zeros((1, 8), np.int64))
    assert encoder.threshold.tolist() == [[1]]


@pytest.mark.parametrize("rate", [None, 0.05])
@pytest.mark.parametrize("code", ["dense", "threshold", "sigma-delta"])
def test_state_goes_on_with_the_same_bits(code: str, rate: float | None) -> None:
    data = gradients(3, 200, 16, 300)
    whole = error_encoder(code, 16, 100, 7, rate)
    expected = [whole.encode(gradient).tolist() for gradient in data]
    first, second = (error_encoder(code, 16, 100, 7, rate) for _ in range(2))
    found = [first.encode(gradient).tolist() for gradient in data[:77]]
    second.restore(first.state())
    first.encode(data[0])
    found += [second.encode(gradient).tolist() for gradient in data[77:]]
    assert found == expected


@pytest.mark.parametrize("code", ["dense", "threshold", "sigma-delta"])
@pytest.mark.parametrize("rates", [None, (0.1, 0.02)], ids=["free", "held"])
def test_copies_equal_lone_encoders(code: str, rates: tuple[float, float] | None) -> None:
    """Two copies with thresholds, limits and rates of their own, beside two lone encoders."""
    rng = np.random.default_rng(2)
    together = error_encoder(code, 20, [50, 9], [1, 5], rates)
    single = [
        error_encoder(code, 20, threshold, limit, rates and rates[k])
        for k, (threshold, limit) in enumerate(((50, 1), (9, 5)))
    ]
    for _ in range(200):
        gradient = rng.integers(-100, 101, (2, 20))
        expected = [one.encode(own[None]) for one, own in zip(single, gradient, strict=True)]
        assert together.encode(gradient).tolist() == np.concatenate(expected).tolist()


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="^errors must be one of dense, threshold, sigma-delta"):
        error_encoder("delta", 4, 1, 1)
    with pytest.raises(ValueError, match="^threshold must be a whole number in 1..1099511627776"):
        error_encoder("dense", 4, 0, 1)
    with pytest.raises(ValueError, match="^limit of error events must be a whole number in 1..127"):
        error_encoder("dense", 4, 1, 128)
    with pytest.raises(ValueError, match="^rate of error events must be above 0 and below 1, not"):
        error_encoder("dense", 4, 1, 1, 1.0)
    with pytest.raises(ValueError, match=r"^gradient must be of shape \(1, 4\), not \(1, 3\)$"):
        error_encoder("dense", 4, 1, 1).encode(row(1, 2, 3))
    with pytest.raises(ValueError, match=r"^residue must be of shape \(1, 4\), not \(1, 3\)$"):
        SigmaDeltaEncoder(4, 1).restore({"residue": row(1, 2, 3)})
    with pytest.raises(ValueError, match="^ticks with errors must be a whole number in 1.."):
        SampleEncoder(4, 1, 1, 0)
