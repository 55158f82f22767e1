"""A board that counts what is reached in its link and UART; its chip does not count."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.devices.serial_line.frames import Deframer, Frame
from axonloop.host.devices.serial_line.session import LinkLostError
from axonloop.host.devices.serial_line.simulated_board import SimulatedLine
from axonloop.host.devices.serial_line.transport import LineTransport
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import ChipConfig, CoreConfig, Geometry, ParameterSet, Row
from axonloop.models.protocol import FRAME_WORDS, Kind, LinkConfig, header
from axonloop.sim.build import Notify
from axonloop.sim.cosim import RtlTop
from axonloop.sim.cosim.compiled_board import DRIVER, TOP, WRAPPER, board_verilog
from axonloop.sim.cosim.verilate import build
from axonloop.sim.stimulus import GEOMETRIES, random_chip
from tests.coverage.rtl.harness import covered, replaced, silenced
from tests.support.hostile import KINDS, LINK, Siege

PULSE = f"""
    reg [7:0] up = 0;
    wire rst = up == 3 || up == 4, low = (up >= 20 && up < 90) || up == 120;
    always @(posedge clk) if (!(&up)) up <= up + 1;
    {TOP} top ("""
"""A reset of two cycles behind power-up, a break of the line, and a low that is too short."""
CHANGES = {
    f"\n    {TOP} top (": PULSE,
    ".rst(1'b0)": ".rst(rst)",
    ".rx(sampled)": ".rx(sampled & ~low)",
}
COVERED = covered(
    "covered-board",
    replaced(WRAPPER, CHANGES),
    "covered_board.cpp",
    DRIVER,
)
WATCHDOG_BITS = 16
"""The watchdog waits for more cycles than a tick takes, and for fewer than it takes to learn."""


@dataclass(frozen=True)
class LinkDesign:
    """The link of a board of a geometry: the stretches of hostile bytes of every kind, and ticks.

    The ticks are those of a lockstep over the line.
    """

    name: str
    stretches: int
    ticks: int
    sources = ("covered_board.py", "covered_board.cpp")

    def __str__(self) -> str:
        return f"link {self.name}"

    @property
    def amount(self) -> str:
        return f"{self.ticks:,} ticks, {self.stretches * len(KINDS)} hostile stretches"

    @property
    def geometry(self) -> Geometry:
        return GEOMETRIES[self.name]

    @property
    def link(self) -> LinkConfig:
        return LinkConfig(LINK.clock, LINK.baud, watchdog_bits=WATCHDOG_BITS)

    def verilog(self) -> str:
        """The text of the whole board."""
        return board_verilog(self.link, self.geometry)

    def cover(self, seed: int, path: Path) -> None:
        """Fire at the board, use it as a host does, and wait for the watchdog."""
        top = CoveredTop(self.link, self.geometry, seed=seed)
        siege = Siege(seed, top)
        for _ in range(self.stretches):
            for kind in KINDS:
                siege.fire(kind)
        self._flood(top, siege)
        self._use(top, siege.session - 1, seed)
        self._hang(top, siege.session)
        siege.open()
        top.write_counts(path)
        top.close()

    def _flood(self, top: CoveredTop, siege: Siege) -> None:
        """More words than there is room for, while the chip has much to do: they must go again."""
        siege.open()
        words = np.full(FRAME_WORDS, header(Kind.TICK, 0), np.uint32)
        count = self.link.command_depth // FRAME_WORDS + 4
        numbers = range(0, count * FRAME_WORDS, FRAME_WORDS)
        frames = [Frame(n, limit=0, session=siege.session & 0xFF, words=words) for n in numbers]
        data = b"".join(frame.encode() for frame in frames)
        _, heard = top.run(11 * self.link.cycles_per_bit * len(data), data)
        assert any(frame is not None and frame.repeat for frame in Deframer().receive(heard))
        siege.session += 2  # those of the hosts behind this

    def _use(self, top: CoveredTop, session: int, seed: int) -> None:
        """A lockstep, over the line; nothing is learned, which would wake the watchdog."""
        config = random_chip(np.random.default_rng(seed), self.geometry)
        with GoldenDevice(config) as golden:
            device = self._device(top, session, config)
            lockstep([golden, device], config, self.ticks, seed, learning=False)

    def _hang(self, top: CoveredTop, session: int) -> None:
        """All neurons learn from all axons: the watchdog must end the session."""
        geometry = self.geometry
        rows = (Row(0, geometry.groups, True),) * geometry.axons
        slow = ParameterSet(theta=300, box=3000, eta_shift=20)
        device = self._device(top, session, CoreConfig(geometry, (slow,), rows=rows))
        for _ in range(3):
            device.tick(np.arange(geometry.axons, dtype=np.int32))
        device.send_errors(np.arange(geometry.neurons), np.full(geometry.neurons, 99))
        device.learn()
        with pytest.raises(LinkLostError, match="watchdog"):
            device.read_weights()

    def _device(
        self, top: CoveredTop, session: int, config: ChipConfig | CoreConfig
    ) -> PacketDevice:
        line = SimulatedLine(top, self.link)
        transport = LineTransport(line, self.link.baud, 1.0, session, line.seconds)
        device = PacketDevice(transport, config, fresh=False)
        device.name = "board"
        return device


class CoveredTop(RtlTop):
    """A simulated board whose counts can be written down; its chip has none."""

    def __init__(self, link: LinkConfig, geometry: Geometry, seed: int) -> None:
        super().__init__(link, geometry, seed=seed)
        handle, text = ctypes.c_void_p, ctypes.c_char_p
        self._code.axonloop_forget_coverage.argtypes = [handle]
        self._code.axonloop_write_coverage.argtypes = [handle, text]
        self.run(1, b"")  # registers and memories take their first contents
        self._code.axonloop_forget_coverage(self._handle)
        self.run(256, b"")

    def _build(self, verilog: str, notify: Notify) -> Path:
        text = silenced(verilog, rf"{TOP}\.chip\b")
        return build(text, notify=notify, harness=COVERED)

    def write_counts(self, path: Path) -> None:
        """Write what was reached since power-up, as Verilator does."""
        self._code.axonloop_write_coverage(self._handle, str(path).encode())
