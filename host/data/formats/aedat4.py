"""AEDAT 4, as DV writes it: packets of FlatBuffers, which may be compressed.

A file is "#!AER-DAT4.0", a header, packets, and where the writer closed it a table of them. Each
packet has the number of its stream and its bytes ahead, 32 bits each. The header says in XML which
stream is what. Header and packets are FlatBuffers with their size ahead; in those of events lie 16
bytes an event: time in microseconds (64 bits, the lowest byte first), x and y (16 each), and
whether it is on. Files are written without compression; LZ4 and Zstandard take packages to read.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.formats.plain_file import require_file, write_bytes
from axonloop.host.data.formats.recording import LATEST_US, Recording
from axonloop.models.arrays import ranged
from axonloop.models.checks import cut, require

MAGIC = b"#!AER-DAT4.0\r\n"
LAYOUT = np.dtype([("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("on", "?"), ("", "V3")])
PACKET = 4096
"""Events of a packet that is written."""
MOST_PIXELS = 1 << 15
INFO = """\
<dv version="2.0">
    <node name="outInfo" path="/mainloop/Recorder/outInfo/">
        <node name="0" path="/mainloop/Recorder/outInfo/0/">
            <attr key="compression" type="string">NONE</attr>
            <attr key="originalModuleName" type="string">capture</attr>
            <attr key="originalOutputName" type="string">events</attr>
            <attr key="typeDescription" type="string">Array of events (polarity ON/OFF).</attr>
            <attr key="typeIdentifier" type="string">EVTS</attr>
            <node name="info" path="/mainloop/Recorder/outInfo/0/info/">
                <attr key="sizeX" type="int">{width}</attr>
                <attr key="sizeY" type="int">{height}</attr>
                <attr key="source" type="string">axonloop</attr>
            </node>
        </node>
    </node>
</dv>
"""


def read_aedat4(path: Path) -> Recording:
    """The events of the only stream of events; ValueError says what is wrong with the file."""
    require_file(path)
    data = path.read_bytes()
    good = data.startswith(MAGIC)
    wanted = f"a file that begins with {MAGIC.decode().strip()}"
    require(good, path.name, wanted, data[: len(MAGIC)])
    start = len(MAGIC)
    header, start = _sized_part(f"{path.name}: header", data, start)
    table = _Table(f"{path.name}: header", header, b"IOHE")
    unpack = _unpacking(path.name, table.number(0, "<i", 0))
    end = table.number(1, "<q", -1)
    wanted = f"at most {len(data)}, the bytes of the file (its end is missing: copy it again)"
    require(end <= len(data), f"{path.name}: place of the last table", wanted, end)
    stream, sensor = _event_stream(path.name, table.text(2))
    parts = [np.zeros(0, LAYOUT)]
    stop = end if end > 0 else len(data)
    while start < stop:
        thing = f"{path.name}: packet at byte {start}"
        number, body, start = _packet_at(thing, data, start, stop)
        if number == stream:
            parts.append(_events_of(thing, unpack(thing, body)))
    rows = np.concatenate(parts)
    x, y, p = (rows[name].astype(np.int64) for name in ("x", "y", "on"))
    return Recording(sensor, rows["t"].astype(np.int64), x, y, p, path.name)


def write_aedat4(path: Path, events: Recording) -> None:
    """Write a file, whole or not at all; ValueError for what the format cannot hold."""
    good = len(events.sensor) == 3 and events.sensor[0] == 2
    good = good and max(events.sensor[1:]) <= MOST_PIXELS
    wanted = f"of 2 polarities and at most {MOST_PIXELS} x {MOST_PIXELS} pixels in AEDAT 4"
    require(good, f"{path.name}: sensor", wanted, events.sensor)
    ranged(f"{path.name}: t of AEDAT 4", events.t, 0, LATEST_US)
    rows = np.zeros(len(events), LAYOUT)
    rows["t"], rows["x"], rows["y"], rows["on"] = events.t, events.x, events.y, events.p
    _, height, width = events.sensor
    parts = [MAGIC, _header(INFO.format(width=width, height=height).encode())]
    for start in range(0, len(rows), PACKET):
        data = _packet(rows[start : start + PACKET])
        parts += [struct.pack("<ii", 0, len(data)), data]
    write_bytes(path, b"".join(parts))


class _Table:
    """The root table of a FlatBuffer, `data` without the size ahead; whatever points out of it is
    refused."""

    def __init__(self, thing: str, data: bytes, kind: bytes) -> None:
        self._thing, self._data = thing, data
        require(data[4:8] == kind, f"{thing}: kind", f"{kind.decode()}", data[4:8])
        self._place = self._read("<I", 0)
        self._fields = self._place - self._read("<i", self._place)
        self._count = (self._read("<H", self._fields) - 4) // 2

    def _read(self, kind: str, place: int) -> int:
        good = 0 <= place <= len(self._data) - struct.calcsize(kind)
        wanted = f"within its {len(self._data)} bytes (the file is damaged: copy it again)"
        require(good, f"{self._thing}: place of a value", wanted, place)
        return int(struct.unpack_from(kind, self._data, place)[0])

    def _field(self, number: int) -> int:
        """Where a field lies; 0 where it is left out."""
        own = self._read("<H", self._fields + 4 + 2 * number) if number < self._count else 0
        return own and self._place + own

    def number(self, number: int, kind: str, usual: int) -> int:
        """A field that is a number."""
        place = self._field(number)
        return self._read(kind, place) if place else usual

    def part(self, number: int, size: int) -> bytes:
        """A field that is a list of values of `size` bytes; nothing where it is left out."""
        place = self._field(number)
        if not place:
            return b""
        start = place + self._read("<I", place)
        count = self._read("<I", start)
        wanted = "within its packet (the file is damaged: copy it again)"
        good = start + 4 + count * size <= len(self._data)
        require(good, f"{self._thing}: list of {count} values", wanted, f"{len(self._data)} bytes")
        return self._data[start + 4 : start + 4 + count * size]

    def text(self, number: int) -> str:
        """A field that is a text."""
        data = self.part(number, 1)
        try:
            return data.decode()
        except UnicodeDecodeError:
            require(False, f"{self._thing}: text", "UTF-8", data[:40])
            raise


def _sized_part(thing: str, data: bytes, start: int) -> tuple[bytes, int]:
    """A FlatBuffer with its size ahead, and where it ends."""
    require(start + 4 <= len(data), thing, "there (copy the file again)", f"{len(data)} bytes")
    (size,) = struct.unpack_from("<I", data, start)
    left = len(data) - start - 4
    wanted = f"whole, of {size} bytes (its end is missing: copy the file again)"
    require(8 <= size <= left, thing, wanted, f"{left} bytes")
    return data[start + 4 : start + 4 + size], start + 4 + size


def _packet_at(thing: str, data: bytes, start: int, stop: int) -> tuple[int, bytes, int]:
    """The number of a packet's stream, its content, and where it ends."""
    left = stop - start - 8
    require(left >= 0, thing, "with its stream and size ahead (copy the file again)", left + 8)
    number, size = struct.unpack_from("<ii", data, start)
    wanted = f"whole, of {size} bytes (its end is missing: copy the file again)"
    require(0 < size <= left, thing, wanted, f"{left} bytes")
    return number, data[start + 8 : start + 8 + size], start + 8 + size


def _events_of(thing: str, data: bytes) -> NDArray[Any]:
    """The events of a packet."""
    body, _ = _sized_part(thing, data, 0)
    rows = np.frombuffer(_Table(thing, body, b"EVTS").part(0, LAYOUT.itemsize), np.uint8)
    require(bool((rows[12::16] <= 1).all()), f"{thing}: polarities", "0 or 1", "others")
    return rows.view(LAYOUT)


def _event_stream(name: str, info: str) -> tuple[int, tuple[int, ...]]:
    """The number of the stream of events, and the shape of its sensor."""
    try:
        nodes = ElementTree.fromstring(info).findall(".//node")
        own = [node for node in nodes if _attribute(node, "typeIdentifier") == "EVTS"]
        require(len(own) == 1, f"{name}: streams of events", "a single one", len(own))
        inner = own[0].findall("node")
        height, width = (
            int(next(filter(None, (_attribute(node, key) for node in inner)), ""))
            for key in ("sizeY", "sizeX")
        )
        return int(own[0].get("name", "")), (2, height, width)
    except (ElementTree.ParseError, ValueError) as error:
        if isinstance(error, ValueError) and str(error).startswith(cut(name)):
            raise
        wanted = "XML that names a stream of events and its sensor (copy the file again)"
        raise ValueError(f"{name}: header must be {wanted}, not {cut(str(error))!r}") from error


def _attribute(node: ElementTree.Element, key: str) -> str | None:
    return next((each.text for each in node.findall("attr") if each.get("key") == key), None)


def _unpacking(name: str, compression: int) -> Callable[[str, bytes], bytes]:
    """How packets are decompressed."""
    require(0 <= compression <= 4, f"{name}: compression", "in 0..4", compression)
    if compression == 0:
        return lambda _, data: data
    package = "lz4.frame" if compression <= 2 else "zstandard"
    wanted = f"installed to read {name} (pip install 'axonloop[events]')"
    try:
        library = import_module(package)
    except ImportError as error:
        raise ValueError(
            f"package {package.split('.')[0]} must be {wanted}, not missing"
        ) from error
    failures = (RuntimeError, ValueError, MemoryError, getattr(library, "ZstdError", OSError))

    def unpacked(thing: str, data: bytes) -> bytes:
        try:
            found = bytes(library.decompress(data))
        except failures as error:
            reason = cut(str(error))
            raise ValueError(f"{thing} must be whole, not damaged ({reason})") from error
        return found

    return unpacked


def _sized(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


def _header(info: bytes) -> bytes:
    """The table of the header: no compression, no table of packets at the end, the streams."""
    lists = struct.pack("<HHHHHxx", 10, 20, 4, 8, 16)  # sizes, and the place of each field
    table = struct.pack("<iiqI", 12, 0, -1, 4)  # after the fields comes the text
    text = struct.pack("<I", len(info)) + info + bytes(4 - len(info) % 4)
    return _sized(struct.pack("<I4s", 20, b"IOHE") + lists + table + text)


def _packet(rows: np.ndarray[Any, Any]) -> bytes:
    """The table of a packet: a lone field, the list of its events."""
    lists = struct.pack("<HHHxx", 6, 8, 4)
    table = struct.pack("<iII", 8, 4, len(rows))
    return _sized(struct.pack("<I4s", 16, b"EVTS") + lists + table + rows.tobytes())
