"""The waveform of a window of ticks: those ticks, all of them, and the same bits with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice, WaveWindow, WindowDevice
from axonloop.host.verification.verify import VerifyReport, lockstep, verify
from axonloop.models.config import ChipConfig, CoreConfig, Geometry, ParameterSet
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config, random_weights
from axonloop.sim.waves import has_fst
from tests.support.tiny_chips import TINY
from tests.support.waves.readers import of_fst, of_vcd

CONFIG = CoreConfig(TINY, parameter_sets=(ParameterSet(theta=1),))
COUNTS = ("core.add_*",)
STRAY = np.zeros(0, np.int32)


def ticks_of(path: Path) -> int:
    """How many ticks began in a waveform."""
    changes = (of_fst if path.suffix == ".fst" else of_vcd)(path)
    return sum(bit == "1" for _, bit in changes["chip.core.add_ticks"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "start", "end", "ticks"),
    [("a.vcd", 2, 5, 3), ("a.fst", 0, 1, 1), ("a.vcd", 6, 20, 4)],
    ids=["middle", "first", "to the end"],
)
def test_the_ticks_of_a_window_are_recorded(
    tmp_path: Path, name: str, start: int, end: int, ticks: int
) -> None:
    if name == "a.fst" and not has_fst():
        pytest.skip("pylibfst is missing")
    window = WaveWindow(tmp_path / name, start, end, COUNTS)
    with WindowDevice(CONFIG, window) as device:
        device.tick(STRAY)
        device.run([STRAY] * 8)
        device.send_tick(STRAY)
        device.take_tick()
        assert device.begun == 10
    assert ticks_of(tmp_path / name) == ticks
    assert (tmp_path / "a.gtkw").is_file()
    assert not list(tmp_path.glob("*.new"))


def test_what_is_learned_behind_a_tick_belongs_to_it(tmp_path: Path) -> None:
    window = WaveWindow(tmp_path / "a.vcd", 0, 1, ("core.learning.*", "core.add_*"))
    with WindowDevice(CONFIG, window) as device:
        device.tick(STRAY)
        device.send_errors(np.array([0]), np.array([1]))
        device.learn()
        device.tick(STRAY)
    assert sum(bit == "1" for _, bit in of_vcd(window.path)["chip.core.add_errors"]) == 1


def test_a_window_changes_no_bit(tmp_path: Path) -> None:
    with GoldenDevice(CONFIG) as golden:
        with WindowDevice(CONFIG, WaveWindow(tmp_path / "a.vcd", 10, 20)) as device:
            found = lockstep([golden, device], CONFIG, 60, 3)
        assert found.trace_hashes["golden"] == found.trace_hashes["rtl"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ticks": "5"}, "ticks of the waveform must be A:B, two whole numbers, as 0:200, not '5'"),
        ({"ticks": None}, "ticks of the waveform must be A:B"),
        ({"ticks": "7:7"}, "ticks must be A:B with A from 0 on and B above A, as 0:200"),
        ({"path": "no/a.vcd"}, "file to write must be in a folder that exists"),
        ({"path": "a.wave"}, "waveform must be a file that ends with .fst or .vcd"),
    ],
)
def test_wrong_windows_are_named(
    tmp_path: Path, changed: dict[str, str | None], message: str
) -> None:
    asked: dict[str, str | None] = {"path": "a.vcd", "ticks": "0:9"} | changed
    with pytest.raises(ValueError, match=message):
        WaveWindow.parse(tmp_path / str(asked["path"]), asked["ticks"])


def test_signals_that_are_not_there_are_refused_before_the_first_tick(tmp_path: Path) -> None:
    window = WaveWindow.parse(tmp_path / "a.vcd", "5:9", "core.axonhillock")
    with pytest.raises(ValueError, match=r"signals must be a path .* not 'core.axonhillock'"):
        WindowDevice(CONFIG, window)


class NamedRtl(GoldenDevice):
    """A golden device in the place of compiled RTL."""

    name = "rtl"


def opened(name: str, chip: ChipConfig) -> GoldenDevice:
    return (NamedRtl if name == "rtl" else GoldenDevice)(chip)


def test_a_verification_writes_the_window_of_one_of_its_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(GEOMETRIES, "tiny", TINY)
    path = tmp_path / "a.vcd"

    def verified(window: WaveWindow) -> VerifyReport:
        return verify(["golden", "rtl"], 40, 1, ["tiny"], open_named=opened, window=window)

    assert verified(WaveWindow(path, 12, 17, COUNTS)).ticks == 40
    assert ticks_of(path) == 5
    for start, end, message in (
        (8, 12, "ticks must be A:B in one run, as 0:10, not '8:12'"),
        (35, 41, "ticks must be A:B with B at most 40, the ticks of all runs"),
    ):
        with pytest.raises(ValueError, match=message):
            verified(WaveWindow(path, start, end))
    with pytest.raises(ValueError, match="devices with a waveform must be rtl among them"):
        verify(["golden", "batched"], 40, 1, ["tiny"], window=WaveWindow(path, 0, 1))


@pytest.mark.slow
def test_200_learning_ticks_of_64_by_32_are_below_5_mb(tmp_path: Path) -> None:
    pytest.importorskip("pylibfst")
    geometry = Geometry(64, 32, lanes=8, update_lanes=8, trace_lanes=8, multipliers=8)
    random = np.random.default_rng(1)
    config = random_config(random, geometry)
    path, neurons = tmp_path / "a.fst", np.arange(8)
    with WindowDevice(config, WaveWindow(path, 0, 200)) as device:
        device.load_weights(random_weights(random, config))
        for tick in range(200):
            device.send_errors(neurons, np.full(8, tick % 5 - 2))
            device.tick(np.flatnonzero(random.random(64) < 0.2).astype(np.int32), learn=True)
    assert 1_000_000 < path.stat().st_size < 5_000_000
