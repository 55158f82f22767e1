"""Step 6 of a node: the rate controller moves the threshold."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import saturate
from axonloop.hdl.processing.loss.payloads import (
    CONTROL_BITS,
    CONTROL_SHIFT,
    NEURONS_BITS,
    THETA_BITS,
)

LEAST, MOST = 1 << CONTROL_SHIFT, 1 << 30


class RateController(wiring.Component):
    """v = sat(((16 m - wanted) share) >> 4) ; A' = A + ((A v) >> (15 + slowness)), clipped.

    After the strobe `start` it is `busy` for `LATENCY` = 6 cycles; then `control` is A'. One
    multiplier of 17 x 17 bits makes the three products: A v is taken apart as on the page.

    Members
    -------
    events : m
    wanted, share, slowness : constants
    control, theta : A, and the threshold; `write` sets A to `written`
    """

    LATENCY = 6

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "events": In(NEURONS_BITS),
                "wanted": In(15),
                "share": In(16),
                "slowness": In(4),
                "write": In(1),
                "written": In(CONTROL_BITS),
                "control": Out(CONTROL_BITS, init=LEAST),
                "theta": Out(THETA_BITS),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left, right = Signal(signed(17)), Signal(signed(17))
        product, high = Signal(signed(34)), Signal(signed(32))
        surplus, moved = Signal(signed(16)), Signal(signed(33))
        m.d.comb += [self.theta.eq(self.control >> CONTROL_SHIFT), product.eq(left * right)]
        upper, lower = self.control[16:], self.control[:16]
        with m.If(self.write):
            m.d.sync += self.control.eq(self.written)
        with m.FSM() as machine:
            with m.State("REST"), m.If(self.start):
                m.d.sync += [left.eq((self.events << 4) - self.wanted), right.eq(self.share)]
                m.next = "SURPLUS"
            with m.State("SURPLUS"):
                m.d.sync += surplus.eq(saturate(product >> 4, 16)[0])
                m.next = "HIGH"
            with m.State("HIGH"):
                m.d.sync += [left.eq(upper), right.eq(surplus)]
                m.next = "LOW"
            with m.State("LOW"):
                m.d.sync += [high.eq(product), left.eq(lower)]
                m.next = "SUM"
            with m.State("SUM"):
                m.d.sync += high.eq(high + (product >> 16))
                m.next = "MOVE"
            with m.State("MOVE"):
                m.d.sync += moved.eq((high >> (self.slowness - 1)[:4]) + self.control)
                m.next = "CLIP"
            with m.State("CLIP"):
                m.d.sync += self.control.eq(
                    Mux(moved < LEAST, LEAST, Mux(moved > MOST, MOST, moved))
                )
                m.next = "REST"
        m.d.comb += self.busy.eq(~machine.ongoing("REST"))
        return m
