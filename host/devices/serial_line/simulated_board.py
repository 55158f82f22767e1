"""A co-simulated board in this process, which measures a line in the board's own time."""

from __future__ import annotations

from collections import deque

from axonloop.host.devices.packets import Answers, Words
from axonloop.host.devices.serial_line.frames import Deframer
from axonloop.host.devices.serial_line.transport import STEP, LineTransport
from axonloop.models.protocol import FrameKind, LinkConfig
from axonloop.sim.cosim import RtlTop

BITS = 10
"""Bits of a byte on the line, start and stop included."""
SESSION = 1


class SimulatedLine:
    """The line of a simulated board, as `serial.Serial` is one; time passes while it is read.

    What the board says reaches the host `delay` seconds of the board's time late. That stands
    for all that is neither line nor board: adapter, operating system, the host's own work.

    `idle` counts the cycles, in steps of a byte, in which no byte was on its way in either
    direction and the board had answered all that it was asked (`owed` 0).
    """

    def __init__(self, top: RtlTop, link: LinkConfig, delay: float = 0.0) -> None:
        self._top, self._link = top, link
        self._delay = round(delay * link.clock)
        self._down, self._up = b"", deque[tuple[int, bytes]]()
        self._deframer, self._answers = Deframer(), Answers()
        self.owed = self.idle = 0

    @property
    def cycles(self) -> int:
        """Clock cycles of the board so far."""
        return self._top.cycles

    def seconds(self) -> float:
        """The board's time."""
        return self._top.cycles / self._link.clock

    @property
    def in_waiting(self) -> int:
        """Bytes that have arrived."""
        return sum(len(data) for due, data in self._up if due <= self._top.cycles)

    def write(self, data: bytes) -> int:
        """Put bytes on the line."""
        self._down += data
        return len(data)

    def read(self, size: int) -> bytes:
        """Return what has arrived: `size` bytes or more if they come within `STEP` seconds."""
        end = self.seconds() + STEP
        while self.in_waiting < size and self.seconds() < end:
            self._run()
        data = b""
        while self._up and self._up[0][0] <= self._top.cycles:
            data += self._up.popleft()[1]
        return data

    def _run(self) -> None:
        """Run the board for as long as a byte takes."""
        cycles, busy = BITS * self._link.cycles_per_bit, self._top.busy
        taken, heard = self._top.run(cycles, self._down)
        self._down = self._down[taken:]
        if heard:
            self._up.append((self._top.cycles + self._delay, heard))
            self._hear(heard)
        if not self.owed and not heard and self._top.busy == busy:
            self.idle += cycles

    def _hear(self, data: bytes) -> None:
        for frame in self._deframer.receive(data):
            if frame is not None and frame.kind == FrameKind.DATA:
                self._answers.hear(frame.words)
        self.owed -= len(self._answers.take(len(self._answers)))

    def close(self) -> None:
        """Let go of the simulation."""
        self._top.close()


class SimulatedTransport(LineTransport):
    """A session over a `SimulatedLine`: the same bytes, at the same times, in every run."""

    def __init__(self, line: SimulatedLine, baud: int) -> None:
        self.line = line
        super().__init__(line, baud, patience=10.0, session=SESSION, clock=line.seconds)

    def send(self, words: Words, expected: int) -> None:
        """See `QueueTransport`."""
        self.line.owed += expected
        super().send(words, expected)
