"""The parameter sets of a serial core, in a memory: one word at a time is all that it needs."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, Column, LaneMemory, address_bits
from axonloop.models.config import Geometry
from axonloop.models.protocol import PARAMETER_INDEX, PARAMETER_STRIDE, Region, parameter_bits

INDEX_BITS = (PARAMETER_STRIDE - 1).bit_length()


def parameter_address_bits(geometry: Geometry) -> int:
    """Width of the address of a register: its index, and above it the number of the set."""
    return address_bits(PARAMETER_STRIDE * geometry.parameter_sets)


def parameter_width(geometry: Geometry) -> int:
    """Width of the widest register."""
    return max(parameter_bits(geometry).values())


class ParameterMemory(wiring.Component):
    """All parameter sets (docs/contract.md, section 4), every register as wide as the widest.

    Members
    -------
    address, data : a register's address, as `parameter_address_bits` says, and its value one cycle
        later
    """

    def __init__(self, geometry: Geometry) -> None:
        width, names = parameter_width(geometry), parameter_bits(geometry)
        self._last = max(PARAMETER_INDEX[name] for name in names)
        self._words = LaneMemory(
            {"parameter": Column(Region.PARAMETERS, width)},
            words=PARAMETER_STRIDE * geometry.parameter_sets,
        )
        super().__init__(
            {
                "address": In(parameter_address_bits(geometry)),
                "data": Out(width),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.words = words = self._words
        bus, known = self.bus, self.bus.address[:INDEX_BITS] <= self._last
        m.d.comb += [
            words.read_enable.eq(1),
            words.read_address.eq(self.address),
            self.data.eq(words.read_data.as_value()),
            words.bus.address.eq(bus.address),
            words.bus.read.eq(bus.read),
            words.bus.write.eq(bus.write & known),
            words.bus.write_data.eq(bus.write_data),
            bus.read_data.eq(words.bus.read_data),
        ]
        return m
