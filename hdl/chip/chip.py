"""The chip: cores behind one host port; from two cores on with a mesh between them."""

from typing import Any

from amaranth.hdl import Cat, Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.chip.barrier import Barrier
from axonloop.hdl.chip.host_port import HostPort
from axonloop.hdl.chip.mesh import RouterMesh
from axonloop.hdl.chip.shared_core import SharedCore
from axonloop.hdl.common import spike_layout
from axonloop.hdl.core import Core
from axonloop.models.config import ONE_CORE, Geometry, Mesh


class Chip(wiring.Component):
    """Ports: `commands` and `replies`, words of packets (docs/contract.md, section 6).

    The core of a 1 x 1 mesh may have any number, `core`; in a larger one the first has number 0,
    and all may be instances of one module, `shared`, whose Verilog is `core_verilog` (hdl.flow).
    """

    def __init__(
        self, geometry: Geometry, mesh: Mesh = ONE_CORE, core: int = 0, *, shared: bool = False
    ) -> None:
        self._geometry, self._mesh, self._first, self._shared = geometry, mesh, core, shared
        super().__init__(
            {"commands": In(stream.Signature(32)), "replies": Out(stream.Signature(32))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self._mesh.cores == 1:
            self._build_core(m)
        else:
            self._build_mesh(m)
        return m

    def _build_core(self, m: Module) -> None:
        """One core needs no mesh: its spikes come back to it; a tick starts and ends at once."""
        m.submodules.core = core = Core(self._geometry, self._mesh)
        connect(m, host=flipped(self.commands), core=core.commands)
        connect(m, core=core.replies, host=flipped(self.replies))
        m.d.comb += [
            core.number.eq(self._first),
            core.incoming.valid.eq(core.outgoing.valid),
            core.incoming.payload.eq(core.outgoing.payload.payload),
            core.outgoing.ready.eq(core.incoming.ready),
            core.ticks.start.eq(core.ticks.waiting),
            core.ticks.finish.eq(core.ticks.finished),
        ]

    def _build_mesh(self, m: Module) -> None:
        count = self._mesh.cores
        m.submodules.port = port = HostPort(count)
        m.submodules.mesh = mesh = RouterMesh(self._mesh, spike_layout(self._geometry))
        m.submodules.barrier = barrier = Barrier(count, mesh.capacity)
        connect(m, host=flipped(self.commands), port=port.commands)
        connect(m, port=port.replies, host=flipped(self.replies))
        cores: list[Any] = [
            SharedCore(self._geometry) if self._shared else Core(self._geometry, self._mesh)
            for _ in range(count)
        ]
        for number, core in enumerate(cores):
            m.submodules[f"core_{number}"] = core
            connect(m, port=port.core_commands[number], core=core.commands)
            connect(m, core=core.replies, port=port.core_replies[number])
            connect(m, core=core.outgoing, mesh=mesh.enter[number])
            connect(m, mesh=mesh.leave[number], core=core.incoming)
            m.d.comb += [
                core.number.eq(number),
                core.passed.eq(mesh.passed[number]),
                core.ticks.start.eq(barrier.start),
                core.ticks.finish.eq(barrier.finish),
            ]
        self._gather(m, cores, port, barrier)

    def _gather(self, m: Module, cores: list[Any], port: HostPort, barrier: Barrier) -> None:
        """The state of all cores and the number of spikes in the mesh, for port and barrier."""
        m.d.comb += [
            port.idle.eq(Cat(core.ticks.idle for core in cores)),
            barrier.waiting.eq(Cat(core.ticks.waiting for core in cores)),
            barrier.finished.eq(Cat(core.ticks.finished for core in cores)),
            barrier.sent.eq(Cat(core.outgoing.valid & core.outgoing.ready for core in cores)),
            barrier.received.eq(Cat(core.incoming.valid & core.incoming.ready for core in cores)),
        ]
