"""A router of the mesh: five ports, rows before columns (docs/contract.md, section 11)."""

from amaranth.hdl import Cat, Module, Mux, ShapeLike, Signal, Value
from amaranth.lib import data, fifo, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import address_bits, next_one, select
from axonloop.models.config import Mesh, Port

QUEUE = 4
"""Depth of the queue at every input.

Flits per core and cycle at which a 4 x 4 mesh under uniform random traffic saturates, by depth:
1: 0.32, 2: 0.55, 3: 0.60, 4: 0.64, 8: 0.68.
"""
STEPS = {Port.NORTH: (0, -1), Port.EAST: (1, 0), Port.SOUTH: (0, 1), Port.WEST: (-1, 0)}
"""Columns and rows that a flit moves on when it leaves through a port."""
OPPOSITE = {
    Port.NORTH: Port.SOUTH,
    Port.EAST: Port.WEST,
    Port.SOUTH: Port.NORTH,
    Port.WEST: Port.EAST,
}
"""The port of the neighbour behind a port."""


def flit_layout(mesh: Mesh, shape: ShapeLike) -> data.StructLayout:
    """Something of `shape` on its way to the core in `column` and `row`."""
    column, row = address_bits(mesh.columns), address_bits(mesh.rows)
    return data.StructLayout({"payload": shape, "column": column, "row": row})


def neighbours(mesh: Mesh, core: int) -> dict[Port, int]:
    """The cores around a core, by the port that leads there."""
    column, row = mesh.position(core)
    beside = {port: (column + right, row + down) for port, (right, down) in STEPS.items()}
    return {
        port: row * mesh.columns + column
        for port, (column, row) in beside.items()
        if 0 <= column < mesh.columns and 0 <= row < mesh.rows
    }


def may_turn(entry: Port, exit: Port) -> bool:
    """Can a flit that came in through `entry` leave through `exit`? Rows come before columns."""
    if entry is Port.LOCAL or exit is Port.LOCAL:
        return True
    vertical = (Port.NORTH, Port.SOUTH)
    return entry is not exit and (entry not in vertical or exit in vertical)


class Router(wiring.Component):
    """Passes flits on. A router has a port for each neighbour, and the local one. Rules:

    1. A flit leaves through EAST or WEST while its column is another one, then through NORTH or
       SOUTH while its row is another one, then through LOCAL: the route of `Mesh.route`.
    2. Every flit taken leaves once and unchanged, if the outputs on its way are taken in the end;
       flits of one input that leave through one output keep their order.
    3. An output shows a flit until it is taken; it takes from its inputs in turn: a flit at the
       head of its queue sees at most one flit from each other input go first.
    4. Whether an input takes a flit is a register's matter: no path from `ready` to `ready`.
    5. It is assumed that a neighbour sends only what rule 1 brings here, and that no flit names a
       position outside the mesh.

    A flit waits only for the queue that it goes to next, and rule 1 orders the queues without a
    cycle: rows, then columns, then LOCAL. So nothing waits for ever as long as LOCAL is taken.

    Latency: 2 cycles from input to output when nothing is in the way; one flit per port and cycle.

    Members
    -------
    {port}_in, {port}_out : flits from and to the neighbour, or the core (`local_in`, `local_out`)
    passed : bit n strobes when a flit leaves through port n
    """

    LATENCY = 2

    def __init__(self, mesh: Mesh, core: int, shape: ShapeLike) -> None:
        self._column, self._row = mesh.position(core)
        self._ports = (*neighbours(mesh, core), Port.LOCAL)
        self._flit = flit_layout(mesh, shape)
        signature = stream.Signature(self._flit)
        members = {f"{port.name.lower()}_in": In(signature) for port in self._ports}
        members |= {f"{port.name.lower()}_out": Out(signature) for port in self._ports}
        super().__init__(members | {"passed": Out(len(Port))})

    @property
    def capacity(self) -> int:
        """Most flits that a router holds."""
        return len(self._ports) * (QUEUE + 1)

    def input(self, port: Port) -> stream.Interface:
        """The stream that comes in through `port`."""
        return getattr(self, f"{port.name.lower()}_in")

    def output(self, port: Port) -> stream.Interface:
        """The stream that leaves through `port`."""
        return getattr(self, f"{port.name.lower()}_out")

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._queues: dict[Port, fifo.SyncFIFO] = {}
        self._wishes: dict[Port, Signal] = {}
        for port in self._ports:
            self._receive(m, port)
        turns = {port: self._send(m, port) for port in self._ports}
        for entry, queue in self._queues.items():
            taken = (turns[exit][entry] for exit in self._ports if may_turn(entry, exit))
            m.d.comb += queue.r_en.eq(Cat(taken).any())
        for port in self._ports:
            stream_out = self.output(port)
            m.d.comb += self.passed[port].eq(stream_out.valid & stream_out.ready)
        return m

    def _receive(self, m: Module, port: Port) -> None:
        """Queue what comes in; decide where the head wants to go."""
        queue = fifo.SyncFIFO(width=self._flit.size, depth=QUEUE)
        m.submodules[f"{port.name.lower()}_queue"] = queue
        source, head = self.input(port), self._flit(queue.r_data)
        m.d.comb += [
            queue.w_en.eq(source.valid),
            queue.w_data.eq(source.payload),
            source.ready.eq(queue.w_rdy),
        ]
        wish = Signal(range(len(Port)), name=f"{port.name.lower()}_wish")
        down = Mux(head.row > self._row, Port.SOUTH, Port.NORTH)
        right = Mux(head.column > self._column, Port.EAST, Port.WEST)
        in_column = Mux(head.row == self._row, Port.LOCAL, down)
        m.d.comb += wish.eq(Mux(head.column == self._column, in_column, right))
        self._queues[port], self._wishes[port] = queue, wish

    def _send(self, m: Module, port: Port) -> dict[Port, Value]:
        """Take from the queues in turn; returns for each of them whether its head goes."""
        sink = self.output(port)
        entries = [entry for entry in self._ports if may_turn(entry, port)]
        name = port.name.lower()
        requests = Signal(len(entries), name=f"{name}_requests")
        last, chosen = (
            Signal(range(len(entries)), name=f"{name}_{what}") for what in ("last", "chosen")
        )
        m.d.comb += [
            requests.eq(
                Cat(self._queues[entry].r_rdy & (self._wishes[entry] == port) for entry in entries)
            ),
            chosen.eq(next_one(requests, last)),
        ]
        free = ~sink.valid | sink.ready
        heads = [self._queues[entry].r_data for entry in entries]
        with m.If(free):
            m.d.sync += sink.valid.eq(requests.any())
            with m.If(requests.any()):
                m.d.sync += [sink.payload.eq(select(heads, chosen)), last.eq(chosen)]
        return {
            entry: free & requests[index] & (chosen == index) for index, entry in enumerate(entries)
        }
