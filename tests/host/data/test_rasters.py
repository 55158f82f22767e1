"""Values, series and spikes as rasters: ranges, levels, and what is refused when opened."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from axonloop.host.data import (
    DataDescription,
    DeltaEncoder,
    PhaseEncoder,
    RateEncoder,
    SpikeCode,
    Split,
    generator,
    open_data,
)

ALL = Split(train=1, validation=0, test=0)


def opened(inputs: Any, **more: Any) -> Any:
    arrays = {"inputs": inputs, "targets": np.zeros(len(inputs), int)}
    return open_data(DataDescription(**{"ticks": 16, "split": ALL} | more), arrays)


def test_axes_of_a_sample_become_channels_in_order() -> None:
    images = np.zeros((2, 2, 3), np.uint8)
    images[1, 1, 0] = 255
    data = opened(images, encoding=SpikeCode("latency"))
    assert data.channels == 6
    assert np.argwhere(data.train.raster(1, generator(0, 0))).tolist() == [[0, 3]]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        (np.arange(255, dtype=np.uint8), SpikeCode("rate")),
        (np.arange(255), SpikeCode("rate", low=0, high=255)),
        (np.arange(255) - 100, SpikeCode("rate", low=-100, high=155)),
    ],
    ids=["bytes", "range", "negative"],
)
def test_whole_numbers_are_encoded_as_they_are(inputs: NDArray[Any], code: SpikeCode) -> None:
    found = opened(inputs[None], encoding=code).train.raster(0, generator(1, 2))
    assert (found == RateEncoder(16, 255).raster(np.arange(255), generator(1, 2))).all()


@given(st.lists(st.floats(-3, 5, width=32), min_size=1, max_size=8))
def test_floats_become_steps_of_their_range(values: list[float]) -> None:
    code = SpikeCode("phase", low=-3.0, high=5.0, phases=16)
    raster = opened(np.array([values], np.float32), encoding=code).train.raster(0, generator(1, 2))
    for k, value in enumerate(values):
        word = int("".join(str(int(bit)) for bit in raster[:, k]), 2)
        exact = math.floor((Fraction(value) + 3) / 8 * 65535 + Fraction(1, 2))
        # float64 may stand on the other side of the middle between two steps.
        assert abs(word - exact) <= 1
        assert word == exact or abs((Fraction(value) + 3) / 8 * 65535 * 2 % 2 - 1) < 1e-6


def test_a_wide_range_of_whole_numbers_is_divided_into_steps() -> None:
    code = SpikeCode("phase", low=0, high=2**40, phases=16)
    raster = opened(np.array([[2**40, 2**39, 0]]), encoding=code).train.raster(0, generator(1, 2))
    words = [int("".join(str(int(bit)) for bit in row), 2) for row in raster.T]
    assert words == [65535, 32768, 0]


def test_settings_of_a_code_reach_its_encoder() -> None:
    image = np.array([[7, 200, 255]], np.uint8)
    data = opened(image, encoding=SpikeCode("phase", phases=5))
    assert (
        data.train.raster(0, generator(1, 0))
        == PhaseEncoder(16, 255, 5).raster(image[0], generator(1, 0))
    ).all()
    data = opened(image, encoding=SpikeCode("rate", peak=0.25))
    wanted = RateEncoder(16, 255, 0.25).raster(image[0], generator(1, 0))
    assert (data.train.raster(0, generator(1, 0)) == wanted).all()


def test_series_have_a_step_a_tick_and_two_channels_for_each() -> None:
    series = np.random.default_rng(1).random((3, 9, 2))
    data = opened(series, kind="series", ticks=None, encoding=SpikeCode(threshold=0.25))
    assert (data.ticks, data.channels) == (9, 4)
    levels = np.floor(series[2] * 65535 + 0.5).astype(int)
    wanted = DeltaEncoder(9, 65535, 16384).raster(levels, generator(0, 0))
    assert (data.train.raster(2, generator(0, 0)) == wanted).all()
    assert wanted.any()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_spikes_are_taken_as_they_are(dtype: Any) -> None:
    spikes = np.random.default_rng(1).random((4, 7, 3)) < 0.3
    data = opened(spikes.astype(dtype), kind="spikes", ticks=None)
    assert (data.ticks, data.channels) == (7, 3)
    raster = data.train.raster(3, generator(0, 0))
    assert raster.dtype == bool
    assert (raster == spikes[3]).all()


VALUES = np.full((5, 3), 0.5)


def changed(value: Any) -> NDArray[Any]:
    values = VALUES.copy()
    values[3, 1] = value
    return values


@pytest.mark.parametrize(
    ("inputs", "more", "message"),
    [
        (changed(np.nan), {}, r"arrays: inputs must be finite numbers, not nan \(sample 3\)"),
        (changed(-np.inf), {}, r"arrays: inputs must be finite numbers, not -inf \(sample 3\)"),
        (
            changed(1.5),
            {},
            r"arrays: inputs must be in 0\.\.1 \(low and high .*\), not 1\.5 \(samp",
        ),
        (np.zeros(5), {}, r"arrays: inputs must be of shape \(samples, \.\.\.\), not \(5,\)"),
        (np.zeros((5, 0)), {}, r"arrays: inputs must be without empty axes, not \(5, 0\)"),
        (np.zeros((0, 5)), {}, r"arrays: inputs must be of at least 1 sample, not \(0, 5\)"),
        (VALUES > 1, {}, "arrays: inputs must be numbers of an integer or float dtype, not 'bool'"),
        (VALUES * 1j, {}, "arrays: inputs must be numbers of an integer or float dtype, not 'comp"),
        (VALUES.astype(str), {}, "arrays: inputs must be numbers of an integer or float dtype, no"),
        (
            VALUES.astype(int),
            {},
            "arrays: inputs: low and high must be given for int64 values, not",
        ),
        (
            np.full((5, 3), 9),
            {"encoding": SpikeCode(low=0, high=8)},
            r"arrays: inputs must be in 0\.\.8 \(low and high of the encoding\), not 9 \(samp",
        ),
        (
            VALUES,
            {"kind": "series", "ticks": None},
            r"arrays: inputs must be of shape \(samples, ticks, channels\), not \(5, 3\)",
        ),
        (
            np.zeros((5, 4, 2)),
            {"kind": "series", "ticks": None, "encoding": SpikeCode(threshold=2.0)},
            r"threshold must be at most the range of the values, 1, not 2\.0",
        ),
        (
            np.zeros((5, 4, 2)),
            {"kind": "spikes", "ticks": None},
            "arrays: inputs must be spikes of 0 and 1, of bool or an integer dtype, not 'float64'",
        ),
        (
            np.full((5, 4, 2), 2),
            {"kind": "spikes", "ticks": None},
            r"arrays: inputs must be 0 or 1, not 2 \(sample 0\)",
        ),
    ],
)
def test_wrong_inputs_are_refused_when_opened(
    inputs: NDArray[Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        opened(inputs, **more)


def test_bad_samples_are_named_behind_the_first_block() -> None:
    values = np.zeros((3000, 2))
    values[2500, 1] = 2
    with pytest.raises(ValueError, match=r"not 2\.0 \(sample 2500\)$"):
        opened(values)
