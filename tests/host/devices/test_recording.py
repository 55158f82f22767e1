"""Recordings: the same run without the chip, and a clear word where it is another one."""

from __future__ import annotations

import errno
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.cli.app import FAILURE, MISTAKE, run
from axonloop.host.devices import (
    Device,
    DeviceError,
    RtlDevice,
    open_device,
    recording_file,
    weight_hash,
)
from axonloop.host.devices.board import SerialDevice
from axonloop.host.devices.recording import Player, ReplayDevice
from axonloop.host.devices.recording_file import (
    FORMAT,
    HEAD,
    HEAD_BYTES,
    MAGIC,
    UNITS,
    RecordingFile,
    packet_starts,
    read_recording,
)
from axonloop.host.runs import run as runs
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import ChipConfig, CoreConfig, ParameterSet
from axonloop.models.protocol import Counter, Kind
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config
from tests.host.devices.test_board import running

GEOMETRY = GEOMETRIES["one-lane"]
PLAIN = CoreConfig(GEOMETRY, (ParameterSet(pq_on=1),))
CHIP = {"layers": [8], "lanes": 2}
MESH = {"layers": [16, 8], "mesh": "2x1", "lanes": 4}
RUN = {"epochs": 1, "limit": 6, "ticks": 12, "burn_in": 3}
TINY = RUN | CHIP


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


@pytest.mark.slow
@pytest.mark.parametrize("chip", [CHIP, MESH], ids=["core", "mesh"])
def test_training_again_without_the_chip(tmp_path: Path, chip: dict[str, Any]) -> None:
    config = tmp_path / "tiny.json"
    config.write_text(json.dumps(RUN | chip))
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


@pytest.mark.parametrize("left", [0, 3, 8, 9, 48, 1000, 0.5, 0.9, -4096, -100, -1])
def test_a_file_cut_short(recording: Path, left: float) -> None:
    data = recording.read_bytes()
    recording.write_bytes(data[: int(left * len(data)) if 0 < left < 1 else int(left)])
    with pytest.raises(ValueError, match="recording must be (whole, not cut|a file of this prog)"):
        Player(recording)


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_is_found_or_changes_nothing(recording: Path, seed: int) -> None:
    """Only in the head may bits pass: behind what it says lie zeros that nobody looks at."""
    rng, whole, refused = np.random.default_rng(seed), recording.read_bytes(), 0
    expected = read_recording(recording)
    for bit in rng.choice(8 * len(whole), 100, replace=False).tolist():
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        recording.write_bytes(data)
        try:
            found = read_recording(recording)
        except ValueError as error:
            refused += 1
            text = str(error)
        else:
            text = "recording"
            assert HEAD.size <= bit // 8 < HEAD_BYTES
            for part, right in zip(found, expected, strict=True):
                np.testing.assert_equal(part, right)
        assert text.startswith("recording")
        assert len(text.splitlines()) == 1
    assert refused > 30


def seal(recording: Path) -> None:
    """Make the head of a file right again that was changed on purpose."""
    with recording.open("r+b") as file:
        head = HEAD.pack(MAGIC, *recording_file._size_and_crc(file))
        file.seek(0)
        file.write(head)


def test_what_a_killed_program_leaves(tmp_path: Path) -> None:
    """The process dies after three ticks: a file with another name, which is refused."""
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.host.devices import test_recording as test\n"
        "test.recording_file.BLOCK = 1\n"
        "device = test.RtlDevice(test.PLAIN, record=Path(sys.argv[1]))\n"
        "test.some_ticks(device)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    program = [sys.executable, "-c", code, str(tmp_path / "words")]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("words.")
    assert left.name.endswith(".new")
    with pytest.raises(ValueError, match="recording must be (whole, not cut|a file of this prog)"):
        Player(left)


def test_a_file_without_its_end_is_refused(recording: Path) -> None:
    """As a program leaves it that is killed behind a write."""
    with h5py.File(recording, "r+") as file:
        del file.attrs["complete"]
    seal(recording)
    with pytest.raises(ValueError, match="recording must be whole, not cut short or damaged: rec"):
        Player(recording)


@pytest.mark.parametrize("name", [f"{way}/{n}" for way in ("to_chip", "from_chip") for n in UNITS])
def test_a_changed_value_is_found(recording: Path, name: str) -> None:
    with h5py.File(recording, "r+") as file:
        file[name][-1] ^= 1
    seal(recording)
    with pytest.raises(ValueError, match="recording must be whole, not cut short or damaged: rec"):
        Player(recording)


def test_a_changed_configuration_is_found(recording: Path) -> None:
    with h5py.File(recording, "r+") as file:
        file["configuration"][...] = file["configuration"][()].replace(b"1", b"2")
    with pytest.raises(ValueError, match="recording must be whole, not cut short or damaged: rec"):
        Player(recording)


@pytest.mark.slow
def test_a_full_disk(tmp_path: Path) -> None:
    """The limit on a file's size stands in for it; HDF5 itself would crash the process."""
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from tests.host.devices import test_recording as test\n"
        "limit = int(sys.argv[2])\n"
        "device = test.RtlDevice(test.PLAIN, record=Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "try:\n"
        "    with device:\n"
        "        test.some_ticks(device)\n"
        "except OSError as error:\n"
        "    print(error)\n"
    )
    for limit in (1000, 8000):
        program = [sys.executable, "-c", code, str(tmp_path / "words"), str(limit)]
        found = subprocess.run(program, check=True, capture_output=True, text=True)
        place = str(tmp_path / "words")
        assert found.stdout == (
            f"recording must be written whole, not cut short at {place!r} (File too large)\n"
        )
        assert found.stderr == ""
        assert not list(tmp_path.iterdir())


def test_a_run_ends_when_its_recording_cannot_go_on(tmp_path: Path) -> None:
    path = tmp_path / "words"
    file = RecordingFile(path, ChipConfig.of(PLAIN), "rtl", fresh=True)
    file.add(np.arange(3, dtype=np.uint32), from_chip=False)
    file._bytes.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match="recording must be written whole, .* .No space left on dev"):
        file.add(np.arange(3, dtype=np.uint32), from_chip=True)
    file.close()
    assert not list(tmp_path.iterdir())


def test_others_can_open_a_recording(recording: Path) -> None:
    """Every data set has a name and a unit; the file says what it is of, and what wrote it."""
    with h5py.File(recording) as file:
        names = {f"{way}/{name}" for way in ("to_chip", "from_chip") for name in UNITS}
        found = []
        file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
        assert set(found) == names | {"configuration"}
        assert all(file[name].attrs["units"] for name in found)
        about = dict(file.attrs)
        assert (about["format"], about["device"], about["fresh"]) == (FORMAT, "rtl", True)
        assert {name for name in about if name.startswith("version of ")} == {
            f"version of {name}" for name in ("axonloop", "h5py", "numpy", "python")
        }
        config = json.loads(file["configuration"][()])
        assert config["cores"][0]["geometry"]["axons"] == GEOMETRY.axons
        for group in (file["to_chip"], file["from_chip"]):
            words, ends, ticks = (group[name][:] for name in UNITS)
            assert ends[-1] == len(words)
            assert len(ticks) == 3
            assert [word >> 28 for word in words[ticks]] == [Kind.TICK] * 3
            # A tick is an exchange of its own, with two spikes before it on its way to the chip.
            assert set(ticks + 1) <= set(ends)


def test_blocks_make_no_difference(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_file, "BLOCK", 1)
    other = recording.with_name("other")
    with RtlDevice(PLAIN, record=other) as device:
        some_ticks(device)
    for part, right in zip(read_recording(other), read_recording(recording), strict=True):
        np.testing.assert_equal(part, right)


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
    with h5py.File(recording, "r+") as file:
        file.attrs["version"] = 9
    seal(recording)
    expected = "must be of format 3, not of format 9, which axonloop 0.* made: record it again"
    with pytest.raises(ValueError, match=f"recording '.*' {expected}"):
        Player(recording)
    with h5py.File(recording, "w") as file:
        file["words"] = [1, 2]
    expected = "must be of format 3, not of format 2, which an older release of axonloop made: rec"
    with pytest.raises(ValueError, match=f"recording '.*' {expected}"):
        Player(recording)
    (tmp_path / "old").write_bytes(struct.pack("<3I", 0x524C5841, 1, 1))
    expected = "must be of format 3, not of format 1, which an older release of axonloop made: rec"
    with pytest.raises(ValueError, match=f"recording '.*' {expected}"):
        Player(tmp_path / "old")
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
    assert list(packet_starts(words)) == [(0, 1), (1, 6), (5, 7), (7, 3)]
    replies = np.array([1 << 28 | 5, 8 << 28 | 2, 3 << 28, 3 << 28, 9 << 28, 3 << 28])
    assert list(packet_starts(replies)) == [(0, 1), (1, 8), (4, 9), (5, 3)]
