"""A serial line: bytes into one pin and out of another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from axonloop.sim.cocotb.simulator import (
    FallingEdge,
    LogicObject,
    Timer,
    cocotb,
    get_sim_time,
    resume,
)

BYTE_BITS = 10
"""Start bit, eight bits of the byte, lowest first, and a stop bit."""


async def send_bytes(line: LogicObject, data: Iterable[int], bit_ns: float) -> None:
    """Drive `line` with bytes, one behind the other, at `bit_ns` nanoseconds a bit."""
    for byte in data:
        frame = byte << 1 | 1 << (BYTE_BITS - 1)
        for bit in range(BYTE_BITS):
            line.value = frame >> bit & 1
            await Timer(bit_ns, "ns", round_mode="round")


class SerialMonitor:
    """Puts the bytes that come on `line` into `bytes`, and drives nothing.

    A byte whose stop bit is 0 is a break or of another rate: AssertionError ends the test.
    """

    def __init__(self, line: LogicObject, bit_ns: float) -> None:
        self._line, self._bit_ns = line, bit_ns
        self.bytes: deque[int] = deque()
        self.task = cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self._line)
            await Timer(1.5 * self._bit_ns, "ns", round_mode="round")
            byte = 0
            for bit in range(8):
                byte |= int(self._line.value) << bit
                await Timer(self._bit_ns, "ns", round_mode="round")
            assert self._line.value == 1, "stop bit must be 1, not 0: is the rate the right one?"
            self.bytes.append(byte)


class SerialLine:
    """Both pins of a design as a line of pyserial: `write`, `read`, `in_waiting`, `close`.

    Its methods are for threads of `cocotb.task.bridge`, and `LineTransport` of
    `axonloop.host.devices.serial_line` speaks the link over it. Time passes only in them: `write`
    takes as long as its bytes, and `read` waits for a byte, at most `wait_bits` bits. `seconds`
    tells the time in the simulation, as that transport's `clock`.
    """

    def __init__(
        self, rx: LogicObject, tx: LogicObject, bit_ns: float, wait_bits: int = 200
    ) -> None:
        self._rx, self._bit_ns, self._wait_bits = rx, bit_ns, wait_bits
        rx.value = 1
        self._heard = SerialMonitor(tx, bit_ns).bytes
        self._write, self._read = resume(self._send), resume(self._take)
        self._seconds = 0.0

    def seconds(self) -> float:
        """Simulated seconds, at the last write or read."""
        return self._seconds

    @property
    def in_waiting(self) -> int:
        """Bytes that have come."""
        return len(self._heard)

    def write(self, data: bytes, /) -> int:
        """Send all of `data`; return how many bytes that was."""
        self._write(data)
        return len(data)

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none if none comes in time."""
        return self._read(size)

    def close(self) -> None:
        """Nothing to let go of: the simulator ends with the test."""

    async def _send(self, data: bytes) -> None:
        await send_bytes(self._rx, data, self._bit_ns)
        self._seconds = get_sim_time("ns") * 1e-9

    async def _take(self, size: int) -> bytes:
        for _ in range(self._wait_bits if size else 0):
            if self._heard:
                break
            await Timer(self._bit_ns, "ns", round_mode="round")
        self._seconds = get_sim_time("ns") * 1e-9
        return bytes(self._heard.popleft() for _ in range(min(size, len(self._heard))))
