"""The spike of a serial core's sweep on its way to the fan-out: there is one at a time."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Emission, flags_layout
from axonloop.models.config import Geometry


class SpikeRegister(wiring.Component):
    """Keeps the neuron that spiked until the fan-out is done with it; the sweep rests meanwhile.

    Members
    -------
    words : one neuron each, as the sweep shows them
    report : whether the host hears of the last of `words`
    emission : to the fan-out
    """

    def __init__(self, geometry: Geometry) -> None:
        super().__init__(
            {
                "words": In(flags_layout(geometry)),
                "report": In(1),
                "emission": Out(Emission(geometry)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        out, spiked, neuron = self.emission, Signal(), Signal.like(self.words.index)
        m.d.comb += [
            out.neurons.valid.eq(spiked),
            out.neurons.payload.eq(neuron),
            out.last.eq(neuron),
            out.report.eq(self.report),
            out.waiting.eq(spiked),
        ]
        with m.If(self.words.valid & self.words.bits.any()):
            m.d.sync += [spiked.eq(1), neuron.eq(self.words.index)]
        with m.If(spiked & out.neurons.ready):
            m.d.sync += spiked.eq(0)
        return m
