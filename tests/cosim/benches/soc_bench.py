"""A cocotb bench: hears what the firmware of a system tells, and writes it into `told.txt`.

The test that starts it passes in the environment how many words it waits for.
"""

from __future__ import annotations

import os
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, with_timeout

LONGEST_MS = 10
"""A word of the firmware takes less, at 100 MHz; else it hangs."""


@cocotb.test()
async def firmware_tells_all(dut):
    """Reset, then nothing but a clock: all the rest is the system's own."""
    Clock(dut.clk, 10, "ns").start()
    dut.rst.value = 1
    await ClockCycles(dut.clk, 5)
    dut.rst.value = 0
    words = []
    for _ in range(int(os.environ["BENCH_WORDS"])):
        await with_timeout(FallingEdge(dut.told_valid), LONGEST_MS, "ms")
        words.append(int(dut.told.value))
    Path("told.txt").write_text("".join(f"{word}\n" for word in words))
