"""A serial core's way to the weights: every visit changes its weight once, nothing else does."""

from amaranth.asserts import AnySeq
from amaranth.hdl import (
    Assert,
    Assume,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
)
from amaranth.lib.wiring import connect

from axonloop.hdl.common import saturate
from axonloop.models.config import Geometry, Layout
from tests.formal.code import Code, Mutant
from tests.formal.core.banks import WEIGHTS, Marked, read_rows
from tests.formal.engine import Claim
from tests.formal.probe import Probe

UPDATE = "axonloop.hdl.serial.update"


class SerialUpdateSpec(Elaboratable):
    """The walk of a serial core and the weight memory, wired as in a core, beside one weight.

    Targets come at any time and stay until they are taken, as a stream must; rows are read while
    nobody learns. The hash is replaced: it takes as long as it likes, and is anything.
    """

    def __init__(self, code: Code, size: Geometry) -> None:
        update, weights = code.load(UPDATE), code.load(WEIGHTS)
        update.SerialNoise = _any_noise(update.SerialNoise)
        self._applies, self._words = Signal(), []
        self._update = self._watched(update.SerialUpdate)(size)
        self._weights = self._kept(weights.Weights)(size)
        self._size = size

    def _watched(self, parent: type) -> type:
        """Tells of the cycle in which a weight is changed or left."""

        class Watched(parent):
            def _apply(walk, m, product, carry) -> None:
                m.d.comb += self._applies.eq(1)
                self._change = product + carry
                super()._apply(m, product, carry)

        return Watched

    def _kept(self, parent: type) -> type:
        """Tells of the words that the banks show."""

        class Kept(parent):
            def _store(banks, *arguments):
                self._words.append(super()._store(*arguments))
                return self._words[-1]

        return Kept

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.update = self._walk = Probe(self._update)
        m.submodules.weights = self._banks = Probe(self._weights)
        m.d.comb += Assume(~ResetSignal())
        self._marked = Marked(m, self._size)
        self._expected = Signal(self._size.weight_bits)
        self._drive(m)
        self._check_visits(m)
        self._check_updates(m)
        return m

    def _drive(self, m) -> None:
        """Targets, factors, and the wires between walk and banks."""
        update, weights, targets = self._update, self._weights, self._update.targets
        held, payload, data = Signal(), targets.payload.as_value(), update.factors.data.as_value()
        before = Signal.like(payload)
        m.d.sync += [held.eq(targets.valid & ~targets.ready), before.eq(payload)]
        m.d.comb += [
            targets.valid.eq(AnySeq(1)),
            payload.eq(AnySeq(len(payload))),
            data.eq(AnySeq(len(data))),
            Assume(targets.payload.neuron < self._size.neurons),
            Assume(~held | (targets.valid & (payload == before))),
            Assert(~update.busy | targets.valid),
        ]
        connect(m, update=update.writes, weights=weights.writes)
        read_rows(m, self._marked, update.reads, weights.reads, ~update.busy, self._expected)

    def _here(self, location):
        """Is this the place of the marked weight?"""
        marked = self._marked
        same = (location.group == marked.group) & (location.lane == marked.lane)
        return same & location.column & (location.axon == marked.axon)

    def _check_visits(self, m) -> None:
        """A target visits the marked weight once; invariants: it has when the walk is past it."""
        update, axon = self._update, self._walk["axon"]
        done, work = Signal(), update.busy & (update.targets.payload.neuron == self._marked.neuron)
        self._visit = update.reads.enable & self._here(update.reads.location)
        passed = axon >= self._marked.axon + update.reads.enable
        taken = update.targets.ready & (update.targets.payload.neuron == self._marked.neuron)
        with m.If(self._visit):
            m.d.sync += done.eq(1)
        with m.If(taken):
            m.d.sync += done.eq(0)
        m.d.comb += [
            Assert(~self._visit | ~done),
            Assert(~taken | done),
            Assert(~update.targets.ready | update.targets.valid),
            Assert(~update.busy | (axon < self._size.axons)),
            Assert(done == (work & passed)),
        ]

    def _check_updates(self, m) -> None:
        """After a visit the weight that it found is changed by the product; never otherwise."""
        update, expected, size = self._update, self._expected, self._size
        reading, late, before = Signal(), Signal(), Signal.like(expected)
        weight, here = expected.as_signed(), self._here(update.writes.location)
        value, _ = saturate(weight - self._change, size.weight_bits)
        changes = (weight != size.no_synapse) & (value != weight)
        wants, works, word = self._applies & here, Signal(), self._marked.of(self._words)
        m.d.comb += works.eq(update.busy & ~update.reads.enable & ~late)
        m.d.sync += [late.eq(self._applies), before.eq(expected)]
        m.d.sync += reading.eq(update.reads.enable | (reading & ~self._applies & update.busy))
        with m.If(wants & changes):
            m.d.sync += expected.eq(value)
        m.d.comb += [
            Assert(update.writes.enable == (self._applies & update.updates)),
            Assert(~self._applies | works),
            Assert(~wants | (update.updates == changes)),
            Assert(~(wants & changes) | (update.writes.data[0] == value)),
            Assert(self._marked.stored(self._banks) == Mux(late, before, expected)),
            Assert(~works | reading),
            Assert(~(works & here) | (word == expected)),
            Cover(wants & changes & (expected == 1)),
        ]


def _any_noise(parent: type) -> type:
    """In place of the class `SerialNoise`."""

    class AnyNoise(parent):
        def elaborate(self, platform) -> Module:
            m = Module()
            m.d.comb += [self.done.eq(AnySeq(1)), self.word.eq(AnySeq(32))]
            return m

    return AnyNoise


def core(lanes: int, **other) -> Geometry:
    """A small serial core with two groups and narrow values."""
    alone = dict.fromkeys(("update_lanes", "trace_lanes", "multipliers"), 1)
    widths = {"weight_bits": 2, "error_bits": 2, "pq_bits": 2}
    return Geometry(neurons=2 * lanes, lanes=lanes, **alone, **widths, **other)


def claim(name: str, size: Geometry, *mutants: Mutant) -> Claim:
    """Of the same words for every size."""
    return Claim(
        "serial update",
        f"{name}: every visit changes its weight once, and nothing else does; reads see the last",
        lambda code: SerialUpdateSpec(code, size),
        depth=8,
        search=26,
        reach=30,
        mutants=mutants,
    )


CLAIMS = [
    claim(
        "plain banks, one port",
        core(2, axons=6, weight_ports=1, layout=Layout.PLAIN),
        Mutant(
            "goes on while the write is under way",
            UPDATE,
            'carry)\n                m.next = "NEXT"',
            "carry)\n                self._go_on(m, axon)",
        ),
        Mutant(
            "leaves the last axon out",
            UPDATE,
            "self._geometry.axons - 1",
            "self._geometry.axons - 2",
        ),
        Mutant(
            "starts where it ended", UPDATE, "m.d.sync += axon.eq(0)", "m.d.sync += axon.eq(axon)"
        ),
        Mutant("writes where no synapse is", UPDATE, "& (value != weight)", "| (value != weight)"),
        Mutant("forgets the carry", UPDATE, "weight - product - carry", "weight - product"),
        Mutant("writes all lanes", WEIGHTS, "enable[0] & (location.lane == k)", "enable[0]"),
    ),
    claim(
        "skewed banks, two ports",
        core(4, axons=4),
        Mutant(
            "looks for a column in the wrong banks",
            WEIGHTS,
            "(bank - location.lane)[: self._lane_bits]",
            "(bank + location.lane)[: self._lane_bits]",
        ),
    ),
]
