"""The whole design of a board: a chip, the link, and the pins of a serial line."""

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from axonloop.hdl.chip import Chip
from axonloop.hdl.link import Link, UartReceiver, UartTransmitter
from axonloop.hdl.processing import NodedChip
from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry
from axonloop.models.protocol import LinkConfig, identity_words


class Top(wiring.Component):
    """Pins `rx` and `tx` of a serial line (docs/link.md) with a chip behind them.

    `build` is the build hash that the board tells. With `node` there is one between link and chip.
    A new session of the link resets the registers of both; what their memories hold stays, as after
    any reset. `session` says that there is one.
    """

    def __init__(
        self,
        link: LinkConfig,
        geometry: Geometry,
        mesh: Mesh = ONE_CORE,
        core: int = 0,
        build: int = 0,
        node: NodeGeometry | None = None,
    ) -> None:
        self._link = link
        self._chip = (
            Chip(geometry, mesh, core) if node is None else NodedChip(geometry, node, mesh, core)
        )
        self._identity = identity_words(link, geometry, mesh, core, build)
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "session": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cycles = self._link.cycles_per_bit
        m.submodules.receiver = receiver = UartReceiver(cycles)
        m.submodules.transmitter = transmitter = UartTransmitter(cycles)
        m.submodules.link = link = Link(self._link, self._identity)
        chip = self._chip
        reset = Signal(init=1)
        m.d.sync += reset.eq(link.chip_reset)
        m.submodules.chip = ResetInserter(reset)(chip)
        connect(m, receiver=receiver.bytes, link=link.received)
        connect(m, link=link.sent, transmitter=transmitter.bytes)
        connect(m, link=link.commands, chip=chip.commands)
        connect(m, chip=chip.replies, link=link.replies)
        m.d.comb += [receiver.line.eq(self.rx), self.tx.eq(transmitter.line)]
        m.d.comb += self.session.eq(link.session)
        return m
