"""The weight memory over L banks: rows for integration, columns for learning."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from axonloop.hdl.common import (
    ONE_PORT,
    UNDEFINED,
    BusSignature,
    Fields,
    WeightReads,
    WeightWrites,
    awake,
    bus_latency,
    delay,
    delay_strobe,
    disjoint_memory,
    lane_turn,
    location_layout,
    rotate,
    weight_latency,
)
from axonloop.models.config import Geometry, Layout, ceil_log2
from axonloop.models.protocol import Region, weight_stride


class Weights(wiring.Component):
    """axons x neurons weights, or kernel rows x output channels, in L banks.

    In the skewed layout neuron r of a group lies, for axon j, in bank (r + j) mod L. So both a
    row piece and a column piece touch every bank once, and a rotation by one amount puts the
    lanes in order: j for a row, r + j for a column. In the plain layout bank = lane, all banks
    share one address, and a column piece is one weight (in lane 0).

    Rules
    -----
    1. `reads` answer `weight_latency` cycles later, one of the bus its word `bus_latency` cycles
       later.
    2. A write reaches the banks in the next cycle, one of the bus two cycles later in the skewed
       layout. Lanes without enable stay.
    3. With one weight port no read may come in the cycle after a write.
    4. A read in the cycle after a write of the same location returns either value.
    5. In the skewed layout a write comes only in a cycle after `writes.expected`, with the turn
       that was told; no access of the bus is under way then.

    Resources: L banks of axons x groups weights; skewed: two rotators of L x weight_bits.
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry, self._latency = geometry, weight_latency(geometry)
        self._lane_bits = ceil_log2(geometry.lanes)
        self._group_bits = ceil_log2(geometry.weight_columns // geometry.lanes)
        super().__init__(
            {
                "reads": In(WeightReads(geometry)),
                "writes": In(WeightWrites(geometry)),
                "bus": In(BusSignature()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes, width = self._geometry.lanes, self._geometry.weight_bits
        read, read_location = Signal(), Signal(location_layout(self._geometry))
        write, write_location = Signal(lanes), Signal(location_layout(self._geometry))
        write_data = Signal(lanes * width)
        m.d.comb += [
            read.eq(self.reads.enable),
            read_location.eq(self.reads.location),
            write.eq(self.writes.enable),
            write_location.eq(self.writes.location),
            write_data.eq(self.writes.data.as_value()),
        ]
        self._bus_location: Fields = Signal(location_layout(self._geometry), name="bus_location")
        self._access(m, read, read_location, write, write_location, write_data)
        turn = self._next_turn(m) if self._skewed else Const(0)
        enable = awake(write.any(), platform)
        pieces = self._turn_in(m, write, write_location, write_data, turn)
        enables, location, values = self._turned(m, pieces, write_location, enable)
        ports = (read, read_location, location)
        if self._skewed:
            outputs = [
                self._store(m, bank, *ports, [enables[bank]], [values[bank]])
                for bank in range(lanes)
            ]
        else:
            row = self._store(m, 0, *ports, enables, values)
            outputs = [row.word_select(k, width) for k in range(lanes)]
        m.d.sync += self.reads.data.as_value().eq(Cat(self._turn_out(m, read_location, outputs)))
        return m

    @property
    def _skewed(self) -> bool:
        return self._geometry.layout is Layout.SKEWED

    def _next_turn(self, m: Module) -> Signal:
        """How far the lanes of the present write are turned: a register, for all banks hang on it.

        It is that of the write that was expected, or of the word of the bus, which comes a cycle
        after its strobe.
        """
        turn, of_bus = Signal(self._lane_bits), lane_turn(self._geometry, self._bus_location)
        ahead = Mux(self.writes.expected, self.writes.turn, of_bus)
        m.d.sync += turn.eq(-ahead)
        return turn

    def _turn_out(self, m: Module, location: Fields, outputs: list[Value]) -> list[Value]:
        """Read side: what the banks gave in the cycle after `location`, turned to lanes."""
        width = self._geometry.weight_bits
        if not self._skewed:
            column, lane = (
                delay(m, location.column, 1, "column"),
                delay(m, location.lane, 1, "lane"),
            )
            first = Cat(outputs).word_select(lane[1], width)
            return [Mux(column[1], first, outputs[0]), *outputs[1:]]
        turn = lane_turn(self._geometry, location)[: self._lane_bits]
        amounts, half = delay(m, turn, 3, "amount"), self._lane_bits // 2
        far = Cat(Const(0, half), amounts[3][half:])
        kept = self._kept(m, "row", outputs)
        return rotate(self._kept(m, "near", rotate(kept, amounts[2][:half])), far)

    def _kept(self, m: Module, name: str, words: list[Value]) -> list[Value]:
        """Words of weights in a register."""
        width = self._geometry.weight_bits
        kept = Signal(len(Cat(words)), name=name, reset_less=True)
        m.d.sync += kept.eq(Cat(words))
        return [kept.word_select(k, width) for k in range(len(words))]

    def _address(self, location: Fields, bank: int) -> Value:
        """Address in `bank`: the axon that this bank holds there, and the group."""
        low = location.axon[: self._lane_bits]
        if self._skewed:
            low = Mux(location.column, (bank - location.lane)[: self._lane_bits], low)
        axon = Cat(low, location.axon[self._lane_bits :])
        return Cat(location.group[: self._group_bits], axon)

    def _turn_in(
        self, m: Module, enable: Value, location: Fields, values: Value, turn: Value
    ) -> Value:
        """Write side: lanes turned to banks, a weight and its enable for each."""
        lanes, width = self._geometry.lanes, self._geometry.weight_bits
        pieces: list[Value] = [Cat(values.word_select(k, width), enable[k]) for k in range(lanes)]
        if self._skewed:
            pieces = rotate(pieces, turn)
        elif lanes > 1:
            pieces = [
                Mux(
                    location.column, Cat(pieces[0][:width], enable[0] & (location.lane == k)), piece
                )
                for k, piece in enumerate(pieces)
            ]
        return Cat(pieces)

    def _turned(
        self, m: Module, pieces: Value, location: Fields, enable: Value
    ) -> tuple[list[Value], Fields, list[Value]]:
        """A register: the enables of the banks, where they are written, and with what."""
        lanes, width = self._geometry.lanes, self._geometry.weight_bits
        kept, where = Signal(lanes * (width + 1)), Signal(location.shape())
        m.d.sync += [kept.eq(Mux(enable, pieces, 0)), where.eq(location)]
        words = [kept.word_select(k, width + 1) for k in range(lanes)]
        return [word[width] for word in words], where, [word[:width] for word in words]

    def _store(
        self,
        m: Module,
        number: int,
        read: Value,
        read_location: Fields,
        write_location: Fields,
        enables: list[Value],
        values: list[Value],
    ) -> Value:
        """A memory with the banks from `number` on that share an address; returns its word."""
        width = self._geometry.weight_bits
        one_port = self._geometry.weight_ports == 1
        m.submodules[f"bank_{number}"] = store = disjoint_memory(
            width * len(values),
            self._geometry.weight_rows << self._group_bits,
            (),
            UNDEFINED,
            *[ONE_PORT] * one_port,
        )
        output, source = store.read_port(), store.write_port(granularity=width)
        read_address = self._address(read_location, number)
        write_address = self._address(write_location, number)
        m.d.comb += [
            output.en.eq(read),
            output.addr.eq(read_address),
            source.en.eq(Cat(enables)),
            source.addr.eq(write_address),
            source.data.eq(Cat(values)),
        ]
        if one_port:
            shared = Signal.like(output.addr, name=f"address_{number}")
            writing = Cat(enables).any()
            m.d.comb += [
                shared.eq(Mux(writing, write_address, read_address)),
                output.en.eq(read & ~writing),
                output.addr.eq(shared),
                source.addr.eq(shared),
            ]
        return output.data

    def _access(
        self,
        m: Module,
        read: Value,
        read_location: Fields,
        write: Value,
        write_location: Fields,
        write_data: Value,
    ) -> None:
        """Register access: a word holds a few neighbouring weights of a row."""
        geometry, bus = self._geometry, self.bus
        per_word, container = geometry.weights_per_word, geometry.weight_container_bits
        parts = geometry.lanes // per_word
        part_bits, word_bits = ceil_log2(parts), ceil_log2(weight_stride(geometry))
        part = bus.address[:part_bits]
        location = self._bus_location
        inside = bus.address[:word_bits] < geometry.weight_columns // per_word if word_bits else 1
        selected = Signal()
        weights = Cat(
            bus.write_data[k * container :][: geometry.weight_bits] for k in range(per_word)
        )
        m.d.comb += [
            selected.eq((bus.address[24:] == Region.WEIGHT) & inside),
            location.axon.eq(bus.address[word_bits:24]),
            location.group.eq(bus.address[part_bits:word_bits]),
        ]
        latency = bus_latency(geometry)
        later = latency - self._latency
        reads = delay_strobe(m, bus.read, later, "reads")[-1]
        written = delay_strobe(m, bus.write & selected, later, "written")[-1]
        there = data.View(location.shape(), delay(m, location.as_value(), later, "there")[-1])
        wanted = delay(m, part, latency, "part")
        given = delay(m, weights, later, "weights")[-1]
        whole: Value = Const(-1, per_word)
        if parts > 1:
            whole = Cat(Mux(part == k, whole, 0) for k in range(parts))
        lanes = delay(m, whole, later, "written_lanes")[-1]
        with m.If(reads):
            m.d.comb += [read.eq(1), read_location.eq(there)]
        with m.If(written):
            m.d.comb += [
                write.eq(lanes),
                write_location.eq(there),
                write_data.eq(given.replicate(parts)),
            ]
        chosen = delay_strobe(m, bus.read & selected, latency, "chosen")
        row = self.reads.data.as_value()
        width = per_word * geometry.weight_bits
        piece = row.word_select(wanted[-1], width) if parts > 1 else row
        fields = [
            data.View(data.ArrayLayout(signed(geometry.weight_bits), per_word), piece)[k]
            for k in range(per_word)
        ]
        wide = [Signal(signed(container), name=f"container_{k}") for k in range(per_word)]
        m.d.comb += [a.eq(b) for a, b in zip(wide, fields, strict=True)]
        with m.If(chosen[-1]):
            m.d.comb += bus.read_data.eq(Cat(wide))
