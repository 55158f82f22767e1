"""A cocotb bench: the chip behind its two streams, in lockstep with the golden core.

The host's own packet device runs in a thread, over the public driver, with gaps between commands
and back-pressure on replies; the golden scoreboard listens beside it. `test_lockstep_cocotb.py`
passes the geometry's name, the seed and the number of ticks in the environment.
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.task import bridge

from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.sim.cocotb import PacketPort, Scoreboard, StreamMonitor
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config


class HeardDevice(PacketDevice):
    """The chip at the port, whose scoreboard is told of every configuration before it is sent."""

    def __init__(self, port: PacketPort, config: CoreConfig, scoreboard: Scoreboard) -> None:
        self._scoreboard = scoreboard
        super().__init__(port, config)

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """Write all registers and tables."""
        self._scoreboard.expect(config)
        super().configure(config)


def compare(
    port: PacketPort, config: CoreConfig, scoreboard: Scoreboard, ticks: int, seed: int
) -> None:
    """Golden core and chip in lockstep; raises at the first difference."""
    chip = HeardDevice(port, config, scoreboard)
    report = lockstep([GoldenDevice(config), chip], config, ticks, seed)
    assert len(set(report.trace_hashes.values())) == 1


@cocotb.test()
async def agrees_with_the_golden_core(dut):
    """Random configuration, traffic, gaps and backpressure; learning on."""
    seed, ticks = int(os.environ["BENCH_SEED"]), int(os.environ["BENCH_TICKS"])
    config = random_config(np.random.default_rng(seed), GEOMETRIES[os.environ["BENCH_GEOMETRY"]])
    port, scoreboard = PacketPort(dut, seed), Scoreboard(config)
    StreamMonitor(dut, "commands", scoreboard.command)
    StreamMonitor(dut, "replies", scoreboard.reply)
    await port.reset()
    await bridge(compare)(port, config, scoreboard, ticks, seed)
    scoreboard.end()
    assert scoreboard.ticks >= ticks
    assert scoreboard.words > ticks
