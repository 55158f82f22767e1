"""The commands run and profile: run folders, settings files and NIR files with data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from axonloop import DataDescription, Settings, StateRecord, evaluate, open_data, train
from axonloop.host.cli.app import run
from axonloop.host.data import split_digits
from axonloop.host.files import write_text
from axonloop.host.inference import ModelOptions, open_model
from axonloop.host.inference.model import _folder_of
from axonloop.host.nir import import_nir
from axonloop.host.runs import CHECKPOINT
from tests.support.commands import refused
from tests.support.nir_graphs import feed_forward, nir

RANDOM = np.random.default_rng(1)
LABELS = RANDOM.integers(0, 3, 60)
IMAGES = (RANDOM.random((3, 24))[LABELS] + RANDOM.normal(0, 0.2, (60, 24))).clip(0, 1)
SETTINGS = Settings().changed(
    {
        "network": {"layers": (16,), "lanes": 8},
        "objective": {"burn_in": 4, "readout_rate": 0.01},
        "run": {"epochs": 1},
    }
)
TOML = """
[data]
path = "set.npz"
inputs = "images"
targets = "labels"
ticks = 16
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a run in runs/mine-1, and mine.toml."""
    place = tmp_path_factory.mktemp("trained")
    np.savez(place / "set.npz", images=IMAGES, labels=LABELS)
    write_text(place / "mine.toml", TOML)
    description = DataDescription(
        str(place / "set.npz"), inputs="images", targets="labels", ticks=16
    )
    (place / "runs").mkdir()
    with open_data(description) as data:
        train(SETTINGS, data, out=place / "runs" / "mine-1")
    graph = feed_forward()
    nir.write(place / "graph.nir", graph)
    return place


def results(capsys: pytest.CaptureFixture[str], place: Path, *arguments: str) -> dict[str, Any]:
    """What a command wrote as JSON."""
    found = place / "found.json"
    assert run([*arguments, "--json", str(found)]) == 0, capsys.readouterr().err
    return dict(json.loads(found.read_text()))


def test_a_run_answers_as_it_was_scored(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = str(folder / "runs" / "mine-1")
    golden = results(capsys, tmp_path, "run", mine)
    expected = evaluate(mine)
    assert golden["accuracy"] == expected["test_accuracy"] > 0.5
    assert (golden["samples"], golden["ticks"]) == (12, 192)
    assert golden["spikes"]["layer1"] > 0
    for others in ([], ["--record", str(tmp_path / "state.npz")]):
        batched = results(capsys, tmp_path, "run", mine, "--device", "batched", *others)
        for name in ("spike_hash", "accuracy", "spikes", "rates"):
            assert batched[name] == golden[name]
    record = StateRecord.load(tmp_path / "state.npz")
    assert record["spike"].sum() == golden["spikes"]["layer1"]
    assert len(record.ticks) == 192


def test_a_settings_file_is_its_newest_run(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    named = results(capsys, tmp_path, "run", "runs/mine-1", "--part", "validation")
    for model in ("mine.toml", "runs/mine-1/config.json"):
        assert results(capsys, tmp_path, "run", model, "--part", "validation") == named | {
            name: pytest.approx(named[name], rel=1e9) for name in ("seconds", "ticks_per_second")
        }


def test_the_newest_of_several_runs_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_text(Path("mine.toml"), TOML)
    for number, written in ((1, 2000), (2, 3000), (3, 1000)):
        Path(f"runs/mine-{number}").mkdir(parents=True)
        Path(f"runs/mine-{number}", CHECKPOINT).touch()
        os.utime(Path(f"runs/mine-{number}", CHECKPOINT), (written, written))
    assert _folder_of(Path("mine.toml")) == Path("runs/mine-2")


def test_data_of_another_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bare file is shown whole; one with [data] by its parts."""
    with h5py.File(tmp_path / "new.h5", "w") as file:
        file["images"], file["labels"] = IMAGES[:20], LABELS[:20]
    mine = str(folder / "runs" / "mine-1")
    whole = results(capsys, tmp_path, "run", mine, "--data", str(tmp_path / "new.h5"))
    assert whole["samples"] == 20
    assert whole["accuracy"] > 0.5
    some = results(
        capsys, tmp_path, "run", mine, "--data", str(folder / "mine.toml"), "--samples", "5"
    )
    assert some["samples"] == 5
    assert (
        some["spike_hash"] == results(capsys, tmp_path, "run", mine, "--samples", "5")["spike_hash"]
    )


@pytest.mark.slow
def test_numbers_are_scored_by_their_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = np.stack([LABELS / 2, 1 - LABELS / 2], axis=1)
    np.savez(tmp_path / "set.npz", images=IMAGES, values=values)
    description = DataDescription(
        str(tmp_path / "set.npz"), inputs="images", targets="values", target="numbers", ticks=16
    )
    with open_data(description) as data:
        metrics = train(SETTINGS, data, out=tmp_path / "run")
    found = results(capsys, tmp_path, "run", str(tmp_path / "run"))
    assert found["mse"] == pytest.approx(metrics["test_mse"], rel=1e-12)
    assert "accuracy" not in found


def test_digits_without_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = SETTINGS.changed({"task": {"limit": 8}})
    metrics = train(settings, out=tmp_path / "run")
    found = results(capsys, tmp_path, "run", str(tmp_path / "run"))
    assert found["accuracy"] == metrics["test_accuracy"]
    assert found["samples"] == 8 < len(split_digits().test)


def test_a_graph_with_targets(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose class is that of the output with most spikes."""
    found = import_nir(folder / "graph.nir", "nir", 1e-3)
    (source,) = found.program.axons
    spikes = RANDOM.random((4, 50, len(found.program.axons[source]))) < 0.2
    last = list(found.program.neurons)[-1]
    targets = [int(found.run(each).spikes[last].sum(axis=0).argmax()) for each in spikes]
    targets[0] += 1
    np.savez(tmp_path / "set.npz", inputs=spikes, targets=targets)
    arguments = (str(folder / "graph.nir"), "--data", str(tmp_path / "set.npz"))
    nir_options = ("--dialect", "nir", "--dt", "1e-3")
    golden, batched = (
        results(capsys, tmp_path, "run", *arguments, *nir_options, "--device", device)
        for device in ("golden", "batched")
    )
    assert golden["spike_hash"] == batched["spike_hash"]
    assert golden["accuracy"] == 0.75
    profile = results(capsys, tmp_path, "profile", *arguments, *nir_options, "--samples", "2")
    assert profile["samples"] == 2
    assert profile["twin"].startswith("the float graph")
    assert all(0.9 < layer["agreement"] <= 1 for layer in profile["layers"])


def test_what_a_file_leaves_out(folder: Path, tmp_path: Path) -> None:
    """Options that say it go to the import."""
    np.savez(tmp_path / "set.npz", inputs=np.zeros((1, 5, 20), bool))
    said = {"reset": "zero", "norm_input": False, "spikes": 3}
    own = import_nir(folder / "graph.nir", "sinabs", **said)
    assert own.reading != import_nir(folder / "graph.nir", "sinabs", spikes=3).reading
    options = ModelOptions("sinabs", **said)
    with open_model(folder / "graph.nir", tmp_path / "set.npz", options) as opened:
        assert opened.imported is not None
        assert opened.imported.reading == own.reading
        assert (opened.weights == own.program.weights).all()


def test_the_command_takes_what_a_file_leaves_out(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reset to zero gives other spikes than one by subtraction, as the import says."""
    spikes = RANDOM.random((1, 50, 20)) < 0.5
    np.savez(tmp_path / "set.npz", inputs=spikes)
    arguments = (str(folder / "graph.nir"), "--data", str(tmp_path / "set.npz"))
    for reset in ("zero", "subtract"):
        found = import_nir(folder / "graph.nir", "sinabs", reset=reset, spikes=2)
        options = ("--dialect", "sinabs", "--spikes", "2", "--reset", reset)
        told = results(capsys, tmp_path, "run", *arguments, *options)
        own = found.run(spikes[0]).spikes
        assert told["spikes"] == {name: int(each.sum()) for name, each in own.items()}


def test_the_profile_of_a_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "profile.png"
    mine = str(folder / "runs" / "mine-1")
    found = results(capsys, tmp_path, "profile", mine, "--picture", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (
        found["layers"][0]["spikes"] == results(capsys, tmp_path, "run", mine)["spikes"]["layer1"]
    )
    printed = capsys.readouterr().out
    for word in ("silent", "SynOps per tick", "membrane", "V - R off by", "part at"):
        assert word in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["runs/mine-1", "--dialect", "nir"], "dialect must be left out for a run"),
        (["runs/mine-1", "--part", "all"], "part must be one of train, validation, test"),
        (["runs/mine-1", "--data", "x.csv"], "data must be a file that ends with .toml, .npz"),
        (["runs/mine-1", "--data", "graph.npz"], "channels of the data must be 24, as those of"),
        (["runs/mine-1", "--data", "bare.toml"], "data must be a file with a table [data]"),
        (["runs"], "model must be a run folder with checkpoint.npz"),
        (["other.nir"], "model must be a NIR file, a run folder or a settings file"),
        (["other.toml"], "model must be a NIR file, a run folder or a settings file"),
        (["bare.toml"], "settings file must be one that was trained to runs/bare-*"),
        (["graph.nir", "--data", "graph.npz"], "dialect must be given for a NIR file"),
        (["graph.nir", "--dialect", "norse"], "data must be given for a NIR file"),
        (["graph.nir", "--dialect", "norse", "--data", "wide.npz"], "channels of the data must be"),
        (["runs/mine-1", "--record", "a.txt"], "record must be a file that ends with .npz"),
    ],
)
def test_refusals(
    arguments: list[str],
    message: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    np.savez("graph.npz", images=np.zeros((5, 3)), labels=np.zeros(5, int))
    np.savez("wide.npz", inputs=np.zeros((5, 10, 3), bool))
    write_text(Path("bare.toml"), "[run]\nseed = 1\n")
    assert message in refused(capsys, "run", *arguments)
    assert (folder / "runs" / "mine-1" / CHECKPOINT).exists()
