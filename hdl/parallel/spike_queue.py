"""The spikes of a sweep on their way to the fan-out: words wait, and leave neuron by neuron."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import fifo, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    REPORT,
    Emission,
    LaneMemory,
    address_bits,
    flags_layout,
    lowest_one,
)
from axonloop.models.config import Geometry, ceil_log2


class SpikeQueue(wiring.Component):
    """Turns words of spikes into neurons, the lowest one first.

    Nothing is lost, because the queue holds all words of a sweep: its output register takes the
    first word two cycles after it came, so from three words on a queue of as many never fills.

    Latency: 2 cycles from a word to its first neuron; then a neuron per cycle.

    Members
    -------
    words : words of spikes as the sweep shows them
    emission : to the fan-out
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self.report = LaneMemory(REPORT, words=geometry.groups)
        """Which groups report."""
        super().__init__({"words": In(flags_layout(geometry)), "emission": Out(Emission(geometry))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.report = report = self.report
        lanes, out = self._geometry.update_lanes, self.emission
        bits, index = Signal(lanes), Signal.like(self.words.index)
        neuron = Signal(address_bits(self._geometry.neurons))
        m.submodules.queue = queue = fifo.SyncFIFOBuffered(
            width=lanes + len(index), depth=max(3, self._geometry.neurons // lanes)
        )
        m.d.comb += [
            queue.w_en.eq(self.words.valid & self.words.bits.any()),
            queue.w_data.eq(Cat(self.words.bits, self.words.index)),
            neuron.eq((index << ceil_log2(lanes)) | lowest_one(bits)),
            out.waiting.eq((queue.level != 0) | bits.any()),
            out.neurons.valid.eq(bits.any()),
            out.neurons.payload.eq(neuron),
            out.report.eq(report.read_data[0].report),
            report.read_address.eq(neuron >> ceil_log2(self._geometry.lanes)),
        ]
        with m.If(~bits.any() & queue.r_rdy):
            m.d.comb += queue.r_en.eq(1)
            m.d.sync += [bits.eq(queue.r_data[:lanes]), index.eq(queue.r_data[lanes:])]
        with m.If(out.neurons.valid & out.neurons.ready):
            m.d.comb += report.read_enable.eq(1)
            m.d.sync += [out.last.eq(neuron), bits.eq(bits & (bits - 1))]
        return m
