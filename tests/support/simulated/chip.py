"""The chip in Amaranth's own simulator: nothing is compiled, for runs of some hundred words."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from amaranth.sim import Simulator

from axonloop.hdl.chip import Chip
from axonloop.host.devices.packets.packing import Words
from axonloop.models.config import Geometry
from axonloop.sim.cocotb import AnswerCount

PATIENCE = 20_000
"""Cycles without a word after which the chip counts as hung."""


class SimulatedChip:
    """A transport for `PacketDevice`: a chip of one core, or what has its ports, from power-up."""

    def __init__(self, chip: Geometry | Any) -> None:
        if isinstance(chip, Geometry):
            chip = Chip(chip)
        self._waiting, self._heard, self._answers = deque[int](), list[int](), AnswerCount()
        self._idle = 0

        async def ports(context: Any) -> None:
            context.set(chip.replies.ready, 1)
            while True:
                offered = bool(self._waiting)
                context.set(chip.commands.valid, offered)
                if offered:
                    context.set(chip.commands.payload, self._waiting[0])
                moved = context.tick().sample(
                    chip.commands.ready, chip.replies.valid, chip.replies.payload
                )
                _, _, taken, sent, word = await moved
                self._idle = 0 if sent or (taken and offered) else self._idle + 1
                if taken and offered:
                    self._waiting.popleft()
                if sent:
                    self._heard.append(word)
                    self._answers.hear(word)

        self._simulator = Simulator(chip)
        self._simulator.add_clock(1e-6)
        self._simulator.add_testbench(ports)

    def exchange(self, words: Words, expected: int) -> Words:
        """Send words; all replies, up to as many answers as are expected."""
        self._waiting += [int(word) for word in words]
        until, self._heard = self._answers.count + expected, []
        while self._waiting or self._answers.count < until:
            assert self._idle < PATIENCE, "the chip must move a word, not hang"
            self._simulator.advance()
        return np.array(self._heard, np.uint32)

    def close(self) -> None:
        """Nothing is held."""
