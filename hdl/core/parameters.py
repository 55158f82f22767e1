"""The parameter sets of a core, in flip-flops."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import INDEX_BITS, BusSignature, Fields, parameter_users, sets_layout
from axonloop.models.config import Geometry
from axonloop.models.protocol import PARAMETER_INDEX, PARAMETER_STRIDE, Region, parameter_bits


class ParameterSets(wiring.Component):
    """All parameter sets at once, written and read word by word (docs/contract.md, section 4).

    Members
    -------
    neurons, traces, learning, synapses : all sets, for each part of the core that uses them
    """

    def __init__(self, geometry: Geometry) -> None:
        self._positions = {name: PARAMETER_INDEX[name] for name in parameter_bits(geometry)}
        self._sets: Fields = Signal(sets_layout(geometry), name="sets")
        self._users = parameter_users(geometry)
        super().__init__({**self._users, "bus": In(BusSignature())})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bus, read = self.bus, Signal()
        selected, word = Signal(), Signal(32)
        index, number = bus.address[:INDEX_BITS], bus.address[INDEX_BITS:24]
        sets, count = self._sets, self._sets.shape().length
        kept = Signal(range(PARAMETER_STRIDE * count))
        m.d.comb += selected.eq(bus.address[24:] == Region.PARAMETERS)
        m.d.sync += [
            read.eq(bus.read & selected),
            kept.eq(bus.address),
        ]
        m.d.comb += bus.read_data.eq(word)
        m.d.comb += [getattr(self, user).sets.eq(sets) for user in self._users]
        for k in range(count):
            for name, position in self._positions.items():
                register = sets[k][name]
                with m.If(bus.write & selected & (number == k) & (index == position)):
                    m.d.sync += register.eq(bus.write_data)
        with m.If(read), m.Switch(kept):
            for k in range(count):
                for name, position in self._positions.items():
                    with m.Case(PARAMETER_STRIDE * k + position):
                        m.d.comb += word.eq(sets[k][name])
        return m
