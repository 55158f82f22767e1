"""A board on a serial port: `serial:PORT[@baud]` (docs/link.md)."""

from __future__ import annotations

import errno
import secrets
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import serial

from axonloop.host.device import DeviceError
from axonloop.host.devices import SERIAL
from axonloop.host.identification import chip_of
from axonloop.host.link import PacketDevice
from axonloop.host.packing import Words
from axonloop.host.recording import recorded
from axonloop.host.serial_link import HostLink
from axonloop.models.chip import ChipConfig
from axonloop.models.config import CoreConfig, require, require_range
from axonloop.models.link import GEOMETRY_FIELDS, Identity, Status, geometry_words
from axonloop.models.packets import Kind

BAUD = 1_000_000
"""Rate where none is named."""
STEP = 0.005
"""Seconds for which a read waits."""
REOPEN = 0.05
"""Seconds between two attempts to open a port that went away."""
CHIP_PATIENCE = 120.0
"""Seconds without a word from the chip, while the board answers, that count as a hang."""


def parse_port(name: str) -> tuple[str, int]:
    """Port and rate of `serial:PORT[@baud]`; ValueError if it is written otherwise."""
    port, _, baud = name.removeprefix(SERIAL).partition("@")
    good = name.startswith(SERIAL) and port != "" and (baud.isdecimal() or "@" not in name)
    require(good, "device", "serial:PORT or serial:PORT@BAUD, as serial:/dev/ttyUSB0@3000000", name)
    rate = int(baud or BAUD)
    require_range("baud", rate, 300, 2**32 - 1)
    return port, rate


def open_port(port: str, baud: int) -> serial.Serial:
    """The port, for this program alone. DeviceError that says what to do where that fails."""
    try:
        return serial.Serial(port, baud, timeout=STEP, write_timeout=0, exclusive=True)
    except serial.SerialException as error:
        raise DeviceError(_why_closed(port, error)) from error


def _why_closed(port: str, error: serial.SerialException) -> str:
    number, thing = error.errno, f"port {port!r}"
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"{thing} must be there, not missing: plug the board in, or run: axonloop board"
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"{thing} must be yours to read and write, not forbidden: "
            "join the group that owns it, often: sudo usermod -aG dialout $USER"
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return f"{thing} must be free, not in use: end the other program that has it open"
    return f"{thing} must be a serial port, not fail: {error}"


class LastingPort:
    """A port that is opened again if it goes away, for up to `patience` seconds.

    What was on the line is lost; the link makes that good, if the board kept its session.
    `returns` counts how often it came back. OSError if it stays away.
    """

    def __init__(self, port: str, baud: int, patience: float) -> None:
        self._port, self._baud, self._patience, self.returns = port, baud, patience, 0
        self._serial = open_port(port, baud)

    @property
    def in_waiting(self) -> int:
        """Bytes that have come."""
        try:
            return int(self._serial.in_waiting)
        except OSError as error:
            return self._await_return(error)

    def write(self, data: bytes) -> int:
        """Write: how many bytes went."""
        try:
            return self._serial.write(data) or 0
        except OSError as error:
            return self._await_return(error) + len(data)

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, those that come in a few milliseconds."""
        try:
            return bytes(self._serial.read(size))
        except OSError as error:
            return bytes(self._await_return(error))

    def _await_return(self, why: OSError) -> int:
        """Open the port anew; 0, the number of bytes that were saved."""
        end = time.monotonic() + self._patience
        self._serial.close()
        while time.monotonic() < end:
            try:
                self._serial = open_port(self._port, self._baud)
            except DeviceError:
                time.sleep(REOPEN)
            else:
                self.returns += 1
                return 0
        raise why

    def close(self) -> None:
        """Close the port."""
        self._serial.close()


class SerialTransport:
    """A session with a board. Raises DeviceError where port, board or protocol are not right.

    `session` is drawn at random unless it is given.
    """

    def __init__(self, port: str, baud: int, patience: float = 10.0, session: int = 0) -> None:
        self.port = LastingPort(port, baud, patience)
        self.link = HostLink(session or secrets.randbelow(2**32 - 1) + 1, patience=patience)
        self.bytes_sent = self.bytes_received = self.exchanges = 0
        self._pending = b""
        try:
            self.link.begin(time.monotonic())
            while self.link.identity is None:
                self._pump()
        except BaseException:
            self.port.close()
            raise

    @property
    def identity(self) -> Words:
        """The words of the board's identification."""
        assert self.link.identity is not None
        return self.link.identity

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`."""
        self.exchanges += 1
        self.link.wait(time.monotonic())
        self.link.send(words)
        answers, heard = Answers(), []
        moved = time.monotonic()
        while answers.count < expected:
            self._pump()
            if (got := self.link.take()).size:
                answers.hear(got)
                heard.append(got)
                moved = time.monotonic()
            elif time.monotonic() - moved > CHIP_PATIENCE:
                raise DeviceError(
                    f"chip must answer within {CHIP_PATIENCE:g} seconds, not hang: reset the board"
                )
        return np.concatenate(heard)

    def status(self) -> Words:
        """The board's counters, in the order of `models.link.Status`."""
        self.link.wait(time.monotonic())
        self.link.ask_status()
        while self.link.status is None:
            self._pump()
        return self.link.status

    def _pump(self) -> None:
        """Write what there is to write, hear what there is to hear, for a few milliseconds."""
        self._pending += self.link.output(time.monotonic())
        try:
            written = self.port.write(self._pending) if self._pending else 0
            data = self.port.read(max(1, self.port.in_waiting))
        except OSError as error:
            raise DeviceError(
                f"board must stay on its port, not go away ({error}): plug it in, or start it, "
                "and go on with --resume"
            ) from error
        self._pending = self._pending[written:]
        self.bytes_sent += written
        self.bytes_received += len(data)
        self.link.receive(data, time.monotonic())

    def close(self) -> None:
        """Close the port."""
        self.port.close()


class Answers:
    """Counts the answers to TICK and READ among the chip's words."""

    def __init__(self) -> None:
        self.count, self._payload = 0, 0

    def hear(self, words: Words) -> None:
        """The next words; a DATA packet may go on in later ones."""
        place, values = 0, words.tolist()
        while place < len(values):
            if self._payload:
                step = min(self._payload, len(values) - place)
                place, self._payload = place + step, self._payload - step
                self.count += self._payload == 0
                continue
            kind, refused = values[place] >> 28, values[place] >> 4 & 0xF
            if kind == Kind.DATA:
                self._payload = values[place] & 0xFFFF
            fault = kind == Kind.FAULT and refused in (Kind.TICK, Kind.READ)
            empty = kind == Kind.DATA and not self._payload
            self.count += kind == Kind.TICK or fault or empty
            place += 1


class SerialDevice(PacketDevice):
    """A board. Its chip starts as after power-up: state, tick and counters are 0.

    `name` as in `parse_port`. DeviceError if the board's configuration is not that of `config`;
    without one, the board's own is taken.
    """

    name = "serial"

    def __init__(
        self,
        name: str,
        config: ChipConfig | CoreConfig | None = None,
        patience: float = 10.0,
        record: Path | None = None,
    ) -> None:
        self.transport = SerialTransport(*parse_port(name), patience)
        try:
            chip = chip_of(self.transport.identity) if config is None else ChipConfig.of(config)
            check_configuration(self.transport.identity, chip)
            # The session's begin reset registers, not memories.
            transport = recorded(self.transport, record, fresh=False)
        except BaseException:
            self.transport.close()
            raise
        super().__init__(transport, chip, fresh=False)
        self.recorded = record is not None

    def line_counters(self) -> dict[str, int]:
        """Of both ends: the host's names are those of `LinkCounters`, the board's of `Status`."""
        counters = self.transport.link.counters
        ours = asdict(counters) | {"repaired": counters.repaired}
        board = self.transport.status().tolist()
        return ours | {f"board_{entry.name.lower()}": board[entry] for entry in Status}


def check_configuration(identity: Words, chip: ChipConfig) -> None:
    """DeviceError that lists what is other on the board than in `chip`."""
    names = ["core number", *(field.name.lower() for field in GEOMETRY_FIELDS)]
    wanted = [chip.first, *geometry_words(chip.geometry, chip.mesh)]
    found = identity[Identity.CORE :].tolist()
    other = [
        f"{name} {there} instead of {here}"
        for name, here, there in zip(names, wanted, found, strict=True)
        if here != there
    ]
    if other:
        raise DeviceError(
            "board must be built for this network, not for another "
            f"({', '.join(other)}): build and load a bitstream for its geometry"
        )
