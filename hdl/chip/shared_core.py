"""A core of many that are alike: an instance of one module, so its Verilog is written once."""

from typing import Any

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from axonloop.hdl.core import core_signature
from axonloop.models.config import Geometry

CORE = "axonloop_core"
"""The Verilog module of such cores."""


class SharedCore(wiring.Component):
    """The ports of a `Core`; what is behind them comes as Verilog (`core_verilog`, hdl.flow)."""

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(core_signature(geometry))

    def elaborate(self, platform: object) -> Module:
        m, ports = Module(), dict[str, Any]()
        for path, member, value in self.signature.flatten(self):
            way = "o" if member.flow is Out else "i"
            ports[f"{way}_{'__'.join(map(str, path))}"] = Value.cast(value)
        del ports["o_incoming__ready"]
        m.d.comb += self.incoming.ready.eq(1)  # rule 4 of a core; else all seems to hang on all
        m.submodules.core = Instance(CORE, i_clk=ClockSignal(), i_rst=ResetSignal(), **ports)
        return m
