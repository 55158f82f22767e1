"""The host's side of a chip on a bus: a transport for packets by reads and writes of registers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.hdl.bus import BusRegister
from axonloop.sim.cocotb.answers import AnswerCount
from axonloop.sim.cocotb.simulator import Clock, FallingEdge, RisingEdge, resume

LIMIT = 100_000
"""Polls without a word either way after which a chip hangs."""
RESET_CYCLES = 5


class BusMaster(ABC):
    """Drives the bus of `dut`, one of the modules of `axonloop verilog --top BUS`.

    `exchange` is for threads of `cocotb.task.bridge`: so it is a transport for
    `axonloop.host.devices.packets`, and does what a driver on a processor does: asks for ROOM and
    LEVEL, and moves so many words.
    """

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.exchange = resume(self.send_and_hear)

    def close(self) -> None:
        """Let the bus rest; the simulator ends with the test."""
        resume(self._leave)()

    async def _leave(self) -> None:
        self._rest()

    async def reset(self, period_ns: int = 10) -> None:
        """Start the clock, with that period; some cycles of reset, in which the bus rests."""
        dut = self._dut
        Clock(dut.clk, period_ns, "ns").start()
        self._rest()
        dut.rst.value = 1
        for _ in range(RESET_CYCLES):
            await RisingEdge(dut.clk)
        dut.rst.value = 0
        await RisingEdge(dut.clk)

    @abstractmethod
    def _rest(self) -> None:
        """Set all ports of the master so that nothing is asked."""

    @abstractmethod
    async def read(self, register: int) -> int:
        """The word of a register; AssertionError if the access is refused."""

    @abstractmethod
    async def write(self, register: int, word: int) -> None:
        """Write a register; AssertionError if the access is refused."""

    async def send_and_hear(self, words: Iterable[int], expected: int) -> NDArray[np.uint32]:
        """Send `words`; all replies up to `expected` answers to the TICK and READ among them."""
        commands, replies = [int(word) for word in words], []
        answers, position, quiet = AnswerCount(), 0, 0
        while position < len(commands) or answers.count < expected:
            room = await self.read(BusRegister.ROOM)
            for word in commands[position : position + room]:
                await self.write(BusRegister.COMMAND, word)
            level = await self.read(BusRegister.LEVEL)
            for _ in range(level):
                replies.append(await self.read(BusRegister.REPLY))
                answers.hear(replies[-1])
            sent = min(room, len(commands) - position)
            position, quiet = position + sent, 0 if sent or level else quiet + 1
            assert quiet <= LIMIT, f"chip hangs: {position} of {len(commands)} words taken"
        return np.array(replies, np.uint32)


class WishboneMaster(BusMaster):
    """A master of Wishbone B4, classic, for `--top wishbone`."""

    def _rest(self) -> None:
        dut = self._dut
        dut.wb_cyc_i.value = dut.wb_stb_i.value = dut.wb_we_i.value = 0
        dut.wb_adr_i.value = dut.wb_dat_i.value = 0
        dut.wb_sel_i.value = 15

    async def read(self, register: int) -> int:
        """See `BusMaster`."""
        return await self._access(register, None)

    async def write(self, register: int, word: int) -> None:
        """See `BusMaster`."""
        await self._access(register, word)

    async def _access(self, register: int, word: int | None) -> int:
        dut = self._dut
        dut.wb_cyc_i.value = dut.wb_stb_i.value = 1
        dut.wb_adr_i.value, dut.wb_we_i.value = register, int(word is not None)
        dut.wb_dat_i.value = word or 0
        while True:
            await FallingEdge(dut.clk)
            refused, done = int(dut.wb_err_o.value), int(dut.wb_ack_o.value)
            found = int(dut.wb_dat_o.value) if done else 0
            await RisingEdge(dut.clk)
            if done or refused:
                break
        dut.wb_cyc_i.value = dut.wb_stb_i.value = 0
        assert not refused, f"register {register} must take the access, not refuse it"
        return found


class AxiLiteMaster(BusMaster):
    """A manager of AXI4-Lite, one access at a time, for `--top axi-lite`."""

    def _rest(self) -> None:
        for name in ("awvalid", "wvalid", "arvalid", "bready", "rready"):
            self._port(name).value = 0
        for name in ("awaddr", "awprot", "wdata", "araddr", "arprot"):
            self._port(name).value = 0
        self._port("wstrb").value = 15

    def _port(self, name: str) -> Any:
        return getattr(self._dut, f"s_axi_{name}")

    async def read(self, register: int) -> int:
        """See `BusMaster`."""
        self._port("araddr").value = 4 * register
        return await self._transfer(["ar"], "r")

    async def write(self, register: int, word: int) -> None:
        """See `BusMaster`."""
        self._port("awaddr").value, self._port("wdata").value = 4 * register, word
        await self._transfer(["aw", "w"], "b")

    async def _transfer(self, channels: list[str], answer: str) -> int:
        """Offer on some channels, and wait for the answer; what is read, if it is a read."""
        left, word, valid, refused = list(channels), 0, 0, 0
        for channel in channels:
            self._port(f"{channel}valid").value = 1
        self._port(f"{answer}ready").value = 1
        while not valid:
            await FallingEdge(self._dut.clk)
            taken = [name for name in left if self._port(f"{name}ready").value == 1]
            if valid := int(self._port(f"{answer}valid").value):
                refused = int(self._port(f"{answer}resp").value)
                word = int(self._port("rdata").value) if answer == "r" else 0
            await RisingEdge(self._dut.clk)
            for name in taken:
                self._port(f"{name}valid").value = 0
                left.remove(name)
        self._port(f"{answer}ready").value = 0
        assert not refused, "register must take the access, not refuse it"
        return word
