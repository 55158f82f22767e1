"""The parameter sets of a core, in flip-flops."""

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import BusSignature, parameter_layout
from axonloop.models.config import Geometry
from axonloop.models.protocol import PARAMETER_INDEX, PARAMETER_STRIDE, Region, parameter_bits

INDEX_BITS = (PARAMETER_STRIDE - 1).bit_length()


class ParameterSets(wiring.Component):
    """All parameter sets at once, written and read word by word (docs/contract.md, section 4)."""

    def __init__(self, geometry: Geometry) -> None:
        self._places = {name: PARAMETER_INDEX[name] for name in parameter_bits(geometry)}
        layout = data.ArrayLayout(parameter_layout(geometry), geometry.parameter_sets)
        super().__init__({"sets": Out(layout), "bus": In(BusSignature())})

    def elaborate(self, platform) -> Module:
        m = Module()
        bus, read = self.bus, Signal()
        selected, word = Signal(), Signal(32)
        index, number = bus.address[:INDEX_BITS], bus.address[INDEX_BITS:24]
        kept = Signal(range(PARAMETER_STRIDE * self.sets.shape().length))
        m.d.comb += selected.eq(bus.address[24:] == Region.PARAMETERS)
        m.d.sync += [
            read.eq(bus.read & selected),
            kept.eq(bus.address),
        ]
        m.d.comb += bus.read_data.eq(word)
        for k in range(self.sets.shape().length):
            for name, position in self._places.items():
                register = self.sets[k][name]
                with m.If(bus.write & selected & (number == k) & (index == position)):
                    m.d.sync += register.eq(bus.write_data)
        with m.If(read), m.Switch(kept):
            for k in range(self.sets.shape().length):
                for name, position in self._places.items():
                    with m.Case(PARAMETER_STRIDE * k + position):
                        m.d.comb += word.eq(self.sets[k][name])
        return m
