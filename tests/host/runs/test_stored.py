"""What a run has learned, out of its folder and as NIR."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.network import Network, Population, Projection, Source
from axonloop.host.nir import import_nir
from axonloop.host.runs import stored_program, train
from axonloop.host.runs.trained import _require_equal
from axonloop.host.training import program_of
from axonloop.models.config import ParameterSet

SETTINGS = Settings(
    NetworkSettings(layers=(12,), recurrent_span=9),
    TaskSettings(limit=12, ticks=10),
    ObjectiveSettings(burn_in=2),
    run=RunSettings(epochs=1),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("runs") / "run"
    train(SETTINGS, out=found)
    return found


def test_the_command_writes_what_the_run_learned(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert run(["export", str(folder), "--nir", str(tmp_path / "run.nir")]) == 0
    assert metrics["weight_hash"] in capsys.readouterr().out
    program, weights = stored_program(folder)
    assert program.config == program_of(SETTINGS).config
    assert not np.array_equal(weights, program.weights)
    found = import_nir(tmp_path / "run.nir", "nir")
    assert found.program.config == program.config
    assert np.array_equal(found.program.weights, weights)
    assert run(["check", str(tmp_path / "run.nir"), "--dialect", "nir", "--ticks", "20"]) == 0


def test_refusals(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, nowhere = str(tmp_path / "a.nir"), str(tmp_path / "no" / "a.nir")
    for words, message in (
        ([str(tmp_path), "--nir", file], "checkpoint must be an existing file"),
        ([str(folder), "--nir", nowhere], "file to write must be in a folder that exists"),
        ([str(folder), "--nir", file, "--dt", "0"], "dt must be above 0 seconds"),
    ):
        assert run(["export", *words]) == MISTAKE
        assert capsys.readouterr().err.startswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []


def test_a_network_of_python_is_its_makers(tmp_path: Path) -> None:
    network = Network(
        (Source("in", 64),),
        (Population("out", 10, ParameterSet()),),
        (Projection("in", "out", np.ones((64, 10), np.int64)),),
    )
    train(
        network,
        settings=SETTINGS.changed({"network": {"recurrent_span": None}}),
        out=tmp_path / "r",
    )
    with pytest.raises(
        ValueError, match="^network must be one of settings, which a run keeps, not"
    ):
        stored_program(tmp_path / "r")


@pytest.mark.parametrize(("stored", "given"), [({"bins": 4}, None), (None, {"bins": 4})])
def test_a_table_in_place_of_none_is_named(stored: object, given: object) -> None:
    with pytest.raises(ValueError, match=rf"^events must be {stored}, with which .*, not {given}$"):
        _require_equal(".events", stored, given)
