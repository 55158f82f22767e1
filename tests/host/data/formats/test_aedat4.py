"""AEDAT 4 beside other programs: compressed packets, and what the package aedat reads."""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.data.formats import read_events, write_events
from tests.support.events.files import random_events

REAL = {"test.aedat4": 111_954, "data_sample.aedat4": 323_963}


def compressed(path: Path, number: int, pack: Callable[[bytes], bytes]) -> None:
    """The packets of a file anew, each compressed, and the header says so."""
    data = path.read_bytes()
    start = data.index(b"</dv>")
    start = data.index(b"EVTS", start) - 16
    new = bytearray(data[:start])
    new[14 + 4 + 24 : 14 + 4 + 28] = struct.pack("<i", number)
    while start < len(data):
        stream, size = struct.unpack_from("<ii", data, start)
        body = pack(data[start + 8 : start + 8 + size])
        new += struct.pack("<ii", stream, len(body)) + body
        start += 8 + size
    path.write_bytes(new)


@pytest.mark.parametrize(
    ("number", "package"), [(1, "lz4.frame"), (2, "lz4.frame"), (3, "zstandard")]
)
def test_compressed_packets(tmp_path: Path, number: int, package: str) -> None:
    library = pytest.importorskip(package)
    path, events = tmp_path / "a.aedat4", random_events((2, 128, 128), 5000)
    write_events(path, events)
    plain = path.stat().st_size
    compressed(path, number, library.compress)
    assert path.stat().st_size < plain
    assert read_events(path) == events
    data = bytearray(path.read_bytes())
    data[-20] ^= 255
    data[-2000:-1990] = bytes(10)
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"^a\.aedat4: packet at byte \d+ must be whole, not dama"):
        read_events(path)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.aedat4"
    write_events(path, random_events((2, 128, 128)))
    compressed(path, 1, lambda data: data)
    monkeypatch.setitem(sys.modules, "lz4", None)
    monkeypatch.setitem(sys.modules, "lz4.frame", None)
    message = (
        r"^package lz4 must be installed to read a\.aedat4 \(pip install 'axonloop\[events\]'\)"
    )
    with pytest.raises(ValueError, match=message):
        read_events(path)


def test_the_package_aedat_reads_what_is_written(tmp_path: Path) -> None:
    aedat = pytest.importorskip("aedat")
    path, events = tmp_path / "a.aedat4", random_events((2, 240, 320), 9000)
    write_events(path, events)
    found = np.concatenate([packet["events"] for packet in aedat.Decoder(path)])
    for name, own in (("t", events.t), ("x", events.x), ("y", events.y), ("on", events.p)):
        assert np.array_equal(found[name], own)


@pytest.mark.skipif("AXONLOOP_AEDAT4" not in os.environ, reason="needs recordings of a camera")
@pytest.mark.parametrize("name", REAL)
def test_real_recordings_are_those_of_the_package_aedat(name: str) -> None:
    """AXONLOOP_AEDAT4 is a folder with the recordings of PyPI's aermanager 0.3.0."""
    aedat = pytest.importorskip("aedat")
    (path,) = Path(os.environ["AXONLOOP_AEDAT4"]).rglob(name)
    events = read_events(path)
    assert (len(events), events.sensor) == (REAL[name], (2, 240, 320))
    packets = (packet for packet in aedat.Decoder(path) if "events" in packet)
    found = np.concatenate([packet["events"] for packet in packets])
    for key, own in (("t", events.t), ("x", events.x), ("y", events.y), ("on", events.p)):
        assert np.array_equal(found[key], own)
