"""The host's side of a chip's two streams: a transport for packets, cycle by cycle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.sim.cocotb.answers import AnswerCount
from axonloop.sim.cocotb.simulator import (
    Clock,
    FallingEdge,
    RisingEdge,
    resume,
)

PATIENCE = 200_000
"""Cycles without a word either way after which a chip hangs."""
RESET_CYCLES = 5
RATES = (0.0, 0.0, 0.2, 0.7)
"""How often a word is held back, and how often none is taken: drawn for every exchange."""


class PacketPort:
    """Drives the ports of `dut`, the module of `axonloop verilog --top stream`.

    Words are held back and not taken at random, seeded, in bursts. `exchange` is for threads of
    `cocotb.task.bridge`: so the port is a transport for `axonloop.host.devices.packets`.
    """

    def __init__(self, dut: Any, seed: int = 0) -> None:
        self._dut = dut
        self._rng = np.random.default_rng(seed)
        self.exchange = resume(self.send_and_hear)

    def close(self) -> None:
        """Nothing to let go of: the simulator ends with the test."""

    async def reset(self, period_ns: int = 10) -> None:
        """Start the clock, with that period; some cycles of reset, in which the streams rest."""
        dut = self._dut
        Clock(dut.clk, period_ns, "ns").start()
        dut.commands__valid.value = dut.replies__ready.value = dut.commands__payload.value = 0
        dut.rst.value = 1
        for _ in range(RESET_CYCLES):
            await RisingEdge(dut.clk)
        dut.rst.value = 0
        await RisingEdge(dut.clk)

    async def send_and_hear(self, words: Iterable[int], expected: int) -> NDArray[np.uint32]:
        """Send `words`; all replies up to `expected` answers to the TICK and READ among them.

        AssertionError if the chip takes and says nothing for `PATIENCE` cycles.
        """
        dut, commands, replies = self._dut, [int(word) for word in words], []
        answers, position, offered, quiet = AnswerCount(), 0, False, 0
        gap, stall = self._rng.choice(RATES, 2)
        while position < len(commands) or answers.count < expected:
            if not offered and position < len(commands) and self._rng.random() >= gap:
                offered = True
                dut.commands__payload.value = commands[position]
            ready = bool(self._rng.random() >= stall)
            dut.commands__valid.value, dut.replies__ready.value = int(offered), int(ready)
            await FallingEdge(dut.clk)
            sent = offered and bool(dut.commands__ready.value)
            heard = ready and bool(dut.replies__valid.value)
            if heard:
                replies.append(int(dut.replies__payload.value))
                answers.hear(replies[-1])
            await RisingEdge(dut.clk)
            position, offered = position + sent, offered and not sent
            quiet = 0 if sent or heard else quiet + 1
            assert quiet <= PATIENCE, f"chip hangs: {position} of {len(commands)} words taken"
        dut.commands__valid.value = dut.replies__ready.value = 0
        return np.array(replies, np.uint32)
