"""A cocotb bench: the chip behind its two streams, in lockstep with the golden core.

The host's own packet device runs in a thread; its transport drives the streams cycle by cycle,
with gaps between commands and backpressure on replies, seeded. `tests/test_lockstep_cocotb.py`
passes the geometry's name, the seed and the number of ticks in the environment.
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge, resume
from cocotb.triggers import FallingEdge, RisingEdge

from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import CoreConfig
from axonloop.models.protocol import Kind
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config

PATIENCE = 200_000


class Answers:
    """Counts the answers among the reply words."""

    def __init__(self) -> None:
        self.count = 0
        self._payload = 0

    def hear(self, word: int) -> None:
        if self._payload:
            self._payload -= 1
            self.count += self._payload == 0
        elif word >> 28 == Kind.DATA:
            self._payload = word & 0xFFFF
        else:
            refused = word >> 28 == Kind.FAULT and word >> 4 & 0xF in (Kind.TICK, Kind.READ)
            self.count += word >> 28 == Kind.TICK or refused


class StreamTransport:
    """Drives the ports of `dut`; gaps and backpressure come and go in bursts."""

    def __init__(self, dut, seed: int) -> None:
        self._dut = dut
        self._rng = np.random.default_rng(seed)
        self.exchange = resume(self._exchange)

    def close(self) -> None:
        """Nothing to let go of: the simulator ends with the test."""

    async def reset(self) -> None:
        """Five cycles of reset; the streams rest."""
        dut = self._dut
        dut.commands__valid.value = dut.replies__ready.value = dut.commands__payload.value = 0
        dut.rst.value = 1
        for _ in range(5):
            await RisingEdge(dut.clk)
        dut.rst.value = 0
        await RisingEdge(dut.clk)

    async def _exchange(self, words, expected: int):
        dut, commands, replies = self._dut, [int(word) for word in words], []
        answers, position, offered, quiet = Answers(), 0, False, 0
        gap, stall = self._rng.choice((0.0, 0.0, 0.2, 0.7), 2)
        while position < len(commands) or answers.count < expected:
            if not offered and position < len(commands) and self._rng.random() >= gap:
                offered = True
                dut.commands__payload.value = commands[position]
            ready = bool(self._rng.random() >= stall)
            dut.commands__valid.value, dut.replies__ready.value = int(offered), int(ready)
            await FallingEdge(dut.clk)
            sent = offered and bool(dut.commands__ready.value)
            if ready and bool(dut.replies__valid.value):
                replies.append(int(dut.replies__payload.value))
                answers.hear(replies[-1])
                quiet = 0
            await RisingEdge(dut.clk)
            position, offered = position + sent, offered and not sent
            quiet = 0 if sent else quiet + 1
            assert quiet <= PATIENCE, f"chip hangs: {position} of {len(commands)} words taken"
        dut.commands__valid.value = dut.replies__ready.value = 0
        return np.array(replies, np.uint32)


def compare(transport: StreamTransport, config: CoreConfig, ticks: int, seed: int) -> None:
    """Golden core and chip in lockstep; raises at the first difference."""
    chip = PacketDevice(transport, config)
    report = lockstep([GoldenDevice(config), chip], config, ticks, seed)
    assert len(set(report.trace_hashes.values())) == 1


@cocotb.test()
async def agrees_with_the_golden_core(dut):
    """Random configuration, traffic, gaps and backpressure; learning on."""
    seed, ticks = int(os.environ["BENCH_SEED"]), int(os.environ["BENCH_TICKS"])
    config = random_config(np.random.default_rng(seed), GEOMETRIES[os.environ["BENCH_GEOMETRY"]])
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    transport = StreamTransport(dut, seed)
    await transport.reset()
    await bridge(compare)(transport, config, ticks, seed)
