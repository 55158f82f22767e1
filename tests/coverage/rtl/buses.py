"""Chips on buses: what is reached in the bus's end and its registers; the chips do not count."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from axonloop.hdl.boards import Build
from axonloop.hdl.bus import BUS_MAGIC, BUS_VERSION, BusRegister, Interrupt
from axonloop.hdl.flow import DELIVERIES, component_verilog
from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice, Words
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import Geometry
from axonloop.models.protocol import Kind, header
from axonloop.sim.cocotb import AnswerCount
from axonloop.sim.stimulus import random_chip
from tests.coverage.rtl.pins import Pins

LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 1)
GEOMETRY = Geometry(axons=16, neurons=4, entries=2, parameter_sets=1, **LANES)
DEPTH = 128
"""Words of each queue."""
SETTINGS = {
    BusRegister.RESET: 1,
    BusRegister.ROOM_WANTED: 0xFFFF,
    BusRegister.LEVEL_WANTED: 0xFFFF,
    BusRegister.ENABLE: 7,
}
"""Registers that keep what is written, and their bits."""
TICK = header(Kind.TICK, 0)


@dataclass(frozen=True)
class BusDesign:
    """The bus of a top of `axonloop verilog`, and the ticks that its chip runs in lockstep."""

    top: str
    ticks: int
    sources = ("pins.py", "pins.cpp", "buses.py")

    def __str__(self) -> str:
        return self.top

    @property
    def amount(self) -> str:
        return f"{self.ticks:,} ticks"

    def verilog(self) -> str:
        """The text of the bus and its chip."""
        build = Build(GEOMETRY, command_depth=DEPTH, reply_depth=DEPTH)
        delivery = DELIVERIES[self.top]
        return component_verilog(delivery.make(build, 0), delivery.module)

    def cover(self, seed: int, path: Path) -> None:
        """Use all registers well and badly; then a chip behind them, beside the golden model."""
        module = DELIVERIES[self.top].module
        pins = Pins(self.verilog(), module, seed, rf"{module}\.chip\b")
        master: Master = MASTERS[self.top](pins, random.Random(seed))
        _use_settings(master)
        _break_rules(master)
        _overflow(master)
        config = random_chip(np.random.default_rng(seed), GEOMETRY)
        with GoldenDevice(config) as golden:
            device = PacketDevice(master, config, fresh=False)
            device.name = self.top
            lockstep([golden, device], config, self.ticks, seed)
        pins.finish(path)


class Master(ABC):
    """The other end of a bus, which takes its time; a transport of packets."""

    def __init__(self, pins: Pins, rng: random.Random) -> None:
        self.pins, self.rng = pins, rng

    def access(self, register: int, word: int | None = None, whole: bool = True) -> int | None:
        """The word that is read, or 0 of a write; None where the access is refused."""
        while self.rng.random() < 0.2:
            self.pins.cycle()
        return self._access(register, word, whole)

    @abstractmethod
    def _access(self, register: int, word: int | None, whole: bool) -> int | None: ...

    def read(self, register: BusRegister) -> int:
        """The word of a register."""
        word = self.access(register)
        assert word is not None, register
        return word

    def exchange(self, words: Words, expected: int) -> Words:
        """See `Transport`."""
        left, replies, answers = words.tolist(), [], AnswerCount()
        while left or answers.count < expected:
            for _ in range(min(self.read(BusRegister.ROOM), len(left))):
                assert self.access(BusRegister.COMMAND, left.pop(0)) is not None
            for _ in range(self.read(BusRegister.LEVEL)):
                replies.append(self.read(BusRegister.REPLY))
                answers.hear(replies[-1])
        return np.array(replies, np.uint32)

    def close(self) -> None:
        """See `Transport`: the bus rests."""
        self.pins.cycle()


class _Wishbone(Master):
    """Classic: the access stays until it is answered."""

    pipelined = False

    def _access(self, register: int, word: int | None, whole: bool) -> int | None:
        given, told = self.pins.given, self.pins.told
        given |= {"wb_cyc_i": 1, "wb_stb_i": 1, "wb_adr_i": register}
        given |= {"wb_we_i": int(word is not None), "wb_dat_i": word or 0}
        given["wb_sel_i"] = 15 if whole else self.rng.randrange(15)
        self.pins.cycle()
        given["wb_stb_i"] = int(not self.pipelined)
        self.pins.cycle()
        assert told["wb_ack_o"] ^ told["wb_err_o"], "every access is answered, behind its cycle"
        given |= {"wb_cyc_i": 0, "wb_stb_i": 0}
        if told["wb_err_o"]:
            return None
        return told["wb_dat_o"] if word is None else 0


class _PipelinedWishbone(_Wishbone):
    pipelined = True


class _AxiLite(Master):
    """Offers and takes at random times."""

    def _access(self, register: int, word: int | None, whole: bool) -> int | None:
        given, told = self.pins.given, self.pins.told
        write, rng = word is not None, self.rng
        left, answer = ({"aw", "w"}, "b") if write else ({"ar"}, "r")
        for channel in ("aw", "ar"):
            given[f"s_axi_{channel}addr"] = 4 * register | rng.randrange(4)
            given[f"s_axi_{channel}prot"] = rng.randrange(8)
        given |= {"s_axi_wdata": word or 0, "s_axi_wstrb": 15 if whole else rng.randrange(15)}
        while True:
            for channel in left:
                given[f"s_axi_{channel}valid"] |= int(rng.random() < 0.7)
            given[f"s_axi_{answer}ready"] = int(rng.random() < 0.7)
            self.pins.cycle()
            for channel in list(left):
                if given[f"s_axi_{channel}valid"] and told[f"s_axi_{channel}ready"]:
                    given[f"s_axi_{channel}valid"] = 0
                    left.remove(channel)
            if given[f"s_axi_{answer}ready"] and told[f"s_axi_{answer}valid"]:
                given[f"s_axi_{answer}ready"] = 0
                break
        assert not left, "the answer comes behind address and data"
        if told[f"s_axi_{answer}resp"]:
            return None
        return 0 if write else told["s_axi_rdata"]


MASTERS = {
    "wishbone": _Wishbone,
    "wishbone-pipelined": _PipelinedWishbone,
    "axi-lite": _AxiLite,
}


def _use_settings(master: Master) -> None:
    """Registers keep what is written, and tell what is fixed; interrupts follow them."""
    rng = master.rng
    for _ in range(40):
        for register, bits in SETTINGS.items():
            word = rng.getrandbits(rng.choice((1, 8, 32)))
            assert master.access(register, word) == 0
            assert master.read(register) == word & bits
        room, level = master.read(BusRegister.ROOM), master.read(BusRegister.LEVEL)
        expected = int(room >= master.read(BusRegister.ROOM_WANTED)) << Interrupt.ROOM
        expected |= int(level >= master.read(BusRegister.LEVEL_WANTED)) << Interrupt.LEVEL
        assert master.read(BusRegister.PENDING) == expected
        assert master.pins.told["irq"] == bool(expected & master.read(BusRegister.ENABLE))
        assert room == (0 if master.read(BusRegister.RESET) else DEPTH)
    fixed = (BUS_MAGIC, BUS_VERSION, DEPTH | DEPTH << 16)
    told = (BusRegister.MAGIC, BusRegister.VERSION, BusRegister.DEPTHS)
    assert tuple(map(master.read, told)) == fixed
    master.access(BusRegister.RESET, 0)


def _break_rules(master: Master) -> None:
    """What must be refused is, and the interrupt tells of it until it is cleared."""
    refused = 1 << Interrupt.REFUSED
    for register in range(16):
        known = register in set(BusRegister)
        writable = register in {*SETTINGS, BusRegister.PENDING, BusRegister.COMMAND}
        if not writable:
            assert master.access(register, master.rng.getrandbits(32)) is None
        if not known or register in (BusRegister.COMMAND, BusRegister.REPLY):
            assert master.access(register) is None
        assert master.access(register, 0, whole=False) is None
        assert master.read(BusRegister.PENDING) & refused
        assert master.access(BusRegister.PENDING, refused) == 0
        assert not master.read(BusRegister.PENDING) & refused


def _overflow(master: Master) -> None:
    """Both queues fill; the chip goes on when there is room, and a reset empties all."""
    sent = 0
    while master.read(BusRegister.LEVEL) < DEPTH or master.read(BusRegister.ROOM):
        sent += master.access(BusRegister.COMMAND, TICK) == 0
    assert sent > 2 * DEPTH
    assert master.access(BusRegister.COMMAND, TICK) is None
    for _ in range(sent):
        while not master.read(BusRegister.LEVEL):
            pass
        assert master.read(BusRegister.REPLY) >> 28 == Kind.TICK
    assert master.access(BusRegister.RESET, 1) == master.access(BusRegister.RESET, 0) == 0
