"""The design of a real board around hdl/boards/system.py: clock, reset after power-up, LEDs."""

from amaranth.hdl import ClockDomain, ClockSignal, Const, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from axonloop.hdl.boards.board import Board, Build
from axonloop.hdl.boards.clock import built_clock, choose, pll
from axonloop.hdl.boards.system import Top

WAIT_BITS = 10
"""Reset lasts 2^this cycles after the clock is good: an iCE40 loads its block RAMs meanwhile."""
HEARTBEAT_BITS = 24
ACTIVITY_BIT = 19
"""The light of activity goes out at the second change of this bit of the heartbeat."""


class BoardTop(wiring.Component):
    """The design of a board. `number` is the build hash that it tells.

    Members
    -------
    oscillator : the board's clock
    rx, tx : the serial line
    leds : heartbeat, session, activity, as many as the board has
    high : pins that are held high, if the board has such
    """

    def __init__(self, board: Board, build: Build, number: int = 0) -> None:
        self._board, self._build = board, build
        clock = built_clock(board.family, board.oscillator, build.clock)
        self._top = Top(
            build.link(clock), build.geometry, build.mesh, build=number, node=build.built_node
        )
        ports = {"oscillator": In(1), "rx": In(1, init=1), "tx": Out(1, init=1)}
        ports["leds"] = Out(len(board.leds))
        if board.high:
            ports["high"] = Out(len(board.high))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._start(m)
        m.submodules.top = top = self._top
        m.d.comb += [top.rx.eq(self.rx), self.tx.eq(top.tx)]
        self._show(m, top)
        if self._board.high:
            m.d.comb += self.high.eq(~Const(0, len(self._board.high)))
        return m

    def _start(self, m: Module) -> None:
        """The clock, from the oscillator or its PLL, and reset until it was good for a while."""
        board, clock, locked = self._board, Signal(), Signal()
        m.domains.sync = ClockDomain()
        m.domains.boot = ClockDomain(reset_less=True)
        m.d.comb += [ClockSignal().eq(clock), ClockSignal("boot").eq(clock)]
        divisors = choose(board.family, board.oscillator, self._build.clock)
        if divisors is None:
            m.d.comb += [clock.eq(self.oscillator), locked.eq(1)]
        else:
            m.submodules.pll = pll(
                board.family,
                board.device,
                board.oscillator,
                divisors,
                self.oscillator,
                clock,
                locked,
            )
        good, waited, reset = Signal(), Signal(WAIT_BITS), Signal(init=1)
        m.submodules.good = FFSynchronizer(locked, good, o_domain="boot")
        m.d.boot += [waited.eq(waited + reset), reset.eq(reset & ~waited.all())]
        with m.If(~good):
            m.d.boot += [waited.eq(0), reset.eq(1)]
        m.d.comb += ResetSignal().eq(reset)

    def _show(self, m: Module, top: Top) -> None:
        beat, last, quiet = Signal(HEARTBEAT_BITS), Signal(), Signal(2)
        m.d.sync += [beat.eq(beat + 1), last.eq(beat[ACTIVITY_BIT])]
        with m.If(~top.rx | ~top.tx):
            m.d.sync += quiet.eq(2)
        with m.Elif((beat[ACTIVITY_BIT] != last) & (quiet != 0)):
            m.d.sync += quiet.eq(quiet - 1)
        lights = (beat[-1], top.session, quiet != 0)
        for led, light in zip(self.leds, lights, strict=False):
            m.d.comb += led.eq(light ^ self._board.leds_low)
