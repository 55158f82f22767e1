"""Recordings: the same run without the chip, and a clear word where it is another one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import FAILURE, MISTAKE, run
from axonloop.host.devices import Device, DeviceError, RtlDevice, open_device, weight_hash
from axonloop.host.devices.board import SerialDevice
from axonloop.host.devices.recording import Player, ReplayDevice, packets
from axonloop.host.runs import run as runs
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import CoreConfig, ParameterSet
from axonloop.models.protocol import Counter
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config
from tests.host.devices.test_board import running

GEOMETRY = GEOMETRIES["one-lane"]
PLAIN = CoreConfig(GEOMETRY, (ParameterSet(pq_on=1),))
CHIP = {"layers": [16, 8], "mesh": "2x2", "lanes": 4}
TINY = {"epochs": 1, "limit": 6, "ticks": 12, "burn_in": 3} | CHIP


def spikes(*axons: int) -> np.ndarray:
    return np.array(axons, np.int32)


def some_ticks(device: Device, count: int = 3) -> None:
    for _ in range(count):
        device.tick(spikes(0, 2))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Opening, and three ticks."""
    with RtlDevice(PLAIN, record=tmp_path / "ticks") as device:
        some_ticks(device)
    return tmp_path / "ticks"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("kind", ["rtl", "serial"])
def test_lockstep_with_a_recording(tmp_path: Path, kind: str, seed: int) -> None:
    """What a chip did in random traffic, its recording does again: every state word."""
    file = tmp_path / "traffic"
    config = random_config(np.random.default_rng(seed), GEOMETRY)
    with running() as board:
        chip: Device
        if kind == "rtl":
            chip = RtlDevice(config, record=file)
        else:
            chip = SerialDevice(f"serial:{board.port}", config, record=file)
        with chip, open_device("golden", config) as golden:
            lockstep([golden, chip], config, 15, seed)
            weights, counters = chip.read_weights(), chip.counters()
    with ReplayDevice(f"replay:{file}", config) as replay, open_device("golden", config) as golden:
        lockstep([golden, replay], config, 15, seed)
        found = weight_hash(replay.read_weights(), GEOMETRY)
        assert found == weight_hash(weights, GEOMETRY)
        assert replay.counters() == counters
        assert counters[Counter.CYCLES] > 0


def test_training_again_without_the_chip(tmp_path: Path) -> None:
    config = tmp_path / "tiny.json"
    config.write_text(json.dumps(TINY))
    names = {"rtl": ["--record", str(tmp_path / "words")], f"replay:{tmp_path / 'words'}": []}
    results = []
    for place, (name, more) in enumerate(names.items()):
        out = str(tmp_path / f"run{place}")
        arguments = ["--device", name, "--config", str(config), "--out", out]
        assert run(["train", "digits", *arguments, *more]) == 0
        results.append(json.loads((tmp_path / f"run{place}" / "metrics.json").read_text()))
    for name in ("weight_hash", "trace_hash", "spike_hash", "counters", "history"):
        assert results[0][name] == results[1][name]
    assert [result["device"] for result in results] == ["rtl", "replay"]


def test_checkpoints_of_a_recorded_run_do_not_wait_for_a_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A checkpoint reads the chip: one at another time would be another run of words.
    monkeypatch.setattr(runs, "CHECKPOINT_SAMPLES", 4)
    config, words = tmp_path / "tiny.json", tmp_path / "words"
    config.write_text(json.dumps(TINY))
    for seconds, name, more in (
        (1e9, "rtl", ["--record", str(words)]),
        (0.0, f"replay:{words}", []),
    ):
        monkeypatch.setattr(runs, "CHECKPOINT_SECONDS", seconds)
        out = ["--out", str(tmp_path / f"run{seconds:g}"), "--config", str(config)]
        assert run(["train", "digits", "--device", name, *out, *more]) == 0


def test_other_settings_are_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, words = tmp_path / "tiny.json", str(tmp_path / "words")
    config.write_text(json.dumps(TINY))
    arguments = ["train", "digits", "--config", str(config), "--out"]
    first = [str(tmp_path / "a"), "--device", "rtl", "--record", words]
    other = [str(tmp_path / "b"), "--device", f"replay:{words}", "--seed", "2"]
    assert run([*arguments, *first]) == 0
    capsys.readouterr()
    assert run([*arguments, *other]) == FAILURE
    error = capsys.readouterr().err
    assert "after 0 ticks, must be 0x00000001 as recorded, not 0x00000002: replay needs" in error


def test_the_first_other_word_is_named(recording: Path) -> None:
    with ReplayDevice(f"replay:{recording}", PLAIN) as device:
        some_ticks(device, 2)
        expected = (
            r"word 1 of exchange \d+, after 2 ticks, must be 0x10000002 as recorded, "
            "not 0x10000003: replay needs the program and the settings of the recording"
        )
        with pytest.raises(DeviceError, match=expected):
            device.tick(spikes(0, 3))


@pytest.mark.parametrize(
    ("axons", "difference"),
    [
        ((0,), "word 1 .* must be 0x10000002 as recorded, not 0x30000000"),
        ((0, 2, 3), "word 2 .* must be 0x30000000 as recorded, not 0x10000003"),
    ],
)
def test_more_or_fewer_words(recording: Path, axons: tuple[int, ...], difference: str) -> None:
    with (
        ReplayDevice(f"replay:{recording}", PLAIN) as device,
        pytest.raises(DeviceError, match=difference),
    ):
        device.tick(spikes(*axons))


def test_a_run_that_goes_on_behind_the_end(recording: Path) -> None:
    with ReplayDevice(f"replay:{recording}", PLAIN) as device:
        some_ticks(device)
        with pytest.raises(
            DeviceError, match=r"with its recording, not go on after \d+ .* 3 ticks"
        ):
            device.tick(spikes(0))


@pytest.mark.parametrize("left", [0, 3, 4, 8, 11, 12, 40, -4, -8, -12, -1])
def test_a_file_cut_short(recording: Path, left: int) -> None:
    recording.write_bytes(recording.read_bytes()[:left])
    with pytest.raises(ValueError, match="recording must be (whole, not cut|a file of this prog)"):
        Player(recording)


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file(recording: Path, seed: int) -> None:
    rng, data = np.random.default_rng(seed), bytearray(recording.read_bytes())
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    recording.write_bytes(data)
    with pytest.raises(ValueError, match="recording"):
        Player(recording)


def test_what_a_killed_program_leaves(tmp_path: Path) -> None:
    device = RtlDevice(PLAIN, record=tmp_path / "words")
    some_ticks(device)
    device._transport._file.flush()
    assert not (tmp_path / "words").exists()
    with pytest.raises(ValueError, match="recording must be whole, not cut short or damaged"):
        Player(tmp_path / "words.new")
    device.close()
    assert not (tmp_path / "words.new").exists()
    assert Player(tmp_path / "words").fresh


def test_a_recording_of_an_error_ends_with_it(tmp_path: Path) -> None:
    def both(device: Device) -> None:
        with device:
            some_ticks(device)
            raise DeviceError("the plug was pulled")

    with pytest.raises(DeviceError, match="the plug was pulled"):
        both(RtlDevice(PLAIN, record=tmp_path / "words"))
    with pytest.raises(DeviceError, match="the plug was pulled"):
        both(ReplayDevice(f"replay:{tmp_path / 'words'}", PLAIN))


def test_what_is_no_recording(tmp_path: Path, recording: Path) -> None:
    with pytest.raises(ValueError, match=r"recording must be an existing file, not '.*nothing'"):
        open_device(f"replay:{tmp_path / 'nothing'}", PLAIN)
    data = bytearray(recording.read_bytes())
    data[4] = 9
    recording.write_bytes(data)
    with pytest.raises(ValueError, match=r"version of recording '.*' must be 1, not 9"):
        Player(recording)
    (tmp_path / "text").write_text("not at all\n" * 9)
    with pytest.raises(ValueError, match="recording must be a file of this program, not"):
        Player(tmp_path / "text")


@pytest.mark.parametrize("name", ["golden", "batched", "replay:words"])
def test_what_has_no_words_to_record(tmp_path: Path, name: str) -> None:
    expected = f"device to record must be rtl or serial:PORT, not '{name}'"
    with pytest.raises(ValueError, match=expected):
        open_device(name, PLAIN, tmp_path / "words")


def test_nowhere_to_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--record", str(tmp_path / "none" / "words"), "--out", str(tmp_path / "run")]
    assert run(["train", "digits", "--device", "rtl", *arguments]) == MISTAKE
    assert "file to write must be in a folder that exists" in capsys.readouterr().err


def test_packets() -> None:
    words = np.array([1 << 28, 6 << 28 | 2, 0, 3 << 28, 3 << 28, 7 << 28 | 5, 0, 3 << 28])
    assert list(packets(words)) == [(0, 1), (1, 6), (5, 7), (7, 3)]
