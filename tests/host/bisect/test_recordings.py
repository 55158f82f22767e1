"""Recordings beside each other, beside a device, and as what a host did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.bisect import (
    DevicePair,
    bisect,
    compare_recordings,
    compare_with_recording,
    script_of_recording,
)
from axonloop.host.devices import DeviceError, GoldenDevice, RtlDevice, read_recording
from axonloop.host.devices.recording_file import RecordingFile
from axonloop.models.config import ChipConfig, CoreConfig, ParameterSet
from axonloop.models.protocol import Kind, Region, kind_of
from tests.support.broken.faulty_devices import FaultyDevice, faulty, when_done
from tests.support.tiny_chips import TINY

CHIP = ChipConfig.of(CoreConfig(TINY, parameter_sets=(ParameterSet(theta=9, box=500, q_inc=900),)))
TICKS = 20
Words = list[np.ndarray]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty ticks on the compiled RTL, with errors and late spikes; weights are read behind."""
    path, random = tmp_path_factory.mktemp("recordings") / "a.h5", np.random.default_rng(4)
    file = RecordingFile(path, CHIP, "rtl", fresh=True)
    with Recorded(file) as device:
        device.load_weights(random.integers(-20, 60, (4, 4)))
        for tick in range(TICKS):
            device.send_spikes(random.permutation(4)[:1], 1)
            device.tick(random.permutation(4)[:2].astype(np.int32), learn=tick % 3 == 0)
            if tick % 3:
                device.send_errors(np.array([1, 2]), np.array([tick % 5 - 2, 3]), tick % 2 == 0)
                device.learn()
        device.read_weights()
        device.read(Region.PENDING)
        device.counters()
    return path


class Recorded(RtlDevice):
    """The traced RTL, which other tests have compiled too, recorded."""

    def __init__(self, file: RecordingFile) -> None:
        from axonloop.host.devices.packets import PacketDevice
        from axonloop.host.devices.recording import Recorder
        from axonloop.sim.cosim import RtlChip, build_chip

        self.chip = RtlChip(build_chip(TINY, trace=True))
        PacketDevice.__init__(self, Recorder(self.chip, file), CHIP)


def rewritten(path: Path, new: Path, change: Callable[[Words, Words], None]) -> Path:
    """A copy of a recording with other words: `change` gets those sent and those heard."""
    contents = read_recording(path)
    sent, heard = [w.copy() for w in contents.sent], [w.copy() for w in contents.heard]
    change(sent, heard)
    file = RecordingFile(new, contents.configuration, "rtl", contents.fresh)
    for there, back in zip(sent, heard, strict=True):
        file.add(there, from_chip=False)
        file.add(back, from_chip=True)
    file.close()
    return new


def ticked(heard: Words) -> list[int]:
    """The exchanges that a TICK answers, and nothing else."""
    return [
        k for k, words in enumerate(heard) if words.size and kind_of(int(words[-1])) == Kind.TICK
    ]


def test_a_recording_equals_itself(recording: Path, tmp_path: Path) -> None:
    same = rewritten(recording, tmp_path / "b.h5", lambda sent, heard: None)
    assert compare_recordings(recording, same) is None


def test_a_spike_that_one_recording_lacks(recording: Path, tmp_path: Path) -> None:
    _, reported = script_of_recording(recording)
    tick = next(n for n, neurons in enumerate(reported) if n > 4 and len(neurons))

    def silence(sent: Words, heard: Words) -> None:
        exchange = ticked(heard)[tick]
        heard[exchange] = heard[exchange][1:]

    found = compare_recordings(recording, rewritten(recording, tmp_path / "b.h5", silence))
    assert found is not None
    assert (found.tick, found.unit, found.core) == (tick, "reported", 0)
    assert found.index[0] in reported[tick]
    assert found.values == (1, 0)


@pytest.mark.parametrize(
    ("back", "word", "unit", "index"),
    [(3, 1 + 4, "weight", (2, 0)), (2, 1 + 1, "pending", (0, 2)), (1, 1 + 32 + 2, "spikes", ())],
)
def test_a_word_that_was_read_is_named(
    recording: Path, tmp_path: Path, back: int, word: int, unit: str, index: tuple[int, ...]
) -> None:
    def flip(sent: Words, heard: Words) -> None:
        heard[-back][word] ^= 1

    found = compare_recordings(recording, rewritten(recording, tmp_path / "b.h5", flip))
    assert found is not None
    assert (found.tick, found.unit, found.index) == (TICKS - 1, unit, index)


def test_counters_that_only_rtl_has_may_differ(recording: Path, tmp_path: Path) -> None:
    def later(sent: Words, heard: Words) -> None:
        heard[-1][1 + 32 + 2 * 10] += 7  # cycles

    assert compare_recordings(recording, rewritten(recording, tmp_path / "b.h5", later)) is None


def test_recordings_of_other_runs_are_refused(recording: Path, tmp_path: Path) -> None:
    def another(sent: Words, heard: Words) -> None:
        sent[ticked(heard)[7]][0] ^= 1

    other = rewritten(recording, tmp_path / "b.h5", another)
    with pytest.raises(ValueError, match="words behind 7 ticks must be the same in both"):
        compare_recordings(recording, other)


def test_a_device_beside_a_recording(recording: Path) -> None:
    assert compare_with_recording(recording, GoldenDevice) is None
    quiet = when_done(9, lambda device: device.load_weights(np.full((4, 4), TINY.no_synapse)))
    found = compare_with_recording(recording, faulty(quiet))
    assert found is not None
    assert found.unit == "reported"
    assert found.tick >= 9

    def fall_silent(device: FaultyDevice) -> None:
        raise DeviceError("chip must answer, not hang")

    lost = compare_with_recording(recording, faulty(when_done(3, fall_silent)))
    assert lost is not None
    assert (lost.tick, lost.unit) == (2, "answer")


def test_what_was_recorded_is_played_to_other_devices(recording: Path) -> None:
    script, reported = script_of_recording(recording)
    assert len(script.steps) == len(reported) == TICKS
    flip = when_done(12, lambda device: device.flip(Region.TRACE_P, 1))
    with DevicePair([GoldenDevice, faulty(flip)], CHIP) as pair:
        found = bisect(pair, script)
    assert found is not None
    assert (found.difference.tick, found.difference.unit) == (11, "trace_p")


def test_a_recording_that_sets_state_is_no_script(recording: Path, tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "b.h5", CHIP, "rtl", fresh=True)
    with Recorded(file) as device:
        device.tick(np.array([0], np.int32))
        device.write(Region.MEMBRANE, np.array([1, 2, 3, 4], np.int32))
        device.tick(np.array([0], np.int32))
    with pytest.raises(ValueError, match="recording must be of a run from its beginning"):
        script_of_recording(tmp_path / "b.h5")
