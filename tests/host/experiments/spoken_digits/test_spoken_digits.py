"""`spoken-digits` in short, on words that nobody said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from axonloop.host.data import Data
from axonloop.host.experiments.spoken_digits import chip, experiment, words
from axonloop.host.experiments.spoken_digits import float as spoken_float
from axonloop.host.experiments.spoken_digits.twin import WordTwin
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import population_trainer
from tests.support.events.words import made_words

TICKS = 24


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chip, "TICKS", TICKS)
    monkeypatch.setattr(chip, "NEURONS", 48)
    monkeypatch.setattr(experiment, "TICKS", TICKS)
    monkeypatch.setattr(spoken_float, "TASK", replace(spoken_float.TASK, neurons=16))


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Data]:
    every = made_words(each=(2, 1, 1))
    monkeypatch.setattr(words, "_spoken", lambda: every)
    shorten(monkeypatch)
    with words.open_words(None, TICKS, 3) as data:
        yield data


def test_the_experiment_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = made_words(each=(1, 1, 1))
    monkeypatch.setattr(words, "_spoken", lambda: every)
    shorten(monkeypatch)
    for name in ("FLOAT_EPOCHS", "TWIN_EPOCHS", "LOOP_EPOCHS", "TUNE_EPOCHS"):
        monkeypatch.setattr(experiment, name, 1)
    told: list[tuple[str, int, int]] = []
    metrics = experiment.measure(Order(), lambda *each: told.append(each))
    assert told[-1] == ("seeds in the loop", 1, 1)
    assert list(metrics["float"]) == ["last", "sum", "max"]
    for own in metrics["chip"].values():
        assert [len(own[way]) for way in ("twin", *experiment.WAYS)] == [1, 1, 1, 1]
        assert own["loop"][0]["counters"]["updates"] > 0
        assert len(own["tuned"][0]["validation"]) == 1
    shown = metrics.pop("shown")
    assert shown.shape[1] == 2
    kept = json.loads(json.dumps(metrics, default=vars))
    assert kept["rows"] == [vars(row) for row in experiment.rows_of(kept)]
    assert kept["rows"][-1]["chip"].endswith(" points")
    save(experiment.draw(kept | {"shown": shown}), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_the_two_networks_differ_in_their_recurrent_synapses_only(data: Data) -> None:
    plain, recurrent = (chip.settings_of(kind, 3, 6, data) for kind in chip.KINDS)
    assert recurrent.network.recurrent_span is not None
    network = replace(recurrent.network, recurrent_span=None, recurrent_traces=None)
    assert replace(recurrent, network=network) == plain
    assert chip.tuned_of(plain).network.parameters.eta_shift == chip.NEURON.eta_shift + chip.SLOWER
    assert plain.objective.burn_in == TICKS - chip.LAST


@pytest.mark.parametrize("kind", chip.KINDS)
def test_the_twin_has_the_spikes_of_the_chip(kind: str, data: Data) -> None:
    """From the first weights on, but for roundings: axons, synapses and readout are wired alike."""
    settings = chip.settings_of(kind, 3, 1, data)
    twin, trainer = WordTwin(settings, data, chip.DESCENT), population_trainer([settings], data)
    assert (twin.deployed() == trainer.copies.weights()[0]).all()
    raster = trainer.arriving([data.test], [7], 0)
    with torch.no_grad():
        own = twin.module(torch.from_numpy(raster)).numpy() > 0
    spikes = trainer.response([data.test], [7])
    assert 0.02 < spikes.mean() < 0.5
    assert (own == spikes).mean() > 0.98
    assert twin.accuracy() == pytest.approx(trainer.final_scores()[0], abs=0.1)


def test_a_batch_learns_and_tells_of_every_epoch(data: Data) -> None:
    settings = chip.settings_of("recurrent", 3, 3, data)
    run = chip.learned(settings, data, None)
    assert len(run.validation) == 3
    assert run.after > run.before + 0.2
    again = chip.learned(settings, data, None)
    assert again == run
