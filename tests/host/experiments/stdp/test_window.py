"""Pair STDP as a window, on every device that learns by terms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import open_device
from axonloop.host.experiments.stdp import window as stdp_window
from axonloop.host.order import Order
from axonloop.host.pictures import save

PNG = b"\x89PNG"


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_a_window_by_hand() -> None:
    change = dict(zip(stdp_window.intervals().tolist(), stdp_window.expected(1), strict=True))
    assert [change[k] for k in (-1, 0, 1, 2)] == [-58, 0, 56, 54]
    assert list(change.values()) == [-c for c in stdp_window.expected(-1)]
    twice = stdp_window.expected(2)
    assert [int(c) for c in twice] == [2 * c for c in change.values()]


@pytest.mark.usefixtures("few_pairs")
@pytest.mark.parametrize(
    "device", ["golden", "batched", pytest.param("rtl", marks=pytest.mark.slow)]
)
def test_windows_equal_their_integers(device: str, tmp_path: Path) -> None:
    metrics = stdp_window.measure(Order(device), quiet)
    assert {found["wrong"] for found in metrics["windows"].values()} == {0}
    assert len(metrics["windows"]) == 7
    peaks = [max(found["change"]) for found in metrics["windows"].values()]
    assert peaks == [57 - 1, 112, 56, 58, 112, 56, 58]
    save(stdp_window.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.usefixtures("few_pairs")
def test_a_window_of_another_trace_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    window = stdp_window.windows()[0]
    config = stdp_window.chip(window)
    slower = replace(config.parameter_sets[0], zeta=stdp_window.MINUS + 20)
    with open_device("golden", replace(config, parameter_sets=(slower,))) as device:
        change = stdp_window.measured(device, window)
    wrong = np.flatnonzero(change != stdp_window.expected(1))
    assert len(wrong)
    assert (stdp_window.intervals()[wrong] < 0).all()
