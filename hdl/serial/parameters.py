"""The parameter sets of a serial core, in a memory: one word at a time is all that it needs."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import (
    INDEX_BITS,
    BusSignature,
    Column,
    LaneMemory,
    parameter_users,
    parameter_width,
)
from axonloop.models.config import Geometry
from axonloop.models.protocol import PARAMETER_INDEX, PARAMETER_STRIDE, Region, parameter_bits


class ParameterMemory(wiring.Component):
    """All parameter sets (docs/contract.md, section 4), every register as wide as the widest.

    Members
    -------
    traces, neurons, learning : the register that a user asks for; of several that ask, this is the
        order in which they are heard, and learning is heard where no other one asks
    """

    def __init__(self, geometry: Geometry) -> None:
        names = parameter_bits(geometry)
        self._last = max(PARAMETER_INDEX[name] for name in names)
        self._words = LaneMemory(
            {"parameter": Column(Region.PARAMETERS, parameter_width(geometry), table=True)},
            words=PARAMETER_STRIDE * geometry.parameter_sets,
        )
        super().__init__({**parameter_users(geometry), "bus": In(BusSignature())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.words = words = self._words
        bus, known = self.bus, self.bus.address[:INDEX_BITS] <= self._last
        m.d.comb += [
            words.read_enable.eq(1),
            words.read_address.eq(self.learning.address),
            words.bus.address.eq(bus.address),
            words.bus.read.eq(bus.read),
            words.bus.write.eq(bus.write & known),
            words.bus.write_data.eq(bus.write_data),
            bus.read_data.eq(words.bus.read_data),
        ]
        for user in (self.neurons, self.traces):
            with m.If(user.enable):
                m.d.comb += words.read_address.eq(user.address)
        for user in (self.neurons, self.traces, self.learning):
            m.d.comb += user.value.eq(words.read_data.as_value())
        return m
