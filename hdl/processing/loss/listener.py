"""Step 1 of a node, first half: per spike a column of the readout is added to the sums."""

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import Column, LaneMemory, address_bits, select
from axonloop.hdl.processing.loss.payloads import HEARD_BITS, WEIGHT_BITS
from axonloop.models.config import NodeGeometry, ceil_log2
from axonloop.models.protocol import NodeRegion


class Listener(wiring.Component):
    """s_c = sum of G[c, i] over the neurons i that spiked (docs/contract.md, section 13). Rules:

    1. A spike is taken in the last of the `pieces` cycles that its column takes, so many words of
       `lanes` weights; while `busy` the last word is on its way to the sums.
    2. `heard` is s of class `output`, in the same cycle; with `clear` the sums of all classes in
       its word become 0 in the next one. Both only while nothing is heard.

    Latency: `pieces` cycles per spike, and 1.
    Resources: the readout, a memory of words of 8 x `lanes` bits; `lanes` adders of 19 bits, and
    as many bits of LUT RAM per word of classes.

    Members
    -------
    spikes : numbers of neurons in the node
    pieces : words of a column that hold classes, less 1
    output, heard, clear : rule 2
    """

    def __init__(self, geometry: NodeGeometry) -> None:
        self._geometry = geometry
        self.readout = LaneMemory(
            {"weight": Column(NodeRegion.READOUT, WEIGHT_BITS, signed=True, table=True)},
            words=geometry.neurons * geometry.pieces,
            lanes=geometry.lanes,
        )
        super().__init__(
            {
                "spikes": In(stream.Signature(address_bits(geometry.neurons))),
                "pieces": In(address_bits(geometry.pieces)),
                "output": In(address_bits(geometry.classes)),
                "heard": Out(signed(HEARD_BITS)),
                "clear": In(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.readout = readout = self.readout
        piece, added = Signal.like(self.pieces), Signal.like(self.pieces)
        m.d.comb += [
            self.spikes.ready.eq(piece == self.pieces),
            readout.read_enable.eq(self.spikes.valid),
            readout.read_address.eq(Cat(self._piece(piece), self.spikes.payload)),
        ]
        m.d.sync += [self.busy.eq(self.spikes.valid), added.eq(piece)]
        with m.If(self.spikes.valid):
            m.d.sync += piece.eq(piece + 1)
            with m.If(self.spikes.ready):
                m.d.sync += piece.eq(0)
        self._sum(m, added)
        return m

    def _piece(self, number: Signal) -> Value:
        """The number of a piece in an address."""
        return number[: ceil_log2(self._geometry.pieces)]

    def _sum(self, m: Module, added: Signal) -> None:
        """Add the word that was read to the sums of its classes; or give one sum, and clear."""
        lanes = self._geometry.lanes
        sums = data.ArrayLayout(signed(HEARD_BITS), lanes)
        store: memory.Memory = memory.Memory(
            shape=sums, depth=max(2, self._geometry.pieces), init=[]
        )
        m.submodules.sums = store
        write, read = store.write_port(), store.read_port(domain="comb")
        lane_bits = ceil_log2(lanes)
        m.d.comb += [
            read.addr.eq(self.output[lane_bits:]),
            self.heard.eq(select([read.data[k] for k in range(lanes)], self.output[:lane_bits])),
            write.addr.eq(read.addr),
            write.en.eq(self.busy | self.clear),
        ]
        with m.If(self.busy):
            m.d.comb += [
                read.addr.eq(added),
                *(
                    write.data[k].eq(read.data[k] + self.readout.read_data[k].weight.as_signed())
                    for k in range(lanes)
                ),
            ]
