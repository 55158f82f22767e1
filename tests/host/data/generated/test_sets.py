"""Generated sets: as published ones, alike for a seed, and what only time tells."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data import DataDescription, Split, open_data
from axonloop.host.data.formats import SETS, keys_of, read_events
from axonloop.host.data.generated import MAKERS, averaged_readout, generated_set, write_set
from axonloop.host.data.generated.hearing import centres, heard
from axonloop.host.data.generated.saccades import enlarged, frames
from axonloop.host.data.generated.shapes import GESTURES, Scene, seen
from tests.support.events.files import digit_set

WANTED = {
    "saccade-digits": "ba1ad1cab8d90606",
    "shape-gestures": "35229f775847773d",
}
"""What the files of a seed begin with, hashed: generated anew elsewhere, they must be the same."""


def digest_of(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


@pytest.mark.parametrize("name", WANTED)
def test_a_seed_gives_the_same_files_anywhere(tmp_path: Path, name: str) -> None:
    for folder, seed in (("a", 0), ("b", 1)):
        (tmp_path / folder).mkdir()
        write_set(name, tmp_path / folder, seed, limit=1)
    assert digest_of(tmp_path / "a") == WANTED[name]
    assert digest_of(tmp_path / "b") != WANTED[name]


@pytest.mark.parametrize("name", WANTED)
def test_a_set_is_made_once_and_opens_by_its_name(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))
    own = MAKERS[name]
    few = {"saccade-digits": 60, "shape-gestures": 2}[name]
    monkeypatch.setitem(MAKERS, name, lambda folder, seed, _, tell: own(folder, seed, few, tell))
    description = DataDescription(set=name, ticks=20, split=Split(0.5, 0.5, 0))
    with open_data(description) as data:
        assert data.outputs == SETS[description.format].classes
        assert data.shape == SETS[description.format].bins.sensor
        assert len(data.train) > 0
        data.check()
    assert f"{name}: making the set, once" in capsys.readouterr().err
    folder = generated_set(name)
    assert capsys.readouterr().err == ""
    assert folder.is_relative_to(tmp_path)


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^generated set must be one of saccade-digits, shape-ges"):
        write_set("digits", tmp_path)


def test_a_digit_moves_without_changing() -> None:
    """At the corners of the triangle it stands at whole pixels; between them it keeps its light."""
    image = np.zeros((1, 8, 8), np.int32)
    image[0, 3:5, 2:6] = 16
    large = enlarged(image.reshape(1, 64))
    assert large.max() == 16 * 14 * 14
    shown = [frames(large, time)[0] for time in (0, 50_000, 100_000, 200_000, 300_000)]
    assert (shown[0] == shown[-1]).all()
    assert (np.roll(shown[0], (3, 6), (0, 1)) == shown[2]).all()
    assert all(abs(int(frame.sum()) - int(shown[0].sum())) < 1200 for frame in shown)


def test_gestures_are_alike_in_all_but_time() -> None:
    """The same scene in all classes: the same events at the same pixels, at other times."""
    scene = replace(Scene.drawn(np.random.default_rng(3)), phase=0.25)
    counts = []
    for kind in range(len(GESTURES)):
        events = seen(kind, scene, 0, 0)
        assert events.p is not None
        image = np.zeros((2, 128, 128), int)
        np.add.at(image, (events.p, events.y, events.x), 1)
        counts.append(image)
        assert abs(events.duration - scene.duration) < 20_000
    least = min(image.sum() for image in counts)
    for image in counts:
        assert np.abs(image - counts[0]).sum() < 0.35 * least  # the edges of a way that begins
    assert seen(0, scene, 0, 0) != seen(1, scene, 0, 0)


def test_a_readout_of_averages_tells_places_and_not_times(tmp_path: Path) -> None:
    bins = replace(SETS["n-mnist"].bins, tick_us=20_000, pool=2)
    description = DataDescription(
        str(digit_set(tmp_path / "n", train=12, test=4)),
        format="n-mnist",
        ticks=12,
        events=bins,
        split=Split(0.75, 0.25, 0),
    )
    with open_data(description) as data:
        found = averaged_readout(data)
    assert found["validation"] > 0.9
    assert found["test"] > 0.9
    spikes, labels = np.zeros((300, 10, 4), bool), np.arange(300) % 2
    for k, label in enumerate(labels):  # one channel before another, or behind it
        spikes[k, (2, 7)[label], 0] = spikes[k, (7, 2)[label], 1] = True
    description = DataDescription(kind="spikes", split=Split(0.5, 0.25, 0.25))
    with open_data(description, {"inputs": spikes, "targets": labels}) as data:
        assert averaged_readout(data)["test"] < 0.55


def test_a_tone_is_heard_by_the_units_of_its_frequency() -> None:
    rate = 22_050
    time = np.arange(rate // 2) / rate
    for tone in (200.0, 1000.0, 4000.0):
        events = heard(np.sin(2 * np.pi * tone * time) * (time > 0.1), rate)
        middle = float(np.median(centres()[events.x]))
        assert abs(np.log2(middle / tone)) < 0.2
        assert events.t[0] > 90_000  # nothing before the tone
        rates = np.histogram(events.t, 8, (0, 400_000))[0]
        assert rates[2] > 1.3 * rates[6]  # adaptation
    with pytest.raises(ValueError, match="^sound must be of at least 1 event"):
        heard(np.zeros(2000), rate)


def test_digits_are_spoken(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    write_set("spoken-digits", tmp_path, limit=12)
    path = tmp_path / "shd_train.h5"
    assert len(keys_of(path)) == 20
    events = read_events(path, 3)
    assert events.sensor == (700,)
    assert 1000 < len(events) < 30_000
    bins = replace(SETS["shd"].bins, pool=10)
    description = DataDescription(
        str(tmp_path), format="shd", events=bins, ticks=100, split=Split(1, 0, 0)
    )
    with open_data(description) as data:
        data.check()
        assert data.shape == (70,)
        assert [len(data.train), len(data.test)] == [12, 12]
