"""One weight that stands for all, and the rows that are read of the banks while nobody learns."""

from amaranth.asserts import AnyConst, AnySeq
from amaranth.hdl import Array, Assert, Assume, Cat, Cover, Mux, Signal, Value

from axonloop.hdl.common import delay, weight_latency
from axonloop.models.config import Geometry, Layout, ceil_log2
from tests.formal.probe import Probe

WEIGHTS = "axonloop.hdl.core.weights"


class Marked:
    """A weight that the solver chooses, and where it lies (docs/contract.md, section 2)."""

    def __init__(self, m, size: Geometry) -> None:
        self.size, self._skewed = size, size.layout is Layout.SKEWED
        self.axon, self.neuron = Signal(range(size.axons)), Signal(range(size.neurons))
        m.d.comb += [
            self.axon.eq(AnyConst(len(self.axon))),
            self.neuron.eq(AnyConst(len(self.neuron))),
            Assume(self.axon < size.axons),
            Assume(self.neuron < size.neurons),
        ]
        self.group, self.lane = self.neuron // size.lanes, self.neuron % size.lanes

    def of(self, words: list[Value]) -> Value:
        """Its part of a word of each bank."""
        bank = (self.axon + self.lane) % self.size.lanes if self._skewed else self.lane
        return Cat(words).word_select(bank, self.size.weight_bits)

    def stored(self, banks: Probe) -> Value:
        """What the banks hold of it."""
        address = (self.axon << ceil_log2(self.size.groups)) + self.group
        memories = [banks.rows(f"bank_{k}") for k in range(self.size.lanes if self._skewed else 1)]
        return self.of([Array(rows)[address] for rows in memories])


def read_rows(m, marked: Marked, columns, banks, rests: Value, expected: Signal) -> None:
    """Rows are read at rest, beside the `columns` of who learns; what comes is `expected`."""
    size, reads, row = marked.size, Signal(), Signal.like(columns.location)
    m.d.comb += [
        reads.eq(AnySeq(1)),
        row.as_value().eq(AnySeq(len(row.as_value()))),
        Assume((row.axon < size.axons) & (row.group < size.groups) & ~row.column),
        Assume(~reads | rests),
        banks.enable.eq(columns.enable | reads),
        banks.location.eq(Mux(reads, row.as_value(), columns.location.as_value())),
        columns.data.eq(banks.data),
    ]
    asked = reads & (row.axon == marked.axon) & (row.group == marked.group)
    shown = delay(m, asked, weight_latency(size), "shown")[-1]
    last = delay(m, expected, weight_latency(size), "last")[-1]
    given = banks.data.as_value().word_select(marked.lane, size.weight_bits)
    m.d.comb += [Assert(~shown | (given == last)), Cover(shown & (last == 1))]
