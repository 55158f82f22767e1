"""STDP of whole spike trains, on every device that learns by terms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.experiments.stdp import trains as stdp_trains
from axonloop.host.experiments.stdp import window as stdp_window
from axonloop.host.order import Order
from axonloop.host.pictures import save


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


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
@pytest.mark.parametrize(
    "device", ["golden", "batched", pytest.param("rtl", marks=pytest.mark.slow)]
)
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
