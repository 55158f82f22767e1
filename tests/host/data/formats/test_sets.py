"""Sets of events as they are published: opened by one word, and what is missing is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.configuration import Configuration, Settings
from axonloop.host.data import DataDescription, Split, open_data
from axonloop.host.data.formats import (
    SETS,
    Aedat3File,
    labels_path,
    read_events,
    read_gestures,
    write_events,
)
from axonloop.host.runs import train
from tests.support.events.files import digit_set, gesture_set, random_events, spoken_set

MAKERS: dict[str, Callable[[Path], Path]] = {
    "n-mnist": digit_set,
    "dvs-gesture": gesture_set,
    "shd": spoken_set,
}
HALF = Split(train=0.4, validation=0.2, test=0.4)


def described(name: str, path: Path, **changes: Any) -> DataDescription:
    bins = replace(SETS[name].bins, tick_us=5000, pool=changes.pop("pool", 1))
    changes = {"ticks": 60, "split": HALF} | changes
    return DataDescription(str(path), format=name, events=bins, **changes)


@pytest.mark.parametrize("name", MAKERS)
def test_a_set_opens_by_its_folder(tmp_path: Path, name: str) -> None:
    """Its test part is the test part; the shares of the others share out the rest, 2 : 1."""
    folder = MAKERS[name](tmp_path / name)
    with open_data(described(name, folder)) as data:
        sizes = [len(part) for part in (data.train, data.validation, data.test)]
        wanted = {"n-mnist": [20, 10, 10], "dvs-gesture": [22, 11, 11], "shd": [40, 20, 60]}[name]
        assert sizes == wanted
        assert data.outputs == SETS[name].classes
        assert data.shape == SETS[name].bins.sensor
        data.check()
        assert data.test.number(0) == sizes[0] + sizes[1]
        assert data.train.raster(0, np.random.default_rng(0)).any()


def test_samples_are_the_recordings(tmp_path: Path) -> None:
    folder = digit_set(tmp_path)
    with open_data(described("n-mnist", folder)) as data:
        for place in range(len(data.test)):
            label = data.test.target(place)
            events = read_events(folder / "Test" / str(label) / "00000.bin")
            raster = data.test.raster(place, np.random.default_rng(0)).reshape(60, 2, 34, 34)
            own = events.t < events.t[0] + 60 * 5000
            when = (events.t - events.t[0]) // 5000
            wanted = np.zeros_like(raster)
            wanted[when[own], events.p[own], events.y[own], events.x[own]] = True  # type: ignore[index]
            assert (raster == wanted).all()


def test_gestures_are_the_stretches_of_their_labels(tmp_path: Path) -> None:
    folder = gesture_set(tmp_path, train=1, test=1)
    description = described("dvs-gesture", folder, split=Split(0.9, 0.0, 0.1), ticks=2, pool=4)
    with open_data(description) as data:
        path = folder / "user00_led.aedat"
        for place, gesture in enumerate(read_gestures(labels_path(path))):
            part = Aedat3File(path).read(gesture.start, gesture.stop)
            assert data.train.target(place) == gesture.label
            raster = data.train.raster(place, np.random.default_rng(0))
            assert raster.reshape(2, 2, 32, 32).any(0)[part.p, part.y // 4, part.x // 4].all()


def test_more_recordings_than_are_kept_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("axonloop.host.data.formats.source.FILES_KEPT", 1)
    folder = gesture_set(tmp_path, train=2, test=1)
    with open_data(described("dvs-gesture", folder, split=Split(1, 0, 0), ticks=2)) as data:
        rng = np.random.default_rng(0)
        first = [data.train.raster(place, rng) for place in (0, 11, 0)]
    assert (first[0] == first[2]).all()
    assert not np.array_equal(first[0], first[1])


def test_one_part_may_be_all(tmp_path: Path) -> None:
    """A lone part, of whatever set, is shared out as any file is."""
    paths = {
        "n-mnist": digit_set(tmp_path / "n", train=5) / "Train",
        "dvs-gesture": gesture_set(tmp_path / "g", train=5) / "trials_to_train.txt",
        "shd": spoken_set(tmp_path / "s", each=5) / "shd_test.h5",
    }
    for name, path in paths.items():
        with open_data(described(name, path)) as data:
            assert len(data.validation) > 0
            sizes = [len(part) for part in (data.train, data.validation, data.test)]
            assert sizes[2] == round(0.4 * sum(sizes))
    lone = gesture_set(tmp_path / "one") / "user01_led.aedat"
    with open_data(described("dvs-gesture", lone, split=Split(1, 0, 0))) as data:
        assert len(data.train) == 11


def test_a_validation_part_of_its_own(tmp_path: Path) -> None:
    folder = spoken_set(tmp_path)
    for old, new in (("train", "train"), ("train", "valid"), ("test", "test")):
        shutil.copy(folder / f"shd_{old}.h5", folder / f"ssc_{new}.h5")
    with open_data(described("ssc", folder, split=Split())) as data:
        sizes = [len(part) for part in (data.train, data.validation, data.test)]
        assert sizes == [60, 60, 60]
        assert [part.number(0) for part in (data.train, data.validation, data.test)] == [0, 60, 120]


def test_the_table_of_a_file(tmp_path: Path) -> None:
    digit_set(tmp_path / "N-MNIST")
    file = tmp_path / "mine.toml"
    file.write_text(
        '[network]\nlayers = [16]\n[data]\nformat = "n-mnist"\npath = "N-MNIST"\nticks = 20\n'
        "[data.events]\ntick_us = 25000\npool = 2\nrandom_slice = true\n"
    )
    settings = Configuration.read(file).settings
    assert settings.data is not None
    assert settings.data.events is not None
    assert settings.data.events.shape == (2, 17, 17)
    assert Settings.from_dict(settings.to_dict()).data == settings.data
    file.write_text('[data]\nformat = "n-mnist"\nticks = 12\n')
    with pytest.raises(ValueError, match="data.path must be given where format is: a folder with"):
        _ = Configuration.read(file).settings
    file.write_text('[data]\nformat = "mnist"\npath = "a"\nticks = 12\n[data.events]\npool = 2\n')
    with pytest.raises(ValueError, match="format must be left out or one of n-mnist, dvs-gesture"):
        _ = Configuration.read(file).settings


@pytest.mark.slow
@pytest.mark.drawn
def test_events_are_trained_on_and_a_stopped_run_goes_on(tmp_path: Path) -> None:
    """With random slices and pictures; a run that is resumed ends with the same weights."""
    folder = digit_set(tmp_path / "set", train=2)
    bins = replace(SETS["n-mnist"].bins, tick_us=20_000, pool=8, random_slice=True)
    split = Split(0.5, 0.5, 0)
    description = DataDescription(str(folder), format="n-mnist", ticks=10, events=bins, split=split)
    tables = {"network": {"layers": [8]}, "run": {"epochs": 2}, "objective": {"burn_in": 2}}
    settings, out = Settings().changed(tables), tmp_path / "run"
    with open_data(description) as data:
        wanted = train(settings, data, device="batched")
        train(settings, data, device="golden", epochs=1, out=out)
    with open_data(description) as data:
        found = train(settings, data, device="golden", epochs=2, out=out, resume=True)
    assert found["weight_hash"] == wanted["weight_hash"]
    assert (out / "weights.png").exists()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "n-mnist",
            lambda f: shutil.rmtree(f),
            "data of format n-mnist must be a ",
        ),
        (
            "n-mnist",
            lambda f: shutil.rmtree(f / "Test"),
            "n-mnist of format n-mnist must be",
        ),
        (
            "n-mnist",
            lambda f: shutil.rmtree(f / "Train"),
            "part n-mnist of n-mnist must be a",
        ),
        ("dvs-gesture", lambda f: (f / "trials_to_test.txt").unlink(), "dvs-gesture of format dvs"),
        (
            "dvs-gesture",
            lambda f: (f / "user01_led.aedat").unlink(),
            "recording user01_led.aedat",
        ),
        (
            "dvs-gesture",
            lambda f: (f / "user01_led_labels.csv").unlink(),
            "labels user01_led_labels.csv must be beside its recording, with the columns class,st",
        ),
        (
            "dvs-gesture",
            lambda f: (f / "trials_to_train.txt").write_text(""),
            "trials_to_train.txt",
        ),
        (
            "dvs-gesture",
            lambda f: (f / "trials_to_train.txt").write_text("user00_led.aedat\n" * 2),
            "trials_to_train.txt: recordings must be named once each",
        ),
        (
            "dvs-gesture",
            lambda f: (f / "trials_to_train.txt").write_bytes(b"\xff\xfe"),
            "trials_to_train.txt must be a text, not what it is .no UTF-8 at line 1, column 1",
        ),
        (
            "shd",
            lambda f: (f / "shd_test.h5").unlink(),
            "shd of format shd must be a folder",
        ),
        (
            "shd",
            lambda f: (f / "shd_train.h5").write_bytes(b"hello"),
            "shd_train.h5 must be an HDF",
        ),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, name: str, change: Callable[[Path], Any], message: str
) -> None:
    folder = MAKERS[name](tmp_path / name)
    change(folder)
    with pytest.raises(ValueError, match=f"^{message}"):
        open_data(described(name, folder))


LABELS = "class,startTime_usec,endTime_usec\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be of at least 1 byte"),
        (LABELS, "must be of at least 1 gesture"),
        ("1,2,3\n", "first line must be class,startTime_usec,endTime_usec, not '1,2,3'"),
        (LABELS + "12,0,5\n", r"line 2: class must be in 1\.\.11, not 12"),
        (LABELS + "1,0,5\n1,9,5\n", "line 3: times must be from 0 on, the start before the end"),
        (LABELS + "1,0\n", "line 2 must be three whole numbers by commas, not '1,0'"),
        (LABELS + "one,0,5\n", "line 2 must be three whole numbers by commas"),
    ],
)
def test_broken_labels_are_refused(tmp_path: Path, text: str, message: str) -> None:
    folder = gesture_set(tmp_path)
    (folder / "user02_led_labels.csv").write_text(text)
    with pytest.raises(ValueError, match=f"^user02_led_labels.csv:? {message}"):
        open_data(described("dvs-gesture", folder))


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("n-mnist", "Train/7/00002.bin", "Train/7/00002.bin must be events of 5 bytes each"),
        ("dvs-gesture", "user02_led.aedat", "user02_led.aedat: packet at byte .* must be whole"),
    ],
)
def test_a_broken_recording_is_found_when_it_is_read(
    tmp_path: Path, name: str, broken: str, message: str
) -> None:
    folder = MAKERS[name](tmp_path)
    data = (folder / broken).read_bytes()
    (folder / broken).write_bytes(data[:-3])
    opened = open_data(described(name, folder))
    with pytest.raises(ValueError, match=f"^{message}"):
        opened.check()


def test_a_gesture_without_events_and_units_outside_are_refused(tmp_path: Path) -> None:
    folder = gesture_set(tmp_path / "g")
    write_events(folder / "user00_led.aedat", random_events((2, 128, 128), 900, 0, 30_000))
    with (
        open_data(described("dvs-gesture", folder)) as data,
        pytest.raises(ValueError, match=r"^user00_led.aedat in \d+\.\.\d+ us must be of at least"),
    ):
        data.check()
    folder = spoken_set(tmp_path / "s")
    with h5py.File(folder / "shd_train.h5", "a") as file:
        file["spikes/units"][3] = [700] * 60
    with (
        open_data(described("shd", folder)) as data,
        pytest.raises(ValueError, match="^shd_train.h5: sample 3: x of the events must be in"),
    ):
        data.check()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "mnist"}, "format must be left out or one of n-mnist, dvs-gesture, shd, ssc"),
        ({"path": ""}, "path must be given where format is: a folder with Train and Test"),
        ({"kind": "series"}, "kind must be left out beside format, not 'series'"),
        ({"inputs": "spikes"}, "inputs must be left out beside format, not 'spikes'"),
        ({"split": Split(key="part")}, "key and test_path of the split must be left out beside"),
        ({"events": replace(SETS["shd"].bins)}, "sensor, keys and unit of the events must be"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        DataDescription(**({"path": "a", "format": "n-mnist", "ticks": 9} | changes))
