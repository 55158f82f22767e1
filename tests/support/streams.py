"""Drives many streams of a component at once, cycle by cycle, in Amaranth's simulator."""

from collections.abc import Callable, Sequence

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.sim import Simulator


class Streams(wiring.Component):
    """A component whose sources and sinks are bundled into a few wide ports: quick to simulate.

    `extra` are further outputs, read as one number per cycle.
    """

    def __init__(self, dut, sources: Sequence, sinks: Sequence, extra: Sequence = ()) -> None:
        self._dut, self._sources, self._sinks = dut, sources, sinks
        self._extra = extra
        super().__init__({})
        self.offered = Signal(len(sources))
        self.taken = Signal(len(sources))
        self.words = Signal(len(Cat(_bits(source) for source in sources)))
        self.ready = Signal(len(sinks))
        self.valid = Signal(len(sinks))
        self.results = Signal(len(Cat(_bits(sink) for sink in sinks)))
        self.more = Signal(max(1, len(Cat(extra))))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = self._dut
        sources, sinks = self._sources, self._sinks
        m.d.comb += [
            Cat(source.valid for source in sources).eq(self.offered),
            Cat(_bits(source) for source in sources).eq(self.words),
            self.taken.eq(Cat(source.ready for source in sources)),
            Cat(sink.ready for sink in sinks).eq(self.ready),
            self.results.eq(Cat(_bits(sink) for sink in sinks)),
            self.valid.eq(Cat(sink.valid for sink in sinks)),
            self.more.eq(Cat(self._extra)),
        ]
        return m

    def run(
        self,
        cycles: int,
        offer: Callable[[int, int], int | None],
        accept: Callable[[int, int], bool],
        got: Callable[[int, int, int], None],
        look: Callable[[int, int], None] = lambda cycle, more: None,
        sent: Callable[[int, int, int], None] = lambda cycle, source, word: None,
    ) -> None:
        """Run some cycles; the callbacks take the cycle and the number of the source or sink.

        `offer` gives the next word of a source, or None; it is asked when the source is free.
        `accept`: does the sink take a word in this cycle? `got` and `sent` hear of words that
        move; `look` sees `extra`.
        """
        waiting: list[int | None] = [None] * len(self._sources)
        in_bits = len(self.words) // max(1, len(self._sources))
        out_bits = len(self.results) // len(self._sinks)

        async def bench(ctx):
            for cycle in range(cycles):
                for index, word in enumerate(waiting):
                    if word is None:
                        waiting[index] = offer(cycle, index)
                ctx.set(self.offered, sum((w is not None) << n for n, w in enumerate(waiting)))
                ctx.set(self.words, sum((w or 0) << in_bits * n for n, w in enumerate(waiting)))
                ready = sum(accept(cycle, n) << n for n in range(len(self._sinks)))
                ctx.set(self.ready, ready)
                look(cycle, ctx.get(self.more))
                moved, results = ctx.get(self.valid) & ready, ctx.get(self.results)
                for index in _ones(moved):
                    got(cycle, index, results >> out_bits * index & (1 << out_bits) - 1)
                for index in _ones(ctx.get(self.offered) & ctx.get(self.taken)):
                    sent(cycle, index, waiting[index])
                    waiting[index] = None
                await ctx.tick()

        simulator = Simulator(self)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()


def _bits(stream):
    """The payload, as plain bits."""
    payload = stream.payload
    return payload.as_value() if hasattr(payload, "as_value") else payload


def _ones(bits: int) -> list[int]:
    """Positions of the ones."""
    return [position for position in range(bits.bit_length()) if bits >> position & 1]
