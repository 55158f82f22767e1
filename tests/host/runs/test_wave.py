"""The waveform of a sample of a run, `--wave` of training, and what both refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.configuration import Settings
from axonloop.host.devices import WaveWindow
from axonloop.host.runs import stored_program, wave, write_waveform
from axonloop.sim.build import MissingToolError
from tests.support.waves.readers import of_vcd

TOML = """
[network]
layers = [4]
lanes = 2
[geometry]
axons = 4
neurons = 4
lanes = 2
update_lanes = 2
trace_lanes = 2
multipliers = 2
entries = 8
parameter_sets = 2
[data]
path = "{folder}/set.npz"
inputs = "spikes"
targets = "labels"
kind = "spikes"
[objective]
burn_in = 2
[run]
epochs = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a network of four neurons, whose settings lie beside it."""
    found, random = tmp_path_factory.mktemp("waves"), np.random.default_rng(1)
    spikes = random.random((30, 12, 3)) < 0.4
    np.savez(found / "set.npz", spikes=spikes, labels=np.arange(30) % 2)
    (found / "a.toml").write_text(TOML.format(folder=found))
    arguments = ["train", str(found / "a.toml"), "--device", "golden", "--out", str(found / "run")]
    assert run(arguments) == 0
    return found


def test_a_sample_of_a_run(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.vcd"
    words = ["wave", "--run", str(folder / "run"), "--sample", "1", "--ticks", "4:9"]
    assert run([*words, "--out", str(path), "--signals", "core.add_*"]) == 0
    assert "4:9" in capsys.readouterr().out
    changes = of_vcd(path)
    assert sum(bit == "1" for _, bit in changes["chip.core.add_ticks"]) == 5
    assert run([*words, "--out", str(path), "--signals", "core.neurons", "--depth", "1"]) == 0
    assert {name.count(".") for name in of_vcd(path)} >= {3}


def test_training_with_a_waveform_learns_the_same(folder: Path, tmp_path: Path) -> None:
    file, path = str(folder / "a.toml"), tmp_path / "a.vcd"
    words = ["train", file, "--out", str(tmp_path / "run"), "--wave", str(path)]
    assert run([*words, "--ticks", "30:40", "--signals", "core.add_*"]) == 0
    assert sum(bit == "1" for _, bit in of_vcd(path)["chip.core.add_ticks"]) == 10
    (_, one), (_, other) = stored_program(folder / "run"), stored_program(tmp_path / "run")
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sample", "6", "--ticks", "0:4"], "sample must be a whole number in 0..5, not 6"),
        (["--ticks", "5:13"], "ticks must be A:B with B at most 12, the ticks of a sample"),
        (["--ticks", "5"], "ticks of the waveform must be A:B, two whole numbers"),
        (["--ticks", "0:4", "--signals", "dendrite"], "signals must be a path"),
        (["--ticks", "0:4", "--depth", "0"], "depth must be a whole number in 1..1000"),
    ],
)
def test_refusals(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    out = ["--out", str(tmp_path / "a.vcd")]
    assert run(["wave", "--run", str(folder / "run"), *out, *words]) == MISTAKE
    assert capsys.readouterr().err.startswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []


def test_options_of_a_waveform_go_together(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", str(folder / "a.toml"), "--out", str(tmp_path / "run")]
    wave = ["--wave", str(tmp_path / "a.vcd"), "--ticks"]
    for words, message in (
        ([*train, "--ticks", "0:4"], "ticks of a waveform must be left out without --wave FILE"),
        ([*train, *wave, "0:4", "--device", "golden"], "device with a waveform must be rtl, not"),
        ([*train, *wave, "0:999"], "ticks must be A:B with B at most 360, the ticks of the run"),
        (["verify", "--window", "0:4"], "ticks of a waveform must be left out without --wave FILE"),
    ):
        assert run(words) == MISTAKE
        assert f"error: {message}" in capsys.readouterr().err


def test_a_missing_compiler_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="C\\+\\+ compiler must be on the PATH"):
        write_waveform(folder / "run", 0, WaveWindow(tmp_path / "a.vcd", 0, 4))


def test_a_network_of_python_has_no_waveform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run keeps no settings from which its chip could be built again."""
    state = {"settings": Settings().to_dict(), "network": "a fingerprint"}
    monkeypatch.setattr(wave, "load_checkpoint", lambda path: state)
    with pytest.raises(ValueError, match="^network must be one of settings, which a run keeps, no"):
        write_waveform(tmp_path, 0, WaveWindow(tmp_path / "a.vcd", 0, 1))
