"""Learning's way to the weights: every update reaches its weight once, and nothing else does."""

from amaranth.asserts import AnyConst, AnySeq
from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    Const,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib.wiring import connect

from axonloop.hdl.common import axon_code, delay, pq_lanes, target_layout
from axonloop.models.config import Geometry, Layout
from tests.formal.code import Code, Mutant
from tests.formal.core.banks import WEIGHTS, Marked, read_rows
from tests.formal.engine import Claim
from tests.formal.probe import Probe

UPDATE = "axonloop.hdl.parallel.update"
PICK_BITS = 7


def stand_in(lane: type, picks: list[Signal]) -> type:
    """In place of the class `UpdateLane`: as many cycles, the operands at the same stages.

    A weight grows by 1 or 2 or stays, as two bits say that are picked from all operands.
    """

    class StandIn(lane):
        def elaborate(self, platform) -> Module:
            m = Module()
            rounding = self.rounding
            stages = {0: Cat(self.word, self.pq), 3: self.error, 5: self.shift}
            stages[4] = Cat(rounding.mask, rounding.half)
            two, stays = (self._pick(m, stages, pick) for pick in picks)
            weight = delay(m, self.weight, self.LATENCY, "weight")[-1]
            m.d.comb += [
                self.new_weight.eq(weight + 1 + two),
                self.changed.eq(~stays),
                self.visited.eq(1),
            ]
            return m

        def _pick(self, m, stages: dict[int, Value], pick: Signal) -> Value:
            found, offset = Const(0), 0
            for stage in range(self.LATENCY):
                given = stages.get(stage, Const(0, 0))
                end = offset + len(given)
                here = (pick >= offset) & (pick < end)
                bit = given.bit_select((pick - offset)[:PICK_BITS], 1) if end > offset else 0
                taken = Signal(name=f"{pick.name}_{stage}")
                m.d.sync += taken.eq(found | Mux(here, bit, 0))
                found, offset = taken, end
            return found

    return StandIn


class UpdateSpec(Elaboratable):
    """The walk over the synapses and the weight memory, wired as in a core, beside one weight.

    Neurons to learn come at any time, the marked one again when rule 1 of `Update` allows it; rows
    are read while nobody learns. The lanes' arithmetic is replaced by `stand_in`.
    """

    def __init__(self, code: Code, size: Geometry) -> None:
        module = code.load(UPDATE)
        self._picks = [Signal(PICK_BITS, name=f"pick_{name}") for name in ("two", "stays")]
        module.UpdateLane = stand_in(module.UpdateLane, self._picks)
        self._size, self._update = size, module.Update(size)
        self._weights = code.load(WEIGHTS).Weights(size)
        self._latency, self._hides = module.update_latency(size), module.walk_hides(size)
        self._mask_bits = module.rounding_layout(size)["mask"].width

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.update = self._walk = Probe(self._update)
        m.submodules.weights = self._banks = Probe(self._weights)
        m.d.comb += [
            Assume(~ResetSignal()),
            *(pick.eq(AnyConst(PICK_BITS)) for pick in self._picks),
        ]
        self._marked = Marked(m, self._size)
        self._expected = Signal(self._size.weight_bits)
        self._drive(m)
        self._answer_factors(m)
        reads = self._update.reads
        read_rows(m, self._marked, reads, self._weights.reads, self._rests, self._expected)
        self._check_visits(m)
        self._check_updates(m)
        if self._size.weight_ports == 1:
            self._tie_turns(m)
        return m

    def _drive(self, m) -> None:
        """Targets, and the wires between walk and banks."""
        update, weights, recent = self._update, self._weights, Signal()
        targets, self._due = update.targets, Signal()
        again = targets.payload.neuron == self._marked.neuron
        connect(m, update=update.writes, weights=weights.writes)
        m.d.sync += recent.eq(targets.valid & targets.ready)
        self._rests = ~(update.busy | recent)
        self._again = targets.valid & targets.ready & again
        m.d.comb += [
            targets.valid.eq(AnySeq(1)),
            targets.payload.as_value().eq(AnySeq(len(targets.payload.as_value()))),
            Assume(targets.payload.neuron < self._size.neurons),
        ]
        if not self._hides:
            m.d.comb += Assume(~(targets.valid & again) | self._rests)

    def _answer_factors(self, m) -> None:
        """The factors of the marked axon stay, all others are anything."""
        factors, asked, lanes = self._update.factors, Signal(), pq_lanes(self._size)
        self._pq = Signal(self._size.pq_bits)
        m.d.comb += [
            self._pq.eq(AnyConst(len(self._pq))),
            factors.data.as_value().eq(AnySeq(len(factors.data.as_value()))),
            Assume(~asked | (factors.data[self._marked.axon % lanes].pq == self._pq)),
        ]
        m.d.sync += asked.eq(factors.enable & (factors.address == self._marked.axon // lanes))

    def _check_visits(self, m) -> None:
        """A target visits the marked weight once, in time; invariant: it is due until then."""
        size, marked, walk, due = self._size, self._marked, self._walk, self._due
        location, waits = self._update.reads.location, Signal(range(256))
        slow, axon, target = 3 - size.weight_ports, walk["axon"], walk["target"]
        self._wanted = wanted = Signal(target_layout(size))
        visit = self._update.reads.enable & location.column & (location.axon <= marked.axon)
        visit &= (location.group == marked.group) & (location.lane == marked.lane)
        self._visit = visit = visit & (marked.axon < location.axon + size.multipliers)
        ahead = axon // size.multipliers <= marked.axon // size.multipliers
        there = walk["active"] & (target_layout(size)(target).neuron == marked.neuron)
        spent = axon // size.multipliers * slow + (walk["turn"] if slow > 1 else 0)
        m.d.sync += waits.eq(waits + 1)
        with m.If(visit):
            m.d.sync += due.eq(0)
        with m.If(self._again):
            m.d.sync += [due.eq(1), wanted.eq(self._update.targets.payload), waits.eq(0)]
        m.d.comb += [
            Assert(~visit | due),
            Assert(~self._again | ~due | visit),
            Assert(~self._rests | ~due),
            Assert(~due | (waits < size.axons // size.multipliers * slow)),
            Assert(due == (there & ahead)),
            Assert(~due | ((wanted.as_value() == target) & (waits <= spent))),
            Assert((axon % size.multipliers == 0) & (axon < size.axons)),
        ]

    def _told(self) -> Value:
        """What the lane of the marked weight must be given, in the order of `stand_in`."""
        wanted, shift, nearest = self._wanted, self._wanted.eta_shift, self._wanted.rounding
        return Cat(
            wanted.word ^ axon_code(self._marked.axon),
            self._pq,
            wanted.error,
            (~nearest & (shift > bit) for bit in range(self._mask_bits)),
            (nearest & (shift == bit + 1) for bit in range(self._mask_bits)),
            shift,
        )

    def _check_updates(self, m) -> None:
        """The reference changes with the visit, the weight when it is in the banks; not sooner,
        not later, not otherwise."""
        expected, before = self._expected, Signal.like(self._expected)
        flying, stored = Signal(range(self._latency + 1)), self._marked.stored(self._banks)
        two, stays = (self._told().bit_select(pick, 1) for pick in self._picks)
        with m.If(flying != 0):
            m.d.sync += flying.eq(flying - 1)
        with m.If(self._visit):
            m.d.sync += [flying.eq(self._latency), before.eq(expected)]
            m.d.sync += expected.eq(expected + Mux(stays, 0, 1 + two))
        m.d.comb += [
            Assert(~(self._visit | self._rests) | (flying == 0)),
            Assert(stored == Mux(flying != 0, before, expected)),
            Assert(flying <= self._latency),
            Cover(self._again & (flying != 0) if self._hides else self._again & (expected == 2)),
        ]

    def _tie_turns(self, m) -> None:
        """Invariant: with one port the accesses under way are an even number of cycles apart."""
        turn, valid = self._walk["turn"], self._walk["valid"]
        for cycle in range(len(valid)):
            m.d.comb += Assert(~valid[cycle] | (turn == cycle % 2))


def core(lanes: int, **other) -> Geometry:
    """A small core with several lanes, two groups, and narrow values."""
    lanes_of_parts = {"update_lanes": lanes, "trace_lanes": lanes}
    widths = {"weight_bits": 2, "error_bits": 2, "pq_bits": 2}
    return Geometry(neurons=2 * lanes, lanes=lanes, **lanes_of_parts, **widths, **other)


def claim(name: str, size: Geometry, *mutants: Mutant) -> Claim:
    """Of the same words for every size."""
    return Claim(
        "update",
        f"{name}: every update reaches its weight once, and nothing else does; reads see the last",
        lambda code: UpdateSpec(code, size),
        depth=15,
        search=18,
        reach=30,
        mutants=mutants,
    )


CLAIMS = [
    claim(
        "skewed banks, two ports",
        core(4, axons=8, multipliers=4),
        Mutant(
            "takes a neuron before the last is done",
            UPDATE,
            "self.targets.ready.eq(~active | final)",
            "self.targets.ready.eq(1)",
        ),
        Mutant(
            "takes every walk for a long one",
            UPDATE,
            "return cycles > update_latency(geometry)",
            "return True",
        ),
        Mutant("leaves the last axons out", UPDATE, "(axon == last)", "(axon == last - step)"),
        Mutant("writes what did not change", UPDATE, "visited & changed, 0)", "visited, 0)"),
        Mutant(
            "writes to the place of the next visit",
            UPDATE,
            'delay(m, location.as_value(), latency - 1, "location")',
            'delay(m, location.as_value(), latency - 2, "location")',
        ),
        Mutant(
            "is at rest with a write on its way",
            UPDATE,
            "self.busy.eq(Cat(valid).any())",
            "self.busy.eq(Cat(valid[:-1]).any())",
        ),
        Mutant(
            "gives all lanes the hash of the first",
            UPDATE,
            "lane.word.eq(word ^ axon_code_constant(k))",
            "lane.word.eq(word)",
        ),
        Mutant(
            "takes the error of the next neuron",
            UPDATE,
            'delay(m, target.error, later + 5, "error")',
            'delay(m, target.error, later + 4, "error")',
        ),
        Mutant(
            "turns lanes the wrong way",
            WEIGHTS,
            "turn.eq(-ahead)",
            "turn.eq(ahead)",
        ),
        Mutant(
            "looks for a column in the wrong banks",
            WEIGHTS,
            "(bank - location.lane)[: self._lane_bits]",
            "(bank + location.lane)[: self._lane_bits]",
        ),
    ),
    claim(
        "skewed banks, one port, half the lanes",
        core(4, axons=8, multipliers=2, weight_ports=1),
        Mutant("reads in every cycle", UPDATE, "issue.eq(active & turn)", "issue.eq(active)"),
        Mutant(
            "writes where it reads",
            WEIGHTS,
            "shared.eq(Mux(writing, write_address, read_address))",
            "shared.eq(read_address)",
        ),
        Mutant(
            "takes the factor of the wrong half",
            UPDATE,
            "part.eq(axon >> ceil_log2(count))",
            "part.eq(0)",
        ),
    ),
    claim(
        "plain banks, one port",
        core(2, axons=6, multipliers=1, weight_ports=1, layout=Layout.PLAIN),
        Mutant(
            "writes all lanes",
            WEIGHTS,
            "enable[0] & (location.lane == k)",
            "enable[0]",
        ),
        Mutant("reads in every cycle", UPDATE, "issue.eq(active & turn)", "issue.eq(active)"),
    ),
]
