"""Every format of recordings: written, read, equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonloop.host.data.formats import (
    FORMATS,
    Aedat3File,
    Recording,
    format_of,
    keys_of,
    read_events,
    write_events,
)
from tests.support.events.files import random_events, spoken_set

SENSORS = {
    "n-mnist": (2, 34, 34),
    "aedat2": (2, 128, 128),
    "aedat3": (2, 128, 128),
    "aedat4": (2, 240, 320),
    "npz": (2, 5, 7),
}
LATEST = {"n-mnist": 1 << 26, "aedat2": (1 << 31) - 1, "npz": 1 << 60}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("count", [1, 9000])
def test_written_read_equal(tmp_path: Path, name: str, count: int) -> None:
    path = tmp_path / f"recording{FORMATS[name].suffix}"
    events = random_events(SENSORS[name], count, last=LATEST.get(name, 1 << 40))
    write_events(path, events, name)
    assert format_of(path) == name
    assert read_events(path) == events
    assert [each.name for each in tmp_path.iterdir()] == [path.name]  # nothing half-written


TIMES = st.lists(st.integers(0, 1 << 25), min_size=1, max_size=20).map(sorted)


@given(TIMES)
def test_nmnist_tells_any_time(tmp_path_factory: pytest.TempPathFactory, times: list[int]) -> None:
    """Times beyond 23 bits need marks between events."""
    path = tmp_path_factory.mktemp("times") / "digit.bin"
    zeros = np.zeros(len(times), int)
    events = Recording((2, 34, 34), np.array(times), zeros, zeros + 33, zeros + 1)
    write_events(path, events)
    assert read_events(path) == events


def test_the_bytes_of_an_event(tmp_path: Path) -> None:
    """Worked by hand: x = 3, y = 5, on, at 70,000 us (0x011170)."""
    events = Recording(
        (2, 128, 128), np.array([70_000]), np.array([3]), np.array([5]), np.array([1])
    )
    small = Recording((2, 34, 34), events.t, events.x, events.y, events.p)
    write_events(tmp_path / "a.bin", small)
    assert (tmp_path / "a.bin").read_bytes() == bytes([3, 5, 0x81, 0x11, 0x70])
    write_events(tmp_path / "b.aedat", events, "aedat2")
    address = 5 << 8 | (127 - 3) << 1  # the bit of polarity is 0 for on
    assert (
        (tmp_path / "b.aedat")
        .read_bytes()
        .endswith(address.to_bytes(4, "big") + (70_000).to_bytes(4, "big"))
    )
    write_events(tmp_path / "c.aedat", events, "aedat3")
    word = 3 << 17 | 5 << 2 | 1 << 1 | 1
    assert (
        (tmp_path / "c.aedat")
        .read_bytes()
        .endswith(word.to_bytes(4, "little") + (70_000).to_bytes(4, "little"))
    )


def test_other_packets_and_invalid_events_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.aedat"
    events = random_events((2, 128, 128), 10)
    write_events(path, events)
    data = path.read_bytes()
    head = len(data) - 10 * 8 - 28
    special = bytes([0]) + data[head + 1 : head + 28] + bytes(80)
    changed = bytearray(data[head:])
    changed[28] &= 0xFE  # the first event is no longer valid
    path.write_bytes(data[:head] + special + changed)
    wanted = Recording(events.sensor, events.t[1:], events.x[1:], events.y[1:], events.p[1:])  # type: ignore[index]
    assert read_events(path) == wanted


def test_a_part_of_a_recording_reads_its_packets_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.aedat"
    events = random_events((2, 128, 128), 50_000, last=1_000_000)
    write_events(path, events)
    file, taken = Aedat3File(path), []
    frombuffer = np.frombuffer

    def counted(data: bytes, *more: object) -> object:
        taken.append(len(data))
        return frombuffer(data, *more)  # type: ignore[call-overload]

    monkeypatch.setattr(np, "frombuffer", counted)
    part = file.read(400_000, 450_000)
    assert part == events.between(400_000, 450_000)
    assert 0 < sum(taken) < 8 * 3 * 4096 + 1


def test_a_cochlea_holds_lists_and_names(tmp_path: Path) -> None:
    path = spoken_set(tmp_path) / "shd_train.h5"
    for number in (0, 59):
        assert read_events(path, number) == random_events((700,), 60, number)
    assert keys_of(path)[19] == "class 19"


@pytest.mark.parametrize(
    ("name", "kind", "events", "message"),
    [
        ("a.bin", "", random_events((2, 300, 34)), "a.bin: sensor must be of 2 polarities and at"),
        ("a.bin", "", random_events((2, 4, 4), last=1 << 40), "a.bin: t of a .bin file must be in"),
        ("a.aedat", "aedat2", random_events((2, 64, 64)), r"a.aedat: sensor must be \(2, 128, 128"),
        ("a.aedat", "aedat2", random_events((2, 128, 128), last=1 << 40), "a.aedat: t of AEDAT 2"),
        ("a.aedat", "", random_events((700,)), "a.aedat: sensor must be of 2 polarities and"),
        ("a.aedat4", "", random_events((5, 5)), "a.aedat4: sensor must be of 2 polarities and"),
        ("a.aedat", "npz", random_events((5, 5)), "format must be left out or one of aedat2, aeda"),
        ("a.txt", "", random_events((5, 5)), "recording must be a file that ends with .aedat, .ae"),
        ("no/a.npz", "", random_events((5, 5)), "file to write must be in a folder that exists"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, name: str, kind: str, events: Recording, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        write_events(tmp_path / name, events, kind)
    assert not [*tmp_path.iterdir()]
