"""Hears the words that pass through a stream, whoever drives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axonloop.sim.cocotb.simulator import FallingEdge, LogicObject, cocotb


class StreamMonitor:
    """Calls `hear` with every word that passes through stream `name` of `dut`, in its cycle.

    The ports are NAME__valid, NAME__ready and NAME__payload; it drives nothing. A word passes
    while valid and ready are 1 at a rising edge of `clock`, by default `dut.clk`; the monitor looks
    half a cycle before.
    """

    def __init__(
        self,
        dut: Any,
        name: str,
        hear: Callable[[int], None],
        clock: LogicObject | None = None,
    ) -> None:
        self._clock = dut.clk if clock is None else clock
        parts = ("valid", "ready", "payload")
        self._valid, self._ready, self._payload = (getattr(dut, f"{name}__{p}") for p in parts)
        self._hear = hear
        self.task = cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        while True:
            await FallingEdge(self._clock)
            if self._valid.value == 1 and self._ready.value == 1:
                self._hear(int(self._payload.value))
