"""A co-simulated board: the compiled RTL of the whole top behind a pseudo-terminal.

A program that opens the port cannot tell it from a board, but by its speed.
"""

from __future__ import annotations

import os
import select
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass

from axonloop.sim.cosim.compiled_board import RtlTop
from axonloop.sim.cosim.faults import FaultRates, FaultyLine

CHUNK = 2000
"""Cycles between two looks at the port."""


@dataclass(frozen=True)
class Misbehaviour:
    """The faults of a board; `None`, or the number of received bytes after which each happens."""

    rates: FaultRates = FaultRates()
    seed: int = 0
    hang_after: int | None = None
    reset_after: int | None = None


class Board:
    """Opens a pseudo-terminal; `port` is the name to open. Use as a context manager.

    `make` powers up a board. The simulation stands still when the line was quiet for `patience`
    cycles, until a byte comes.
    """

    def __init__(
        self,
        make: Callable[[], RtlTop],
        wrong: Misbehaviour | None = None,
        patience: int = 100_000,
    ) -> None:
        self._make, self._wrong = make, wrong or Misbehaviour()
        self._patience, self._top = patience, make()
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._down = FaultyLine(self._wrong.rates, self._wrong.seed)
        self._up = FaultyLine(self._wrong.rates, self._wrong.seed + 1)
        self._to_board, self._to_host = b"", b""
        self._quiet, self._cycles, self._was_reset = patience, 0, False
        self.received = self.sent = 0
        self.seconds = 0.0

    @property
    def cycles(self) -> int:
        """Clock cycles run, over all resets."""
        return self._cycles + self._top.cycles

    @property
    def faults(self) -> int:
        """Bytes that were lost, flipped, doubled or delayed."""
        return self._down.faults + self._up.faults

    def serve(self, stop: Callable[[], bool], look: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; both are called after every step of at most a tenth of a second."""
        while not stop():
            idle = not self._to_board and self._quiet >= self._patience
            self._move(0.1 if idle else 0.0)
            if self._to_board or self._quiet < self._patience:
                self._run()
            look()

    def _move(self, seconds: float) -> None:
        """Move bytes between the port and the lines; wait `seconds` for the first one."""
        waiting = [self._master] if self._to_host else []
        readable, writable, _ = select.select([self._master], waiting, [], seconds)
        if readable and len(self._to_board) < CHUNK:
            data = os.read(self._master, CHUNK)
            self.received += len(data)
            self._to_board += self._down.carry(data)
            self._misbehave()
        if writable:
            self._to_host = self._to_host[os.write(self._master, self._to_host) :]

    def _misbehave(self) -> None:
        wrong = self._wrong
        if wrong.hang_after is not None and self.received >= wrong.hang_after:
            self._to_board = b""
            self._quiet = self._patience
        if wrong.reset_after is not None and self.received >= wrong.reset_after:
            if not self._was_reset:
                self.reset()
            self._was_reset = True

    def reset(self) -> None:
        """Power off and on: all state is lost, and what was on the line."""
        self._cycles += self._top.cycles
        self._top.close()
        self._top, self._to_board = self._make(), b""

    def _run(self) -> None:
        begin = time.perf_counter()
        taken, heard = self._top.run(CHUNK, self._to_board)
        self.seconds += time.perf_counter() - begin
        self._to_board = self._to_board[taken:]
        self.sent += len(heard)
        self._to_host += self._up.carry(heard)
        self._quiet = 0 if taken or heard else self._quiet + CHUNK

    def close(self) -> None:
        """Close the port and let go of the simulation."""
        os.close(self._master)
        os.close(self._slave)
        self._top.close()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
