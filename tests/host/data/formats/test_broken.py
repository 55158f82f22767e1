"""Broken files of all formats: each is one clear error, none hangs, none is read in silence."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.data.formats import FORMATS, read_events, write_events
from tests.support.events.files import random_events, spoken_set

Change = Callable[[bytes], bytes]
SENSORS = {"n-mnist": (2, 34, 34), "aedat2": (2, 128, 128), "npz": (2, 5, 7)}
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(1000)


def at(place: int, new: bytes) -> Change:
    """The bytes from `place` replaced, counted from the end where it is negative."""

    def change(data: bytes) -> bytes:
        start = place % len(data)
        return data[:start] + new + data[start + len(new) :]

    return change


def head(field: int, value: int) -> Change:
    """A number of the head of the first packet of AEDAT 3.1, of which field 0 is the type."""
    place = 2 * field if field < 2 else 4 * (field - 1)

    def change(data: bytes) -> bytes:
        start = data.index(b"#!END-HEADER\r\n") + 14 + place
        new = struct.pack("<h" if field < 2 else "<i", value)
        return data[:start] + new + data[start + len(new) :]

    return change


def packets(data: bytes) -> int:
    """Where the packets of AEDAT 4 begin."""
    return data.index(b"EVTS", data.index(b"</dv>")) - 16


def packet4(place: int, value: int) -> Change:
    """A number of the first packet of AEDAT 4, from its stream on."""

    def change(data: bytes) -> bytes:
        start = packets(data) + place
        return data[:start] + struct.pack("<i", value) + data[start + 4 :]

    return change


def swapped(size: int) -> Change:
    """The last two events in the wrong order."""
    return lambda data: data[: -2 * size] + data[-size:] + data[-2 * size : -size]


def replaced(old: bytes, new: bytes) -> Change:
    return lambda data: data.replace(old, new)


def cut(end: int) -> Change:
    return lambda data: data[:end]


BROKEN: list[tuple[str, str, Change, str]] = [
    ("n-mnist", "empty", cut(0), "must be of at least 1 byte"),
    ("n-mnist", "cut", cut(-1), "must be events of 5 bytes each .*, not '999 bytes, 4 too many'"),
    ("n-mnist", "cut to 3", cut(3), "must be events of 5 bytes each"),
    ("n-mnist", "x outside", at(0, b"\x22"), r": x of the events .* must be in 0\.\.33, not 34"),
    ("n-mnist", "y outside", at(6, b"\xef"), r": y of the events .* must be in 0\.\.33, not 239"),
    ("n-mnist", "falling", swapped(5), ": t must be never falling"),
    ("n-mnist", "a picture", lambda _: PNG, "must be events of 5 bytes each|must be in|falling"),
    (
        "n-mnist",
        "a text",
        lambda _: b"hello" * 9,
        r": y of the events .* in 0\.\.33, not 101",
    ),
    ("n-mnist", "marks only", lambda _: bytes([0, 240, 0, 0, 0]), "must be of at least 1 event"),
    ("aedat2", "empty", cut(0), "must be of at least 1 byte"),
    ("aedat2", "cut in an event", cut(-3), "must be events behind the header of 8 bytes each"),
    ("aedat2", "header alone", cut(-1600), "must be of at least 1 event"),
    ("aedat2", "cut in the header", cut(30), "must be with whole lines ahead of the events"),
    ("aedat2", "version 9", at(9, b"9"), "must be a file that begins with #!AER-DAT2.0 or #!AER"),
    ("aedat2", "no magic", at(0, b"X"), "must be a file that begins with #!AER-DAT2.0 or #!AER"),
    ("aedat2", "a picture", lambda _: PNG, "must be a file that begins with"),
    ("aedat2", "falling", swapped(8), ": t must be never falling"),
    ("aedat2", "another camera", at(-8, b"\x10"), ": addresses must be below 65536, as a DVS128"),
    ("aedat2", "special only", lambda d: d[:-1600] + b"\0\0\x80\0" * 2, "of at least 1 event"),
    ("aedat3", "empty", cut(0), "must be of at least 1 byte"),
    ("aedat3", "cut in an event", cut(-3), "packet at byte .* must be whole, of 1600 bytes"),
    ("aedat3", "cut in a head", cut(-1610), "packet at byte .* must be a head of 28 bytes"),
    ("aedat3", "header alone", cut(-1628), "must be of at least 1 event"),
    ("aedat3", "cut in the header", cut(40), "must be with lines from # to #!END-HEADER ahead"),
    ("aedat3", "no end", replaced(b"#!END", b"#!XND"), "must be with lines from # to #!END-HEADE"),
    ("aedat3", "flipped magic", at(0, b"\xdc"), "must be a file that begins with #!AER-DAT2.0 or"),
    ("aedat3", "endless line", lambda d: d[:14] + b"#" * 9999, "must be with lines from # to"),
    ("aedat3", "type", head(0, -7), r": type must be in 0\.\.63, not -7"),
    ("aedat3", "size 0", head(2, 0), ": size, space, .* must be sizes of events that fit into"),
    ("aedat3", "size 12", head(2, 12), "must be whole, of 2400 bytes"),
    ("aedat3", "place of time", head(3, 0), r": size and place of time must be \(8, 4\)"),
    ("aedat3", "overflow", head(4, -1), ": size, space, .* must be sizes of events that fit into"),
    ("aedat3", "space", head(5, 10), ": size, space, .* must be sizes of events that fit into"),
    ("aedat3", "huge", head(5, 1 << 30), "must be whole, of 8589934592 bytes"),
    ("aedat3", "number", head(6, 1000), ": size, space, .* must be sizes of events that fit into"),
    ("aedat3", "valid", head(7, -1), ": size, space, .* must be sizes of events that fit into"),
    ("aedat3", "falling", swapped(8), ": t must be never falling"),
    ("aedat3", "x outside", at(-5, b"\x7f"), r": x of the events .* must be in 0\.\.127, not"),
    ("aedat4", "empty", cut(0), "must be of at least 1 byte"),
    ("aedat4", "magic", at(2, b"X"), "must be a file that begins with #!AER-DAT4.0"),
    ("aedat4", "a picture", lambda _: PNG, "must be a file that begins with #!AER-DAT4.0"),
    ("aedat4", "magic alone", cut(14), ": header must be there"),
    ("aedat4", "cut in the header", cut(300), ": header must be whole, of"),
    ("aedat4", "kind", replaced(b"IOHE", b"IOHF"), ": header: kind must be IOHE"),
    ("aedat4", "no packets", lambda d: d[: packets(d)], "of at least 1 event"),
    ("aedat4", "cut in a packet", cut(-9), ": packet at byte .* must be whole, of"),
    ("aedat4", "cut in its head", lambda d: d[: packets(d) + 4], ": packet at byte .*"),
    ("aedat4", "negative size", packet4(4, -5), ": packet at byte .* must be whole, of -5 bytes"),
    ("aedat4", "table", packet4(12, 1 << 30), ": place of a value must be within its"),
    ("aedat4", "another kind", replaced(b"EVTS\x06", b"IMUS\x06"), ": kind must be EVTS"),
    ("aedat4", "no XML", replaced(b"<dv", b">dv"), ": header must be XML that names a stream"),
    ("aedat4", "no stream", replaced(b">EVTS<", b">IMUS<"), ": streams of events must be a singl"),
    ("aedat4", "no sensor", replaced(b"sizeX", b"sizeQ"), ": header must be XML that names a str"),
    ("aedat4", "no UTF-8", replaced(b"capture", b"captur\xff"), ": text must be UTF-8"),
    ("aedat4", "falling", swapped(16), ": t must be never falling"),
    ("aedat4", "outside", at(-5, b"\x7f"), r": y of the events .* must be in 0\.\.127, not"),
    ("aedat4", "polarity", at(-4, b"\x02"), ": polarities must be 0 or 1"),
    ("npz", "empty", cut(0), "must be of at least 1 byte"),
    ("npz", "cut", cut(-100), "must be an .npz file of NumPy, not damaged or foreign"),
    ("npz", "a picture", lambda _: PNG, "must be an .npz file of NumPy, not damaged or foreign"),
    ("npz", "flipped", lambda d: at(len(d) // 2, b"\x55\xaa\x55")(d), "must be (a whole|an) .npz"),
]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [pytest.param(name, *rest, id=f"{name}, {what}") for name, what, *rest in BROKEN],
)
@pytest.mark.timeout(10)
def test_a_broken_file_is_refused(tmp_path: Path, name: str, change: Change, message: str) -> None:
    path = tmp_path / f"recording{FORMATS[name].suffix}"
    write_events(path, random_events(SENSORS.get(name, (2, 128, 128)), 200), name)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=message) as caught:
        read_events(path)
    told = str(caught.value)
    assert told.startswith(path.name)
    assert "must be" in told
    assert len(told) < 700


ARRAYS: dict[str, Any] = {"sensor": [2, 5, 7], "t": [1, 2], "x": [0, 6], "y": [4, 0], "p": [0, 1]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t": None}, "recording.npz: key must be one of p, sensor, x, y, not 't'"),
        ({"sensor": None}, "recording.npz: key must be one of p, t, x, y, not 'sensor'"),
        ({"x": None}, "recording.npz: x must be there"),
        ({"y": [4, 5]}, r"recording.npz: y of the events on a sensor \(2, 5, 7\) must be in"),
        ({"t": [2, 1]}, "recording.npz: t must be never falling"),
        ({"t": [1.5, 2.5]}, "recording.npz: t must be whole numbers"),
        ({"x": [0]}, "recording.npz: x must be of 2 events, as t"),
        ({"sensor": 7}, "recording.npz: sensor must be an array with a row"),
        (
            {"x": [object(), None]},
            "recording.npz must be a whole .npz file without pickled objects",
        ),
    ],
)
def test_broken_arrays_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "recording.npz"
    np.savez(path, **{key: each for key, each in (ARRAYS | changes).items() if each is not None})
    with pytest.raises(ValueError, match=f"^{message}"):
        read_events(path)


def lists(file: h5py.File, key: str, rows: list[Any], kind: Any) -> None:
    del file[key]
    found = file.create_dataset(key, (len(rows),), h5py.vlen_dtype(kind))
    for k, row in enumerate(rows):
        found[k] = row


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda file: lists(file, "spikes/units", [[700]], int),
            "times and units must be lists ",
        ),
        (lambda file: file.__delitem__("spikes/units"), "key must be one of"),
        (
            lambda file: lists(file, "spikes/times", [[0.1, np.nan]] * 60, float),
            "times must be fin",
        ),
        (lambda file: lists(file, "spikes/times", [[1, 2]] * 60, int), "times must be finite numb"),
        (lambda file: lists(file, "spikes/times", [[0.2, 0.1]] * 60, float), "t must be never fal"),
        (
            lambda file: lists(file, "spikes/units", [[700] * 60] * 60, int),
            "x of the events",
        ),
        (lambda file: lists(file, "spikes/units", [[7] * 59] * 60, int), "x must be of 60 events"),
    ],
)
def test_a_broken_cochlea_is_refused(
    tmp_path: Path, change: Callable[[h5py.File], None], message: str
) -> None:
    path = spoken_set(tmp_path) / "shd_train.h5"
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(ValueError, match=f"^shd_train.h5: (sample 0: )?{message}"):
        read_events(path)


@pytest.mark.parametrize(("end", "found"), [(0, "at least 1 byte"), (-500, "an HDF5|a whole HDF5")])
def test_a_cut_cochlea_is_refused(tmp_path: Path, end: int, found: str) -> None:
    path = spoken_set(tmp_path) / "shd_train.h5"
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ValueError, match=f"^shd_train.h5 must be (of )?({found})"):
        read_events(path)
    with pytest.raises(ValueError, match=r"^sample must be 0 of a.npz, which holds a single"):
        read_events(tmp_path / "a.npz", 1)


@pytest.mark.parametrize("name", ["a.bin", "a.aedat", "a.aedat4", "a.npz", "a.h5"])
def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"^recording must be a file to read, not '.*{name}'"):
        read_events(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match="^recording must be a file to read"):
        read_events(tmp_path / name)


def test_flipped_bits_never_crash(tmp_path: Path) -> None:
    """Whatever is read of damaged files is either refused, or events in their order and place."""
    random, refused = np.random.default_rng(1), 0
    for name in ("aedat3", "aedat4", "aedat2", "n-mnist"):
        path = tmp_path / f"recording{FORMATS[name].suffix}"
        write_events(path, random_events(SENSORS.get(name, (2, 128, 128)), 60), name)
        good = path.read_bytes()
        for _ in range(100):
            data = bytearray(good)
            for place in random.integers(0, len(good), 3).tolist():
                data[place] ^= 1 << int(random.integers(8))
            path.write_bytes(data[: int(random.integers(1, len(good) + 1))])
            refused += complaint(path).count("must be")
    assert refused > 300


def complaint(path: Path) -> str:
    """What is said against a file; nothing where it is read."""
    try:
        read_events(path)
    except ValueError as error:
        return str(error)
    return ""
