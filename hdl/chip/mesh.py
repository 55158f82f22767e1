"""The mesh: routers and the links between them."""

from amaranth.hdl import Module, ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect

from axonloop.hdl.chip.router import OPPOSITE, Router, neighbours
from axonloop.hdl.common import address_bits, addressed_layout
from axonloop.models.config import Mesh, Port


class RouterMesh(wiring.Component):
    """Carries payloads of any shape between the cores of a mesh. Rules:

    1. What core a hands to `enter[a]`, addressed to core b of the mesh, leaves once and unchanged
       through `leave[b]`, if all of `leave` are taken in the end.
    2. It leaves the routers on its way through the ports that `Mesh.route` names; `passed[n]`
       strobes for each port of the router of core n.
    3. What one core sends to one other keeps its order.
    4. At most `capacity` payloads are inside: entered, and not yet taken from `leave`.

    Latency: 2 cycles per router on the way, the first and the last one included, when nothing else
    is on the way.

    Members
    -------
    enter, leave : the local ports, by core
    passed : strobes of the routers, by core
    """

    def __init__(self, mesh: Mesh, shape: ShapeLike) -> None:
        self._mesh = mesh
        self._routers = [Router(mesh, core, shape) for core in range(mesh.cores)]
        super().__init__(
            {
                "enter": In(stream.Signature(addressed_layout(shape))).array(mesh.cores),
                "leave": Out(stream.Signature(shape)).array(mesh.cores),
                "passed": Out(len(Port)).array(mesh.cores),
            }
        )

    @property
    def capacity(self) -> int:
        """Most payloads inside."""
        return sum(router.capacity for router in self._routers)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for core, router in enumerate(self._routers):
            m.submodules[f"router_{core}"] = router
            m.d.comb += self.passed[core].eq(router.passed)
            self._connect_core(m, core, router)
            for port, neighbour in neighbours(self._mesh, core).items():
                beside = self._routers[neighbour]
                connect(m, source=router.output(port), sink=beside.input(OPPOSITE[port]))
        return m

    def _connect_core(self, m: Module, core: int, router: Router) -> None:
        """A core's number becomes a position on the way in, and is dropped on the way out."""
        enter, leave = self.enter[core], self.leave[core]
        inward, outward = router.input(Port.LOCAL), router.output(Port.LOCAL)
        target = enter.payload.core[: address_bits(self._mesh.cores)]
        m.d.comb += [
            inward.valid.eq(enter.valid),
            enter.ready.eq(inward.ready),
            inward.payload.payload.eq(enter.payload.payload),
            inward.payload.column.eq(target % self._mesh.columns),
            inward.payload.row.eq(target // self._mesh.columns),
            leave.valid.eq(outward.valid),
            leave.payload.eq(outward.payload.payload),
            outward.ready.eq(leave.ready),
        ]
