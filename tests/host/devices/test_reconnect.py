"""Cables that are pulled and plugged in again, and a board of another version."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import DeviceError, GoldenDevice
from axonloop.host.devices.board import SerialDevice
from axonloop.host.verification.verify import lockstep
from axonloop.sim.cosim import Misbehaviour
from tests.host.devices.test_board import PLAIN, config_of, run_ticks, running
from tests.support import board_link


class Cable:
    """Between a board's port and one that goes away after so many bytes from the host, each time.

    `port` is a link, which points to another pseudo-terminal after every return; None for `away`
    seconds: it stays away.
    """

    def __init__(self, board: str, port: Path, after: list[int], away: float | None) -> None:
        self.port, self._after, self._away = port, after, away
        self._board = os.open(board, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.pulled = 0
        self._plug()

    def _plug(self) -> None:
        self._ends = os.openpty()
        tty.setraw(self._ends[1])
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._ends[1]))

    def _pull(self) -> None:
        for end in self._ends:
            os.close(end)
        self.port.unlink()

    def carry(self, stop: threading.Event) -> None:
        """Until `stop`."""
        passed = 0
        while not stop.is_set():
            host = self._ends[0]
            for end in select.select([host, self._board], [], [], 0.01)[0]:
                data = os.read(end, 100)
                os.write(self._board if end == host else host, data)
                passed += len(data) * (end == host)
            if self._after and passed >= self._after[0]:
                passed, self.pulled = 0, self.pulled + 1
                self._after.pop(0)
                self._pull()
                if self._away is None:
                    return
                time.sleep(self._away)
                self._plug()
        self._pull()


@contextmanager
def cable(board: str, folder: Path, after: list[int], away: float | None) -> Iterator[Cable]:
    """A cable that another thread is."""
    stop = threading.Event()
    plugged = Cable(board, folder / "port", after, away)
    thread = threading.Thread(target=plugged.carry, args=(stop,))
    thread.start()
    try:
        yield plugged
    finally:
        stop.set()
        thread.join()
        os.close(plugged._board)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_session_outlives_its_cable(tmp_path: Path, seed: int) -> None:
    config, rng = config_of(seed), np.random.default_rng(seed)
    after = rng.integers(200, 1200, 4).tolist()
    with (
        running() as board,
        cable(board.port, tmp_path, after, 0.3) as plugged,
        GoldenDevice(config) as golden,
        SerialDevice(f"serial:{plugged.port}", config) as serial,
    ):
        lockstep([golden, serial], config, 15, seed)
        assert serial.transport.port.returns == plugged.pulled >= 2
        assert serial.telemetry.line_counters()["repaired"] > 0


def test_a_cable_that_stays_away(tmp_path: Path) -> None:
    with running() as board, cable(board.port, tmp_path, [2000], None) as plugged:
        device = SerialDevice(f"serial:{plugged.port}", PLAIN, patience=1.0)
        expected = "board must stay on its port, not go away .* go on with --resume"
        with pytest.raises(DeviceError, match=expected):
            run_ticks(device, 300)
        device.close()


def test_a_board_that_was_reset_meanwhile(tmp_path: Path) -> None:
    """Its port comes back, its session does not: words are lost, so the run must stop."""
    with (
        running(Misbehaviour(reset_after=2500)) as board,
        cable(board.port, tmp_path, [2500], 0.3) as plugged,
    ):
        device = SerialDevice(f"serial:{plugged.port}", PLAIN)
        expected = "session must last, not end: the board was reset, .*; go on with --resume"
        with pytest.raises(DeviceError, match=expected):
            run_ticks(device, 300)
        assert device.transport.port.returns == 1
        device.close()


def test_another_version_of_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain board on a port, that speaks version 3."""
    monkeypatch.setattr(board_link, "LINK_VERSION", 3)
    master, slave = os.openpty()
    tty.setraw(slave)
    stop, plain = threading.Event(), board_link.BoardLink()

    def serve() -> None:
        while not stop.is_set():
            if select.select([master], [], [], 0.01)[0]:
                plain.receive(os.read(master, 1000))
                os.write(master, plain.output())

    thread = threading.Thread(target=serve)
    thread.start()
    expected = "link protocol of the board must be version 2, not 3: build its bitstream anew"
    try:
        with pytest.raises(DeviceError, match=expected):
            SerialDevice(f"serial:{os.ttyname(slave)}")
    finally:
        stop.set()
        thread.join()
        os.close(master)
        os.close(slave)
