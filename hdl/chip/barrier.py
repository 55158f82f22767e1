"""The barrier: all cores start a tick together, and it ends everywhere at once."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import popcount


class Barrier(wiring.Component):
    """When a tick starts and ends (docs/contract.md, section 11). Rules:

    1. `start` is a strobe of one cycle, given to all cores after all of `waiting` were high.
    2. `finish` is a strobe of one cycle, given to all cores after all of `finished` were high and
       every spike sent had been received. Between two starts there is one finish.
    3. Exact, because of what is assumed of cores and mesh: a core that shows `finished` has sent
       all and sends nothing until `finish`; it shows `waiting` and `finished` until the strobes
       that answer them; a spike is received in a later cycle than sent; at most `capacity` are on
       their way.

    In words: `flying` counts what was sent and received up to two cycles ago, `arrived` what was
    received one cycle ago. If all cores had finished one cycle ago, then nothing was sent since
    two cycles ago, and `flying` - `arrived` spikes are on their way: 0 now is 0 for good.

    Latency: `start` comes one cycle after the last `waiting`, `finish` two cycles after the last
    `finished` or `received`, whichever is later.

    Members
    -------
    waiting, finished : by core
    sent, received : strobes, by core: a spike entered or left the mesh
    start, finish : to all cores
    """

    LATENCY = 2

    def __init__(self, cores: int, capacity: int) -> None:
        self._cores, self._capacity = cores, capacity
        super().__init__(
            {
                "waiting": In(cores),
                "start": Out(1),
                "finished": In(cores),
                "finish": Out(1),
                "sent": In(cores),
                "received": In(cores),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        running, done = Signal(), Signal()
        flying = Signal(range(self._capacity + 1))
        departed, arrived = Signal(range(self._cores + 1)), Signal(range(self._cores + 1))
        m.d.sync += [
            departed.eq(popcount(self.sent)),
            arrived.eq(popcount(self.received)),
            flying.eq(flying + departed - arrived),
            done.eq(self.finished.all()),
            self.start.eq(0),
            self.finish.eq(0),
        ]
        with m.If(~running & self.waiting.all()):
            m.d.sync += [self.start.eq(1), running.eq(1)]
        with m.If(running & done & (flying == arrived)):
            m.d.sync += [self.finish.eq(1), running.eq(0)]
        return m
