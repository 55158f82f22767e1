"""A serial line, 8N1: bytes to levels and back (docs/link.md, section 1)."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out


class UartReceiver(wiring.Component):
    """Samples each bit in its middle. Rules:

    1. A byte whose start bit is gone at its middle is none; one whose stop bit is low is dropped,
       and the next one starts with the next fall of the line.
    2. `bytes` strobes in the middle of the stop bit, so a sender may be some percent faster.

    Latency: 2 cycles and 9.5 bits from the fall of the line.

    Members
    -------
    line : the pin; may change at any time
    bytes : what was received, always taken
    """

    def __init__(self, cycles_per_bit: int) -> None:
        self._cycles = cycles_per_bit
        super().__init__(
            {
                "line": In(1, init=1),
                "bytes": Out(stream.Signature(8, always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line, shift = Signal(init=1), Signal(8)
        cycle, bit = Signal(range(self._cycles)), Signal(range(8))
        m.submodules.synchronizer = FFSynchronizer(self.line, line, init=1)
        m.d.comb += self.bytes.payload.eq(shift)
        tick = Signal()
        m.d.comb += tick.eq(cycle == 0)
        m.d.sync += [cycle.eq(cycle - 1), self.bytes.valid.eq(0)]
        with m.If(tick):
            m.d.sync += cycle.eq(self._cycles - 1)
        with m.FSM():
            with m.State("IDLE"), m.If(~line):
                m.d.sync += cycle.eq(self._cycles // 2 - 1)
                m.next = "START"
            with m.State("START"), m.If(tick):
                m.next = "DATA"
                with m.If(line):
                    m.next = "IDLE"
            with m.State("DATA"), m.If(tick):
                m.d.sync += [shift.eq(Cat(shift[1:], line)), bit.eq(bit + 1)]
                with m.If(bit == 7):
                    m.next = "STOP"
            with m.State("STOP"), m.If(tick):
                m.d.sync += self.bytes.valid.eq(line)
                m.next = "IDLE"
                with m.If(~line):
                    m.next = "BREAK"
            with m.State("BREAK"), m.If(line):
                m.next = "IDLE"
        return m


class UartTransmitter(wiring.Component):
    """Sends bytes without a gap while there are any.

    Latency: 1 cycle to the start bit; a byte every 10 bits.

    Members
    -------
    bytes : what to send
    line : the pin, from a register
    """

    def __init__(self, cycles_per_bit: int) -> None:
        self._cycles = cycles_per_bit
        super().__init__({"bytes": In(stream.Signature(8)), "line": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        shift, left = Signal(10, init=0x3FF), Signal(range(11))
        cycle = Signal(range(self._cycles))
        last = Signal()
        m.d.comb += [
            self.line.eq(shift[0]),
            last.eq((left == 0) | ((left == 1) & (cycle == 0))),
            self.bytes.ready.eq(last),
        ]
        m.d.sync += cycle.eq(cycle - 1)
        with m.If(cycle == 0):
            m.d.sync += cycle.eq(self._cycles - 1)
            with m.If(left != 0):
                m.d.sync += [shift.eq(Cat(shift[1:], Const(1, 1))), left.eq(left - 1)]
        with m.If(last & self.bytes.valid):
            m.d.sync += [
                shift.eq(Cat(Const(0, 1), self.bytes.payload, Const(1, 1))),
                left.eq(10),
                cycle.eq(self._cycles - 1),
            ]
        return m
