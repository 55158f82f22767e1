"""A cocotb bench: the chip behind its serial line, in lockstep with the golden core.

The host's own link runs in a thread over the public driver of the two pins; what passes between
link and chip is heard inside by nobody, for only pins are public.
"""

from __future__ import annotations

import os

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.task import bridge
from cocotb.triggers import ClockCycles

from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.devices.serial_line import LineTransport
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import CoreConfig
from axonloop.sim.cocotb import SerialLine
from axonloop.sim.stimulus import GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config

PERIOD_NS, CYCLES = 10, 4
BAUD = 25_000_000


def compare(line: SerialLine, config: CoreConfig, ticks: int, seed: int) -> None:
    """Golden core and board in lockstep; raises at the first difference."""
    transport = LineTransport(line, BAUD, patience=10.0, clock=line.seconds)
    chip = PacketDevice(transport, config, fresh=False)
    report = lockstep([GoldenDevice(config), chip], config, ticks, seed)
    assert len(set(report.trace_hashes.values())) == 1


@cocotb.test()
async def agrees_with_the_golden_core(dut):
    """A session of the link at four cycles a bit."""
    seed, ticks = int(os.environ["BENCH_SEED"]), int(os.environ["BENCH_TICKS"])
    config = random_config(np.random.default_rng(seed), GEOMETRIES[os.environ["BENCH_GEOMETRY"]])
    Clock(dut.clk, PERIOD_NS, "ns").start()
    line = SerialLine(dut.rx, dut.tx, PERIOD_NS * CYCLES)
    dut.rst.value = 1
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    await bridge(compare)(line, config, ticks, seed)
    assert dut.session.value == 1
