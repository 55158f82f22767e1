"""The mesh: it always runs empty, and delivers what was sent to whom it was sent."""

from amaranth.asserts import AnyConst, AnySeq
from amaranth.hdl import Assert, Assume, Cat, Cover, Elaboratable, Module, ResetSignal, Signal
from amaranth.lib import data

from axonloop.hdl.chip.router import may_turn
from axonloop.hdl.common import popcount
from axonloop.models.config import Mesh
from tests.formal.chip.router import NORTH_FOR_SOUTH, SWAPPED
from tests.formal.chip.routes import contents, leaves_by, names, sound, targets
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

ROUTER, MESH_MODULE = "axonloop.hdl.chip.router", "axonloop.hdl.chip.mesh"
SHAPE = data.StructLayout({"marked": 1, "value": 1})


class MeshSpec(Elaboratable):
    """A mesh into which anything enters that names one of its cores; one packet is marked.

    `part` is what to prove: the `route` of the marked packet, or `progress`.
    """

    def __init__(self, code: Code, mesh: Mesh, part: str) -> None:
        self._mesh, self._part = mesh, part
        router, module = code.load(ROUTER), code.load(MESH_MODULE)
        module.Router = router.Router
        self._dut = module.RouterMesh(mesh, SHAPE)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = self._probe = Probe(self._dut)
        m.d.comb += Assume(~ResetSignal())
        self._held = []
        self._drive(m)
        self._look(m)
        if self._part == "route":
            self._check_route(m)
        else:
            self._check_progress(m)
        return m

    def _drive(self, m) -> None:
        """Packets to cores of the mesh; one of them is marked."""
        self._entered, self._left = Signal(), Signal()
        self._source, self._target, self._value = Signal(8), Signal(8), Signal()
        for signal in (self._source, self._target, self._value):
            m.d.comb += signal.eq(AnyConst(len(signal)))
        m.d.comb += Assume(self._target < self._mesh.cores)
        for core, enter in enumerate(self._dut.enter):
            m.d.comb += [
                enter.valid.eq(AnySeq(1)),
                enter.payload.as_value().eq(AnySeq(len(enter.payload.as_value()))),
                Assume(enter.payload.core < self._mesh.cores),
            ]
            payload = enter.payload.payload
            same = (self._source == core) & (enter.payload.core == self._target)
            same = same & (payload.value == self._value) & ~self._entered
            m.d.comb += Assume(~(enter.valid & payload.marked) | same)
            with m.If(enter.valid & enter.ready & payload.marked):
                m.d.sync += self._entered.eq(1)
        for leave in self._dut.leave:
            m.d.comb += leave.ready.eq(AnySeq(1))

    def _look(self, m) -> None:
        """Every queue of the mesh holds only what may come there: an invariant."""
        for core, router in enumerate(self._dut._routers):
            for port in router._ports:
                name = f"router_{core}.{port.name.lower()}_queue"
                m.d.comb += Assert(sound(self._probe, name))
                legal = targets(self._mesh, core, port)
                for valid, flit in contents(m, self._probe, name, router._flit):
                    m.d.comb += Assert(~valid | names(self._mesh, flit, legal))
                    self._held.append((valid, flit))
                sink = router.output(port)
                allowed = leaves_by(self._mesh, core, sink.payload, port)
                m.d.comb += Assert(~sink.valid | allowed)
                self._held.append((sink.valid, sink.payload))
                last = self._probe[f"router_{core}.{port.name.lower()}_last"]
                entries = sum(may_turn(entry, port) for entry in router._ports)
                m.d.comb += Assert(last < entries)

    def _check_route(self, m) -> None:
        """The marked packet is in one queue while inside, and leaves at its target."""
        inside, marks = self._entered & ~self._left, []
        for valid, flit in self._held:
            mark = valid & flit.payload.marked
            same = names_target(self._mesh, flit, self._target)
            marks.append(mark)
            m.d.comb += Assert(~mark | (same & (flit.payload.value == self._value)))
        m.d.comb += [
            Assert(popcount(Cat(marks)) == inside),
            Assert(self._entered | ~self._left),
            Cover(self._left),
        ]
        for core, leave in enumerate(self._dut.leave):
            shown = leave.valid & leave.payload.marked
            good = inside & (self._target == core) & (leave.payload.value == self._value)
            m.d.comb += Assert(~shown | good)
            with m.If(shown & leave.ready):
                m.d.sync += self._left.eq(1)

    def _check_progress(self, m) -> None:
        """In a mesh that is not empty something moves, if what arrives is taken."""
        moves = [router.passed for router in self._dut._routers]
        for router in self._dut._routers:
            moves += [queue.r_en & queue.r_rdy for queue in router._queues.values()]
        anything = Cat(valid for valid, _ in self._held).any()
        taken = Cat(leave.ready for leave in self._dut.leave).all()
        m.d.comb += Assert(~(anything & taken) | Cat(moves).any())


def names_target(mesh: Mesh, flit, target):
    """Does the flit go to the core of this number?"""
    return (flit.row * mesh.columns + flit.column) == target


ROWS_FOR_COLUMNS = Mutant(
    "takes rows for columns",
    MESH_MODULE,
    "column.eq(target % self._mesh.columns)",
    "column.eq(target % self._mesh.rows)",
)
WAITS_FOR_TWO = Mutant(
    "a flit waits for one behind it",
    ROUTER,
    "Cat(self._queues[entry].r_rdy & (self",
    "Cat((self._queues[entry].level > 1) & (self",
)


def claims(columns: int, rows: int, *mutants: Mutant) -> list[Claim]:
    """Of a mesh of this size; `mutants` break the route."""
    mesh = Mesh(columns, rows)
    size = f"{columns} x {rows}"
    route = Claim(
        "mesh",
        f"{size}: a packet leaves once, unchanged, at the core it names",
        lambda code: MeshSpec(code, mesh, "route"),
        depth=1,
        search=3,
        reach=10,
        mutants=mutants,
    )
    progress = Claim(
        "mesh",
        f"{size}: in every cycle in which something is inside, something moves",
        lambda code: MeshSpec(code, mesh, "progress"),
        depth=1,
        search=3,
        mutants=(WAITS_FOR_TWO,),
    )
    return [route, progress]


CLAIMS = [
    *claims(
        2,
        2,
        Mutant(
            "enters with rows and columns swapped",
            MESH_MODULE,
            "inward.payload.column.eq(target % self._mesh.columns)",
            "inward.payload.column.eq(target // self._mesh.columns)",
        ),
        SWAPPED,
    ),
    *claims(3, 2, ROWS_FOR_COLUMNS, SWAPPED),
    *claims(1, 3, NORTH_FOR_SOUTH),
]
