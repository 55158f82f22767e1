"""Step 4 of a node: the gradient goes back through the feedback, `lanes` neurons at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Column, LaneMemory, awake, delay, delay_strobe
from axonloop.hdl.processing.loss.payloads import (
    GRADIENT_BITS,
    NEURONS_BITS,
    WEIGHT_BITS,
    WRONG_BITS,
)
from axonloop.models.config import NodeGeometry, ceil_log2
from axonloop.models.protocol import NodeRegion


class Feedback(wiring.Component):
    """d_i = sum of F[c, i] g_c over c, exact, for all neurons in ascending order. Rules:

    1. After the strobe `start` it multiplies and adds a class per cycle for the first `lanes`
       neurons, then for the next ones while `wrong` hands the first ones out, one per cycle.
    2. It is `busy` until the last neuron was taken.

    Latency: `wrong` shows the first neuron classes + 5 cycles after `start`, and the next `lanes`
    max(lanes, classes + 4) cycles after those before, if all are taken at once.
    Resources: the feedback, a memory of words of 8 x `lanes` bits; `lanes` multipliers of 8 x 16
    bits, and registers of 8, 24 and twice 31 bits per lane.

    Members
    -------
    neurons, classes : constants
    wrong : d, neuron by neuron
    """

    def __init__(self, geometry: NodeGeometry) -> None:
        self._geometry = geometry
        self.weights = LaneMemory(
            {"weight": Column(NodeRegion.FEEDBACK, WEIGHT_BITS, signed=True, table=True)},
            words=geometry.groups * geometry.row_stride,
            lanes=geometry.lanes,
        )
        self.gradient = LaneMemory(
            {"slope": Column(NodeRegion.GRADIENT, GRADIENT_BITS, signed=True, table=True)},
            words=geometry.classes,
        )
        super().__init__(
            {
                "start": In(1),
                "neurons": In(NEURONS_BITS),
                "classes": In(range(geometry.classes + 1)),
                "wrong": Out(stream.Signature(signed(WRONG_BITS))),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.weights, m.submodules.gradient = self.weights, self.gradient
        stride_bits = ceil_log2(self._geometry.row_stride)
        output, group = Signal.like(self.classes), Signal(range(self._geometry.groups + 1))
        reads, loads, more = Signal(), Signal(), Signal()
        m.d.comb += [
            self.weights.read_enable.eq(reads),
            self.weights.read_address.eq(Cat(output[:stride_bits], group)),
            self.gradient.read_enable.eq(reads),
            self.gradient.read_address.eq(output),
        ]
        done = delay_strobe(m, reads & (output == self.classes - 1), 3, "done")
        room = self._hand_out(m, self._sums(m, reads, output == 0, platform), loads, more)
        with m.FSM():
            with m.State("REST"), m.If(self.start):
                m.d.sync += [output.eq(0), group.eq(0)]
                m.next = "READ"
            with m.State("READ"):
                m.d.comb += reads.eq(1)
                m.d.sync += output.eq(output + 1)
                with m.If(output == self.classes - 1):
                    m.d.sync += [output.eq(0), group.eq(group + 1)]
                    m.next = "ADD"
            with m.State("ADD"), m.If(done[3]):
                m.next = "LOAD"
            with m.State("LOAD"), m.If(room):
                m.d.comb += loads.eq(1)
                m.next = "REST"
                with m.If(more):
                    m.next = "READ"
        return m

    def _sums(self, m: Module, reads: Value, first: Value, platform: object) -> list[Signal]:
        """Three stages behind the memories: factors; products; their sums over the classes."""
        valid = delay_strobe(m, reads, 3, "valid")
        with m.If(awake(Cat(valid).any(), platform)):
            sums = self._multiply(m, valid[3], delay(m, first, 3, "anew")[-1])
        return sums

    def _multiply(self, m: Module, valid: Value, anew: Value) -> list[Signal]:
        slope, sums = delay(m, self.gradient.read_data[0].slope.as_signed(), 1, "slope")[1], []
        for lane in range(self._geometry.lanes):
            read = self.weights.read_data[lane].weight.as_signed()
            weight = delay(m, read, 1, f"weight_{lane}")[1]
            product = Signal(signed(WEIGHT_BITS + GRADIENT_BITS), name=f"product_{lane}")
            total = Signal(signed(WRONG_BITS), name=f"sum_{lane}", reset_less=True)
            m.d.sync += product.eq(weight * slope)
            with m.If(valid):
                m.d.sync += total.eq(Mux(anew, 0, total) + product)
            sums.append(total)
        return sums

    def _hand_out(self, m: Module, sums: list[Signal], loads: Value, more: Signal) -> Value:
        """Hand out sums that were loaded, lane by lane; returns whether the next may be loaded."""
        lanes = self._geometry.lanes
        kept = Signal(data.ArrayLayout(signed(WRONG_BITS), lanes), reset_less=True)
        left, ahead = Signal(range(lanes + 1)), Signal(NEURONS_BITS)
        taken = Signal()
        m.d.comb += [
            more.eq(ahead > lanes),
            self.wrong.valid.eq(left != 0),
            self.wrong.payload.eq(kept[0]),
            taken.eq(self.wrong.valid & self.wrong.ready),
            self.busy.eq((left != 0) | (ahead != 0)),
        ]
        with m.If(self.start):
            m.d.sync += ahead.eq(self.neurons)
        with m.If(loads):
            m.d.sync += [
                Cat(kept[k] for k in range(lanes)).eq(Cat(sums)),
                left.eq(Mux(more, lanes, ahead)),
                ahead.eq(Mux(more, ahead - lanes, 0)),
            ]
        with m.Elif(taken):
            m.d.sync += [
                *(kept[k].eq(kept[k + 1]) for k in range(lanes - 1)),
                left.eq(left - 1),
            ]
        return (left == 0) | ((left == 1) & taken)
