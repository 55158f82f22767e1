"""The queue at every input of a router: first in, first out, nothing lost."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Array, Assert, Cover, Elaboratable, Module, Signal

from axonloop.hdl.chip.router import QUEUE
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

FIFO = "amaranth.lib.fifo"
WIDTH = 4


class QueueSpec(Elaboratable):
    """A queue beside a shift register: they take and give the same words in the same cycles."""

    def __init__(self, code: Code, depth: int) -> None:
        self._queue = code.load(FIFO).SyncFIFO(width=WIDTH, depth=depth)
        self._depth = depth

    def elaborate(self, platform) -> Module:
        m = Module()
        queue, depth = self._queue, self._depth
        m.submodules.queue = probe = Probe(queue)
        m.d.comb += [
            queue.w_en.eq(AnySeq(1)),
            queue.w_data.eq(AnySeq(WIDTH)),
            queue.r_en.eq(AnySeq(1)),
        ]
        level = Signal(range(depth + 1))
        words = Array(Signal(WIDTH, name=f"word_{n}") for n in range(depth + 1))
        puts, takes = queue.w_en & queue.w_rdy, queue.r_en & queue.r_rdy
        after = level - takes
        with m.If(takes):
            m.d.sync += [words[n].eq(words[n + 1]) for n in range(depth)]
        with m.If(puts):
            m.d.sync += words[after[: len(level)]].eq(queue.w_data)
        m.d.sync += level.eq(after + puts)
        m.d.comb += [
            Assert(queue.level == level),
            Assert(queue.w_rdy == (level < depth)),
            Assert(queue.r_rdy == (level > 0)),
            Cover((level == depth) & (probe["consume"] == depth - 1)),
        ]
        with m.If(queue.r_rdy):
            m.d.comb += Assert(queue.r_data == words[0])
        self._tie(m, probe, level, words)
        return m

    def _tie(self, m, probe, level, words) -> None:
        """Invariant: word n lies n rows behind the row to read."""
        rows, produce, consume = probe.rows("storage"), probe["produce"], probe["consume"]
        m.d.comb += Assert((level <= self._depth) & (consume < self._depth))
        m.d.comb += Assert(produce == (consume + level) % self._depth)
        for n in range(self._depth):
            with m.If(n < level):
                row = (consume + n) % self._depth
                m.d.comb += Assert(Array(rows)[row] == words[n])


CLAIMS = [
    Claim(
        "queue",
        "gives what it took, once and in order; its level is exact",
        lambda code: QueueSpec(code, QUEUE),
        depth=2,
        search=10,
        reach=12,
        mutants=(
            Mutant(
                "drops a word when full",
                FIFO,
                "self.w_rdy.eq(self.level != self.depth)",
                "self.w_rdy.eq(1)",
            ),
        ),
    )
]
