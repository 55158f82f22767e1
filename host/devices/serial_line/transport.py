"""A board on a serial port: `serial:PORT[@baud]` (docs/link.md).

PORT is a file of this machine, or a URL of pyserial, as rfc2217://HOST:PORT of another machine's.
"""

from __future__ import annotations

import errno
import fcntl
import secrets
import struct
import termios
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
import serial

from axonloop.host.devices.device import DeviceError
from axonloop.host.devices.link_use import LinkUse
from axonloop.host.devices.packets import Answers, Words
from axonloop.host.devices.serial_line.session import HostLink
from axonloop.models.checks import require
from axonloop.models.protocol import Identity, line_bytes, require_baud
from axonloop.sim.build import Notify, to_stderr

SERIAL = "serial:"
"""The begin of a board's name; behind it stand the port and, if need be, @ and the baud rate."""
SOCKET, RFC2217 = "socket://", "rfc2217://"
"""The begins of ports on other machines: bytes alone, or with the rate and the control lines."""
BAUD = 1_000_000
"""The rate in bit/s where none is named."""
STEP = 0.005
"""Seconds for which a read waits."""
REOPEN = 0.05
"""Seconds between two attempts to open a port that went away."""
CHIP_PATIENCE = 120.0
"""Seconds without a word from the chip, while the board answers, that count as a hang."""


def parse_port(name: str) -> tuple[str, int]:
    """Port and rate, in bit/s, of `serial:PORT[@baud]`. Raises ValueError for anything else."""
    port, _, baud = name.removeprefix(SERIAL).partition("@")
    good = name.startswith(SERIAL) and port != "" and (baud.isdecimal() or "@" not in name)
    require(good, "device", "serial:PORT or serial:PORT@BAUD, as serial:/dev/ttyUSB0@3000000", name)
    return port, require_baud(int(baud or BAUD))


def open_port(port: str, baud: int) -> serial.Serial:
    """Open the port for this program alone. Raises DeviceError that says what to do."""
    # Over RFC 2217 pyserial knows no time limit of writes.
    least = None if port.startswith(RFC2217) else 0
    try:
        return serial.serial_for_url(port, baud, timeout=STEP, write_timeout=least, exclusive=True)
    except serial.SerialException as error:
        raise DeviceError(_why_closed(port, error)) from error
    except (ValueError, OverflowError) as error:  # the system's refusal of a rate
        if "://" in port:
            raise DeviceError(
                f"port must be a file or a URL that pyserial knows, not {port!r}: try {SERIAL}"
                f"{SOCKET}HOST:NUMBER or {SERIAL}{RFC2217}HOST:NUMBER"
            ) from error
        raise DeviceError(
            f"baud must be a rate that port {port!r} has, not {baud}: name one behind the port, as "
            f"{SERIAL}{port}@{BAUD}"
        ) from error


def _why_closed(port: str, error: serial.SerialException) -> str:
    number, thing = error.errno, f"port {port!r}"
    if "://" in port:
        return f"{thing} must be reachable, not fail: {error}; does its machine serve it?"
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


class Line(Protocol):
    """A serial line, as `serial.Serial` is one."""

    @property
    def in_waiting(self) -> int: ...
    def write(self, data: bytes, /) -> int | None: ...
    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


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
            if self._port.startswith(SOCKET):  # of which pyserial tells only whether there are any
                waiting = fcntl.ioctl(self._serial.fileno(), termios.FIONREAD, bytes(4))
                return int(struct.unpack("i", waiting)[0])
            return int(self._serial.in_waiting)
        except OSError as error:
            return self._await_return(error)

    def write(self, data: bytes) -> int:
        """Write `data`; return the number of bytes that went."""
        try:
            return self._serial.write(data) or 0
        except OSError as error:
            return self._await_return(error) + len(data)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, those that come in a few milliseconds."""
        try:
            return bytes(self._serial.read(size))
        except OSError as error:
            return bytes(self._await_return(error))

    def _await_return(self, why: OSError) -> int:
        """Open the port anew; return 0, the number of bytes that were saved."""
        end = time.monotonic() + self._patience
        self.close()
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
        """Close the port; pyserial forgets to close a socket that its other side has reset."""
        own = getattr(self._serial, "_socket", None)
        self._serial.close()
        if own is not None:
            own.close()


class LineTransport:
    """A session with a board. Raises DeviceError where line, board or protocol are not right.

    `clock` gives the seconds by which `patience` and the link's asks are meant. `session` is
    drawn at random unless it is given. `use` counts what the line carries at `baud`.
    """

    def __init__(
        self,
        line: Line,
        baud: int,
        patience: float,
        session: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line, self._clock = line, clock
        self.link = HostLink(session or secrets.randbelow(2**32 - 1) + 1, patience=patience)
        self.use = LinkUse(baud)
        self._answers, self._asked = Answers(), 0
        self._pending = b""
        try:
            self.link.begin(self._clock())
            while self.link.identity is None:
                self._pump()
        except BaseException:
            self._line.close()
            raise

    @property
    def identity(self) -> Words:
        """The words of the board's identification."""
        assert self.link.identity is not None
        return self.link.identity

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`; everything sent before must have been taken."""
        self.send(words, expected)
        return self.take(expected)

    def send(self, words: Words, expected: int) -> None:
        """See `QueueTransport`."""
        self._asked += expected
        self.use = self.use.plus(predicted_down=line_bytes(words.size))
        self.link.wait(self._clock())
        self.link.send(words)
        self._pump(wait=False)

    def take(self, count: int) -> Words:
        """See `QueueTransport`."""
        self.use = self.use.plus(round_trips=count == self._asked)
        self._asked -= count
        self.link.wait(self._clock())
        moved = self._clock()
        while len(self._answers) < count:
            self._pump()
            if (got := self.link.take()).size:
                self._answers.hear(got)
                moved = self._clock()
            elif self._clock() - moved > CHIP_PATIENCE:
                raise DeviceError(
                    f"chip must answer within {CHIP_PATIENCE:g} seconds, not hang: reset the board"
                )
        parts = self._answers.take(count)
        self.use = self.use.plus(predicted_up=sum(line_bytes(part.size) for part in parts))
        return np.concatenate(parts)

    def status(self) -> Words:
        """The board's counters, in the order of `models.protocol.Status`."""
        self.link.wait(self._clock())
        self.link.ask_status()
        while self.link.status is None:
            self._pump()
        return self.link.status

    def _pump(self, wait: bool = True) -> None:
        """Write the bytes that wait, hear those that came; `wait` some milliseconds for them."""
        self._pending += self.link.output(self._clock())
        try:
            written = self._line.write(self._pending) or 0 if self._pending else 0
            data = self._line.read(max(wait, self._line.in_waiting))
        except OSError as error:
            raise DeviceError(
                f"board must stay on its port, not go away ({error}): plug it in, or start it, "
                "and go on with --resume"
            ) from error
        self._pending = self._pending[written:]
        self.use = self.use.plus(bytes_down=written, bytes_up=len(data))
        self.link.receive(data, self._clock())

    def close(self) -> None:
        """Close the line."""
        self._line.close()


class SerialTransport(LineTransport):
    """A session with the board on a port.

    `notify` hears a line if the board was built for another rate than `baud`.
    """

    def __init__(
        self,
        port: str,
        baud: int,
        patience: float = 10.0,
        session: int = 0,
        notify: Notify = to_stderr,
    ) -> None:
        self.port = LastingPort(port, baud, patience)
        super().__init__(self.port, baud, patience, session)
        built = int(self.identity[Identity.BAUD])
        if built != baud:
            notify(
                f"notice: the board was built for {built} bit/s, and the port is open at {baud}: "
                f"name it {SERIAL}{port}@{built}"
            )
