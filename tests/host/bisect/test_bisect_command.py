"""`axonloop bisect`: its sources, what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from axonloop.host.bisect import examination, script_of_run
from axonloop.host.bisect.script import perform
from axonloop.host.cli.app import FAILURE, MISTAKE, run
from axonloop.host.configuration import ObjectiveSettings, Settings, TaskSettings
from axonloop.host.devices import Device, GoldenDevice, weight_hash
from axonloop.host.runs import train
from axonloop.host.training import chip_config
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region
from tests.support.broken.faulty_devices import FaultyDevice, when_done

SETTINGS = Settings(
    task=TaskSettings(limit=6, ticks=8), objective=ObjectiveSettings(burn_in=2)
).changed({"network": {"layers": (12,)}, "run": {"epochs": 2, "anneal": 1}})


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The device "batched" flips a word of trace P behind its 30th tick."""

    def opened(name: str, config: ChipConfig) -> Device:
        if name == "golden":
            return GoldenDevice(config)
        return FaultyDevice(config, when_done(30, lambda device: device.flip(Region.TRACE_P, 2)))

    monkeypatch.setattr(examination, "open_device", opened)


def test_what_is_found_is_printed_and_written_and_replays(
    broken: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = ["--devices", "golden,batched", "--out", str(tmp_path / "found")]
    words = ["bisect", *devices, "--geometry", "small", "--seed", "3", "--ticks", "90"]
    assert run([*words, "--json", str(tmp_path / "a.json")]) == 0
    printed = capsys.readouterr().out
    assert "tick 29: trace_p[2] of core 0 is" in printed
    told = json.loads((tmp_path / "a.json").read_text())
    assert told == json.loads((tmp_path / "found" / "difference.json").read_text())
    assert (told["tick"], told["unit"], told["index"], told["core"]) == (29, "trace_p", [2], 0)
    assert told["replays"] <= 25
    stimulus = str(tmp_path / "found" / "stimulus.json")
    assert run(["bisect", *devices, "--stimulus", stimulus, "--trials", "0"]) == 0
    assert "trace_p[2] of core 0 is" in capsys.readouterr().out


def test_devices_that_agree(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bisect", "--devices", "golden,batched", "--geometry", "one-lane", "--ticks", "40"]
    assert run(words) == 0
    assert capsys.readouterr().out.split() == ["difference", "none"]


def test_a_run_is_trained_anew(
    broken: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = train(SETTINGS, out=tmp_path / "run")
    script = script_of_run(tmp_path / "run", 10_000)
    with GoldenDevice(chip_config(SETTINGS)) as device:
        for step in script.steps:
            perform(device, step)
        hashed = weight_hash(device.read_weights(), device.config.geometry)
    assert hashed == metrics["weight_hash"]
    assert len(script_of_run(tmp_path / "run", 20).steps) == 20
    words = ["--devices", "golden,batched", "--run", str(tmp_path / "run"), "--ticks", "60"]
    assert run(["bisect", *words, "--out", str(tmp_path / "found"), "--trials", "50"]) == 0
    assert "tick 29: trace_p[2]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--geometry", "small", "--devices", "golden"], "devices must be two, distinct"),
        (["--geometry", "small", "--devices", "golden,gpu"], "device must be one of golden"),
        (["--devices", "golden,batched"], "what to play must be exactly one of --geometry"),
        (["--geometry", "huge", "--devices", "golden,batched"], "geometry must be one of"),
        (["--run", "no", "--devices", "golden,batched"], "run must be a folder with a config"),
        (["--recording", "no", "--devices", "golden"], "recording must be an existing file"),
        (["--stimulus", "no", "--devices", "golden,batched"], "no must be"),
        (["--geometry", "small", "--ticks", "0", "--devices", "golden,batched"], "ticks must be"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert run(["bisect", *words]) in (MISTAKE, FAILURE)
    assert message in capsys.readouterr().err
