"""`decolle-gestures` in short: both sides, the readout of averages beside them, the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data import open_data
from axonloop.host.experiments.decolle_events import experiment, gestures
from axonloop.host.experiments.decolle_events.kept import kept
from axonloop.host.experiments.decolle_events.task import EventLayer, sizes
from axonloop.host.order import Order
from axonloop.models.config import ParameterSet
from tests.support.events.files import gesture_set
from tests.support.events.inline_pool import Inline


def test_both_sides_stand_beside_the_averages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = gesture_set(tmp_path / "set", train=2)
    bins = replace(gestures.TASK.bins, tick_us=1000.0)
    monkeypatch.setattr(experiment, "ProcessPoolExecutor", Inline)
    monkeypatch.setattr(gestures, "TASK", replace(gestures.TASK, bins=bins, epochs=1, ticks=12))
    order = Order(limit=8, jobs=2, folder=tmp_path / "out", data=str(few))
    metrics = gestures.measure(order, lambda what, done, total: None)
    assert [run["side"] for run in metrics["runs"]] == ["float", "chip"]
    assert metrics["runs"][1]["counters"]["updates"] > 0
    assert set(metrics["averaged"]) == {"validation", "test"}
    assert [row.what for row in metrics["rows"]][-2:] == [
        "a readout of the inputs' averages over time",
        "layer 3 of the chip above that readout",
    ]


def test_rows_say_how_far_above_the_averages_the_chip_is() -> None:
    runs = [
        {"side": side, "test": [0.1, 0.2, last]}
        for side, last in (("float", 0.6), ("chip", 0.5), ("float", 0.6), ("chip", 0.7))
    ]
    *_, readout, above = gestures.rows(runs, {"validation": 0.1, "test": 0.2})
    assert (readout.float, readout.chip) == ("20.0 %", "")
    assert above.chip == "40.0 % (30.0, 50.0)"


def test_the_last_layer_sees_the_whole_image() -> None:
    network = gestures.TASK.network(1)
    assert network.populations[-1].shape[1:] == (1, 1)
    assert len(sizes(network)) == len(gestures.TASK.layers)


def test_kernels_trace_what_their_neurons_see() -> None:
    neuron = gestures.TASK.neuron
    assert (neuron.alpha_p, neuron.beta_p) == (neuron.alpha_n, neuron.beta_n)


def test_samples_are_read_once_and_stay_the_same(tmp_path: Path) -> None:
    few = gesture_set(tmp_path / "set", train=2)
    with open_data(gestures.TASK.description(str(few))) as data:
        part, random = kept(data).train, np.random.default_rng(0)
        assert (part.order(1, 0) == data.train.order(1, 0)).all()
        wanted = data.train.raster(3, random)
        assert wanted.any()
        part.raster(3, random)
        data.train.inputs.raster = None  # type: ignore[method-assign, assignment]
        assert (part.raster(3, random) == wanted).all()


def test_slices_that_are_drawn_are_not_kept(tmp_path: Path) -> None:
    few = gesture_set(tmp_path / "set", train=2)
    task = replace(gestures.TASK, bins=replace(gestures.TASK.bins, random_slice=True))
    with open_data(task.description(str(few))) as data:
        assert kept(data) is data


def test_a_layer_has_a_margin_and_a_learning_rate_of_its_own() -> None:
    neuron = ParameterSet(eta_shift=12)
    plain, own = EventLayer(8, 5, 20, 3), EventLayer(8, 3, 20, 2, padding=0, eta_shift=10)
    assert (plain.margin, own.margin) == (2, 0)
    assert [each.parameters(neuron).eta_shift for each in (plain, own)] == [12, 10]
    assert plain.positions((2, 12, 12)) == (12, 12)
    assert own.positions((2, 3, 3)) == (1, 1)
    assert replace(plain, stride=2).positions((2, 12, 12)) == (6, 6)
