"""Descriptions of data: what does not fit together is refused in one line."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from axonloop.host.data import DataDescription, EventBins, SpikeCode, Split


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "ticks of values must be given, as 40, not None"),
        ({"kind": "spikes", "ticks": 5}, "ticks of spikes must be left out, as spikes have their"),
        ({"kind": "pictures"}, "kind must be one of values, series, spikes, events, not"),
        ({"kind": ["values"]}, "kind must be one of values, series, spikes, events, not"),
        ({"target": "label"}, "target must be one of class, numbers, spikes, none, not"),
        ({"ticks": 0}, r"ticks must be a whole number in 1\.\.1000000, not 0"),
        ({"ticks": 40.0}, r"ticks must be a whole number in 1\.\.1000000, not 40\.0"),
        ({"ticks": 4, "limit": 0}, "limit must be a whole number in 1"),
        ({"ticks": 4, "memory": 0}, "memory must be a whole number in 1"),
        ({"ticks": 4, "path": None}, "path must be a text, not None"),
        ({"ticks": 4, "inputs": 3}, "inputs must be a text, or a table of sources, not 3"),
        ({"ticks": 4, "encoding": "rate"}, "encoding must be of the kind SpikeCode, not 'rate'"),
        ({"ticks": 4, "split": 0.8}, "split must be of the kind Split, not 0.8"),
        ({"ticks": 4, "target": "none", "classes": 3}, "classes must be left out where the target"),
        ({"ticks": 4, "events": EventBins((3,))}, "events of kind values must be left out, not"),
        ({"ticks": 4, "kind": "events"}, "events of kind events must be given as EventBins, not"),
        (
            {"ticks": 4, "encoding": SpikeCode("delta")},
            "code of values must be one of rate, regular, latency, rank, phase, not 'delta'",
        ),
        (
            {"kind": "series", "encoding": SpikeCode("rate")},
            "code of series must be one of delta, not 'rate'",
        ),
        (
            {"ticks": 4, "split": Split(0.9, 0.1, 0, test_path="a.h5")},
            "path must be given where test_path is, not ''",
        ),
    ],
)
def test_a_description_fits_together(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        DataDescription(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"code": "poisson"},
            "code must be one of rate, regular, latency, rank, phase, delta, not",
        ),
        ({"low": 0.0}, "low and high must be given both or not at all, not"),
        ({"low": 1.0, "high": 1.0}, r"low must be below high, which is 1\.0, not 1\.0"),
        ({"low": 0.0, "high": float("nan")}, "high must be a finite number, not nan"),
        ({"peak": 0}, "peak must be above 0 and at most 1, not 0"),
        ({"peak": "1"}, "peak must be a finite number, not '1'"),
        ({"threshold": 0.0}, r"threshold must be above 0, not 0\.0"),
        ({"phases": 17}, r"phases must be a whole number in 1\.\.16, not 17"),
    ],
)
def test_an_encoding_is_possible(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        SpikeCode(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sensor": ()}, r"sensor must be 1 to 3 sizes, as \(2, 34, 34\), not"),
        ({"sensor": 34}, r"sensor must be 1 to 3 sizes, as \(2, 34, 34\), not"),
        ({"sensor": (2, 0)}, r"sizes of the sensor must be a whole number in 1\.\.1000000, not 0"),
        ({"unit": "min"}, "unit of the event times must be one of ns, us, ms, s, not 'min'"),
        ({"tick_us": 0.0}, "tick_us must be whole nanoseconds, at least one, as 0.001, not"),
        ({"tick_us": 0.0005}, "tick_us must be whole nanoseconds, at least one, as 0.001, not"),
        ({"tick_us": 2e9}, "tick_us must be at most 1e9, not"),
        ({"least": 0}, "least must be a whole number in 1"),
        ({"from_zero": 1}, "from_zero must be true or false, not 1"),
        ({"t": ""}, "key of t must be a text or left out, not ''"),
    ],
)
def test_bins_are_possible(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        EventBins(**{"sensor": (4,)} | values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": 0.8}, "shares of the split must be 1 in sum, not"),
        ({"train": 0.0, "validation": 0.8}, r"share of train must be above 0, not 0\.0"),
        ({"train": 1.2, "validation": -0.4}, r"share of train must be in 0\.\.1, not 1\.2"),
        ({"test": "0.2"}, "share of test must be a finite number, not '0.2'"),
        ({"seed": -1}, "seed of the split must be a whole number in 0"),
        ({"key": ""}, "key must be a text or left out, not ''"),
        ({"test_path": "b.h5"}, r"share of test must be 0 where test_path is given, not 0\.2"),
        ({"key": "part", "test_path": "b.h5"}, "split must be given by key or by test_path, not"),
    ],
)
def test_a_split_is_possible(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Split(**values)


def test_a_description_is_frozen_and_of_python_numbers() -> None:
    description = DataDescription(ticks=int(np.int64(40)), memory=np.int32(8))  # type: ignore[arg-type]
    assert type(description.memory) is int
    assert hash(description) == hash(DataDescription(ticks=40, memory=8))
    assert EventBins([2, 3]).sensor == (2, 3)  # type: ignore[arg-type]
    with pytest.raises(FrozenInstanceError):
        description.ticks = 3  # type: ignore[misc]
