"""The experiments on STDP, in short, on every device that learns by terms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data import Digits, split_digits
from axonloop.host.devices import open_device
from axonloop.host.experiments import stdp_digits, stdp_trains, stdp_window
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION

PNG = b"\x89PNG"


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture
def few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 pairs, so that the RTL compiles fast."""
    monkeypatch.setattr(stdp_window, "RANGE", 7)


@pytest.fixture
def few_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that the RTL compiles fast."""
    for name, value in (("CELLS", 16), ("INHIBITORS", 16), ("EPOCHS", 1)):
        monkeypatch.setattr(stdp_digits, name, value)


def test_a_window_by_hand() -> None:
    change = dict(zip(stdp_window.intervals().tolist(), stdp_window.expected(1), strict=True))
    assert [change[k] for k in (-1, 0, 1, 2)] == [-58, 0, 56, 54]
    assert list(change.values()) == [-c for c in stdp_window.expected(-1)]
    twice = stdp_window.expected(2)
    assert [int(c) for c in twice] == [2 * c for c in change.values()]


@pytest.mark.usefixtures("few_pairs")
@pytest.mark.parametrize("device", ["golden", "batched", "rtl"])
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


def short(count: int) -> Digits:
    """The first digits of each part."""
    whole = split_digits()
    return Digits(*(part.first(count) for part in (whole.train, whole.validation, whole.test)))


@pytest.mark.usefixtures("few_cells")
@pytest.mark.parametrize("device", ["batched", pytest.param("rtl", marks=pytest.mark.slow)])
def test_digits_end_alike(device: str) -> None:
    end = stdp_digits.learned("golden", 1, short(4), quiet)
    assert end == stdp_digits.learned(device, 1, short(4), quiet)
    first = stdp_digits.network_of(1).projections[0].weights.T.tolist()
    assert end.weights != first


@pytest.mark.usefixtures("few_cells")
@pytest.mark.parametrize("device", ["golden", POPULATION])
def test_digits_keep_their_hashes(device: str) -> None:
    """Those of the loop that this experiment had of its own, at two epochs of 12 digits."""
    end = stdp_digits.learned(device, 2, short(12), quiet, epochs=2)
    assert (end.weight_hash[:16], end.spike_hash[:16]) == ("380e3cd729cd1aa3", "c138da238c6f9fd7")
    assert (end.accuracy, end.validation) == (1 / 12, 3 / 12)


@pytest.mark.usefixtures("few_cells")
def test_progress_counts_every_digit() -> None:
    told: list[tuple[str, int, int]] = []
    stdp_digits.learned("golden", 1, short(2), lambda *each: told.append(each), epochs=2)
    assert told[:4] == [("train", done, 4) for done in (1, 2, 3, 4)]
    assert told[4:] == [("score", done, 2) for done in (1, 2)] * 3


@pytest.mark.usefixtures("few_cells")
def test_digits_in_short(tmp_path: Path) -> None:
    metrics = stdp_digits.measure(Order("golden", limit=12), quiet)
    assert metrics["rows"][0].what == "16 neurons, test part"
    save(stdp_digits.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


def test_cells_are_named_after_the_class_they_answer_most() -> None:
    answers = np.zeros((10, stdp_digits.CELLS), dtype=np.int64)
    answers[3, 5], answers[7, 5], answers[7, 6] = 2, 1, 4
    labels = np.arange(10, dtype=np.int32)
    names = stdp_digits.names_of(answers, labels)
    assert (names[5], names[6]) == (3, 7)
    assert stdp_digits.share_right(answers[[3, 7]], names, labels[[3, 7]]) == 1


def spikes_at(*ticks: int) -> np.ndarray:
    train = np.zeros(10, dtype=bool)
    train[list(ticks)] = True
    return train


def test_the_nearest_spike_alone_by_hand() -> None:
    """A spike of the neuron in ticks 4 and 6 hears the axon of tick 3; it that of tick 6's."""
    near = stdp_trains.expected_nearest(spikes_at(1, 3, 8), spikes_at(4, 6))
    up = [stdp_trains.faded(stdp_window.PLUS, 4095, age) >> 9 for age in (1, 3)]
    down = stdp_trains.faded(stdp_window.MINUS, 4095, 2) >> 9
    assert near.tolist() == [0] * 4 + [up[0]] * 2 + [sum(up)] * 2 + [sum(up) - down] * 2
    every = stdp_trains.expected_all(spikes_at(1, 3), spikes_at(4))
    both = (512 * stdp_window.PLUS >> 12) * stdp_window.PLUS >> 12
    assert every[-1] == ((both + 512) * stdp_window.PLUS >> 12) >> 6


@pytest.mark.usefixtures("few_pairs")
@pytest.mark.parametrize("device", ["golden", "batched", "rtl"])
def test_trains_equal_their_integers(device: str, tmp_path: Path) -> None:
    metrics = stdp_trains.measure(Order(device), quiet)
    found = metrics["pairings"]
    assert {own["wrong"] for own in found.values()} == {0}
    assert found["all pairs"]["after"] != found["nearest spike"]["after"]
    assert max(abs(np.array(found["all pairs"]["after"]))) > 5
    save(stdp_trains.draw(metrics), tmp_path / "picture.png")


@pytest.mark.usefixtures("few_pairs")
def test_traces_that_add_are_no_nearest_spikes(monkeypatch: pytest.MonkeyPatch) -> None:
    adding = stdp_trains.Pairing(stdp_trains.NEAREST.name, 2048, 8)
    monkeypatch.setattr(stdp_trains, "PAIRINGS", (adding,))
    assert stdp_trains.measure(Order("golden"), quiet)["pairings"][adding.name]["wrong"] > 0
