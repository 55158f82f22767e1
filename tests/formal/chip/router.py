"""The router: no flit lost, doubled, changed, sent astray or kept waiting."""

from amaranth.asserts import AnyConst, AnySeq
from amaranth.hdl import (
    Assert,
    Assume,
    Cat,
    Cover,
    Elaboratable,
    Module,
    Mux,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.lib import data

from axonloop.hdl.chip.router import may_turn
from axonloop.hdl.common import popcount
from axonloop.models.config import Mesh, Port
from tests.formal.chip.routes import contents, leaves_by, names, sound, targets
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

ROUTER, ARITHMETIC = "axonloop.hdl.chip.router", "axonloop.hdl.common.arithmetic"
MESH = Mesh(3, 3)
MIDDLE, CORNER = 4, 0
SHAPE = data.StructLayout({"value": 1, "first": 1, "second": 1})
"""The solver chooses two flits, of one input and for one output, and marks them."""
MARKS = ("first", "second")


class RouterSpec(Elaboratable):
    """A router that gets anything that rule 5 of `Router` allows, at any time.

    Data independence makes the two marked flits stand for all: the router never looks at a payload.
    With `flowing`, the outputs are always taken, and the age of the first marked flit is bounded.
    """

    def __init__(self, code: Code, core: int, part: str) -> None:
        self._core, self._part = core, part
        self._module = code.load(ROUTER)
        self._router = self._module.Router(MESH, core, SHAPE)
        self._ports = self._router._ports

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = self._probe = Probe(self._router)
        self._flit = self._router._flit
        m.d.comb += Assume(~ResetSignal())
        self._drive(m)
        self._queues = {port: self._watch(m, port) for port in self._ports}
        for port, slots in self._queues.items():
            self._check_queue(m, port, slots)
        if self._part != "turns":
            self._check_outputs(m)
            self._check_slots(m)
        if self._part == "flits":
            self._check_flow(m)
        if self._part in ("turns", "age"):
            self._check_turns(m)
        if self._part == "age":
            self._check_age(m)
        return m

    def _name(self, port: Port) -> str:
        return f"{port.name.lower()}_queue"

    def _drive(self, m) -> None:
        """Any legal flit; a mark once per flit, in order, at the chosen input."""
        self._entry = Signal(range(len(Port)))
        self._chosen = {mark: Signal(self._flit, name=f"chosen_{mark}") for mark in MARKS}
        self._entered = {mark: Signal(name=f"entered_{mark}") for mark in MARKS}
        self._left = {mark: Signal(name=f"left_{mark}") for mark in MARKS}
        m.d.comb += self._entry.eq(AnyConst(3))
        for flit in self._chosen.values():
            m.d.comb += flit.as_value().eq(AnyConst(self._flit.size))
        first, second = self._chosen.values()
        m.d.comb += Assume(first.payload.first & ~first.payload.second)
        m.d.comb += Assume(second.payload.second & ~second.payload.first)
        same = [
            leaves_by(MESH, self._core, first, port) & leaves_by(MESH, self._core, second, port)
            for port in self._ports
        ]
        m.d.comb += Assume(sum(same) == 1)
        for port in self._ports:
            source, sink = self._router.input(port), self._router.output(port)
            m.d.comb += [
                source.valid.eq(AnySeq(1)),
                source.payload.as_value().eq(AnySeq(self._flit.size)),
                sink.ready.eq(1 if self._part == "age" else AnySeq(1)),
                Assume(names(MESH, source.payload, targets(MESH, self._core, port))),
            ]
            self._mark(m, port, source)

    def _mark(self, m, port: Port, source) -> None:
        for mark in MARKS:
            marked = getattr(source.payload.payload, mark)
            earlier = self._entered["first"] if mark == "second" else 1
            good = (self._entry == port) & earlier & ~self._entered[mark]
            good = good & (source.payload.as_value() == self._chosen[mark].as_value())
            m.d.comb += Assume(~(source.valid & marked) | good)
            with m.If(source.valid & source.ready & marked):
                m.d.sync += self._entered[mark].eq(1)

    def _watch(self, m, port: Port):
        """The queue of an input, as valid flags and flits from its head on."""
        m.d.comb += Assert(sound(self._probe, self._name(port)))
        return contents(m, self._probe, self._name(port), self._flit)

    def _check_outputs(self, m) -> None:
        """Flits leave by their routes, shown until taken; marked ones unchanged, once, in order."""
        absent = [port for port in Port if port not in self._ports]
        m.d.comb += [Assert(~self._router.passed[port]) for port in absent]
        for port in self._ports:
            sink = self._router.output(port)
            stuck, before = Signal(), Signal.like(sink.payload.as_value())
            m.d.sync += [stuck.eq(sink.valid & ~sink.ready), before.eq(sink.payload.as_value())]
            held = sink.valid & (sink.payload.as_value() == before)
            m.d.comb += [
                Assert(self._router.passed[port] == (sink.valid & sink.ready)),
                Assert(~stuck | held),
                Assert(~sink.valid | leaves_by(MESH, self._core, sink.payload, port)),
            ]
            for mark in MARKS:
                shown = sink.valid & getattr(sink.payload.payload, mark)
                inside = self._entered[mark] & ~self._left[mark]
                same = sink.payload.as_value() == self._chosen[mark].as_value()
                m.d.comb += Assert(~shown | (inside & same))
                with m.If(shown & sink.ready):
                    m.d.sync += self._left[mark].eq(1)
            second = sink.valid & sink.payload.payload.second
            m.d.comb += Assert(~second | self._left["first"])

    def _check_slots(self, m) -> None:
        """A marked flit that entered and has not left is in exactly one slot."""
        for mark in MARKS:
            slots = [
                valid & getattr(flit.payload, mark)
                for slots in self._queues.values()
                for valid, flit in slots
            ]
            for port in self._ports:
                sink = self._router.output(port)
                slots.append(sink.valid & getattr(sink.payload.payload, mark))
            inside = self._entered[mark] & ~self._left[mark]
            m.d.comb += Assert(popcount(Cat(slots)) == inside)
            m.d.comb += Assert(~self._left[mark] | self._entered[mark])
        m.d.comb += Assert(~self._entered["second"] | self._entered["first"])
        m.d.comb += Cover(self._left["second"])

    def _check_queue(self, m, port: Port, slots) -> None:
        legal = targets(MESH, self._core, port)
        for index, (valid, flit) in enumerate(slots):
            m.d.comb += Assert(~valid | names(MESH, flit, legal))
            if self._part == "turns":
                continue
            for mark in MARKS:
                same = flit.as_value() == self._chosen[mark].as_value()
                marked = valid & getattr(flit.payload, mark)
                m.d.comb += Assert(~marked | ((self._entry == port) & same))
            for ahead, other in slots[:index]:
                m.d.comb += Assert(~(ahead & other.payload.second & valid & flit.payload.first))

    def _check_flow(self, m) -> None:
        """As many flits leave the queues as appear at outputs; `ready` is a register's matter."""
        taken, shown = Signal(len(Port)), []
        heads = [self._router._queues[port] for port in self._ports]
        m.d.sync += taken.eq(Cat(queue.r_en & queue.r_rdy for queue in heads))
        for port in self._ports:
            source, sink, free = self._router.input(port), self._router.output(port), Signal()
            full = self._probe[f"{self._name(port)}.level"] == self._module.QUEUE
            m.d.sync += free.eq(~sink.valid | sink.ready)
            m.d.comb += Assert(source.ready == ~full)
            shown.append(sink.valid & free)
        m.d.comb += Assert(popcount(taken) == popcount(Cat(shown)))

    def _check_turns(self, m) -> None:
        """While a flit is at the head, each other input goes first at most once."""
        self._distance = {}
        for exit in self._ports:
            entries = [entry for entry in self._ports if may_turn(entry, exit)]
            last = self._probe[f"{exit.name.lower()}_last"]
            m.d.comb += Assert(last < len(entries))
            for index, entry in enumerate(entries):
                behind = Signal(4, name=f"{exit.name.lower()}_{entry.name.lower()}_behind")
                m.d.comb += behind.eq(Mux(last < index, index, index + len(entries)) - last - 1)
                self._distance[entry, exit] = behind
            for entry in entries:
                for other in entries:
                    if other is not entry:
                        self._check_pair(m, entry, other, exit)

    def _wants(self, port: Port, exit: Port) -> Value:
        """Is there a flit at the head of this input that leaves through this port?"""
        valid, flit = self._queues[port][0]
        return valid & leaves_by(MESH, self._core, flit, exit)

    def _check_pair(self, m, entry: Port, other: Port, exit: Port) -> None:
        taken, overtakes = (self._router._queues[port].r_en for port in (entry, other))
        waits = self._wants(entry, exit) & ~taken
        first = waits & self._wants(other, exit) & overtakes
        once = Signal(name=f"{other.name.lower()}_before_{entry.name.lower()}_{exit.name.lower()}")
        m.d.sync += once.eq(waits & (once | first))
        nearer = self._distance[other, exit] < self._distance[entry, exit]
        m.d.comb += [
            Assert(~(once & first)),
            Assert(~once | (self._wants(entry, exit) & ~nearer)),
        ]

    def _check_age(self, m) -> None:
        """Each head waits for at most four others, and a flit for at most three heads."""
        slots, others = self._module.QUEUE, len(self._ports) - 1
        age = Signal(range(64))
        inside = self._entered["first"] & ~self._left["first"]
        bound = (others + 1) * (slots - 1) + others
        with m.If(inside):
            m.d.sync += age.eq(age + 1)
            m.d.comb += Assert(age <= bound + 1)
        with m.Else():
            m.d.comb += Assert((age == 0) | self._left["first"])
        for (entry, exit), behind in self._distance.items():
            for index, (valid, flit) in enumerate(self._queues[entry]):
                with m.If(valid & flit.payload.first & self._wants(entry, exit)):
                    m.d.comb += Assert(age + (others + 1) * index + behind <= bound)


SWAPPED = Mutant(
    "columns before rows",
    ROUTER,
    "wish.eq(Mux(head.column == self._column, in_column, right))",
    "wish.eq(Mux(head.row != self._row, down, Mux(head.column == self._column, 4, right)))",
)
WEST_FOR_EAST = Mutant(
    "west and east swapped",
    ROUTER,
    "self._column, Port.EAST, Port.WEST)",
    "self._column, Port.WEST, Port.EAST)",
)
NORTH_FOR_SOUTH = Mutant(
    "north and south swapped",
    ROUTER,
    "self._row, Port.SOUTH, Port.NORTH)",
    "self._row, Port.NORTH, Port.SOUTH)",
)
WRONG_PLACE = Mutant(
    "takes a port's number for its place", ROUTER, "(chosen == index) for", "(chosen == entry) for"
)
FIRST_INPUT = Mutant(
    "always takes the first input",
    ROUTER,
    "chosen.eq(next_one(requests, last))",
    "chosen.eq(next_one(requests, 0))",
)
EDGES = (
    ("upper", 1, WEST_FOR_EAST),
    ("left", 3, NORTH_FOR_SOUTH),
    ("right", 5, WRONG_PLACE),
    ("lower", 7, SWAPPED),
)


def claim(words: str, core: int, part: str, *mutants: Mutant) -> Claim:
    """Of the router of a core."""
    reach = 8 if part == "flits" else 0
    return Claim(
        "router",
        words,
        lambda code: RouterSpec(code, core, part),
        depth=1,
        search=4,
        reach=reach,
        mutants=mutants,
    )


CLAIMS = [
    claim(
        "every flit leaves once, unchanged, in order, by its route (middle of a mesh)",
        MIDDLE,
        "flits",
        SWAPPED,
        WEST_FOR_EAST,
        Mutant(
            "takes a flit without sending it",
            ROUTER,
            "entry: free & requests[index]",
            "entry: requests[index]",
        ),
        Mutant(
            "sends the first flit twice",
            ROUTER,
            "(chosen == index) for",
            "(chosen == index) & (last == index) for",
        ),
        Mutant(
            "overwrites what is not taken",
            ROUTER,
            "free = ~sink.valid | sink.ready",
            "free = Signal(init=1)",
        ),
    ),
    claim("the same in the corner of a mesh", CORNER, "flits"),
    *(
        claim(f"the same at the {edge} edge of a mesh", core, "flits", mutant)
        for edge, core, mutant in EDGES
    ),
    claim(
        "while a flit is at the head, each other input goes first at most once",
        MIDDLE,
        "turns",
        FIRST_INPUT,
    ),
    claim(
        "a flit leaves within 21 cycles while outputs are taken",
        MIDDLE,
        "age",
        Mutant(
            "stops after the first flit",
            ROUTER,
            "free = ~sink.valid | sink.ready",
            "free = ~sink.valid & (last == 0)",
        ),
    ),
    *(
        claim(
            f"at the {edge} edge, within 17 cycles, and each other input goes first at most once",
            core,
            "age",
            FIRST_INPUT,
        )
        for edge, core, _ in EDGES
    ),
]
