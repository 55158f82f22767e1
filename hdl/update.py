"""The weight update of one neuron after the other, `multipliers` synapses per cycle."""

from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.arithmetic import delay, popcount, saturate
from axonloop.hdl.noise import AXON_ROUNDS, axon_code, axon_code_constant, noise_rounds
from axonloop.hdl.payloads import address_bits
from axonloop.hdl.weights import place_layout
from axonloop.models.config import Geometry, ceil_log2, parameter_max
from axonloop.models.registers import parameter_bits


def target_layout(geometry: Geometry) -> data.StructLayout:
    """A neuron in error: its number, E, the neuron's part of the hash, and how to round."""
    return data.StructLayout(
        {
            "neuron": address_bits(geometry.neurons),
            "error": signed(geometry.error_bits),
            "word": unsigned(32),
            "eta_shift": parameter_bits(geometry)["eta_shift"],
            "rounding": 1,
        }
    )


class UpdateLane(wiring.Component):
    """One synapse: W' = sat(W - round(E Pq, eta_shift)), a pipeline of `LATENCY` = 6 stages.

    The noise takes the first four stages (one round each), the product one, adding the noise one,
    shifting one, subtracting and clipping one. One multiplier of error_bits x (pq_bits + 1).

    Members
    -------
    word, weight, pq, error : stage 0; `word` is the hash before the axon rounds
    shift, nearest : eta_shift and rounding at stage 4
    shift_late : eta_shift at stage 5
    new_weight, visited, changed : `LATENCY` cycles later
    """

    LATENCY = 6

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        weight = signed(geometry.weight_bits)
        shift = parameter_bits(geometry)["eta_shift"]
        super().__init__(
            {
                "word": In(32),
                "weight": In(weight),
                "pq": In(geometry.pq_bits),
                "error": In(signed(geometry.error_bits)),
                "shift": In(shift),
                "nearest": In(1),
                "shift_late": In(shift),
                "new_weight": Out(weight),
                "visited": Out(1),
                "changed": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        geometry = self._geometry
        noise_bits = parameter_max(geometry)["eta_shift"]
        word = self.word
        for number in AXON_ROUNDS:
            mixed = Signal(32, name=f"word_{number}")
            m.d.sync += mixed.eq(noise_rounds(word, range(number, number + 1)))
            word = mixed
        weight = delay(m, self.weight, 5, "weight")
        product = Signal(signed(geometry.error_bits + geometry.pq_bits + 1))
        m.d.sync += product.eq(self.error * self.pq)
        product = delay(m, product, 3, "product")[3]
        visited = Signal()
        m.d.sync += visited.eq((self.pq != 0) & (self.weight != geometry.no_synapse))
        visited = delay(m, visited, 4, "visited")
        # Stage 4: what rounding adds.
        mask = (1 << self.shift) - 1
        half = (1 << self.shift) >> 1
        added = Mux(self.nearest, half, word & mask)[:noise_bits]
        exact = Signal(signed(max(len(product), noise_bits + 1) + 1))
        m.d.sync += exact.eq(product + added)
        # Stage 5: the change; the weight range bounds what matters of it.
        change = exact >> self.shift_late
        value, _ = saturate(weight[5] - change, geometry.weight_bits)
        new_weight = Mux(visited[4], value, weight[5])
        m.d.sync += [
            self.new_weight.eq(new_weight),
            self.visited.eq(visited[4]),
            self.changed.eq(new_weight != weight[5]),
        ]
        return m


class Update(wiring.Component):
    """Walks over all axons of a neuron in error, `multipliers` synapses per cycle.

    Rules
    -----
    1. `targets` hands over one neuron; the next is taken without a gap.
    2. `pq_data` follows `pq_address` after one cycle, `read_data` follows `read_place` after two.
    3. `busy` until the last write was handed to the weight memory and reached the banks.

    Latency: axons / multipliers cycles per target (twice with one weight port), + `LATENCY`.
    """

    LATENCY = 3 + UpdateLane.LATENCY

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._pq_lanes = max(geometry.trace_lanes, geometry.multipliers)
        weights = data.ArrayLayout(signed(geometry.weight_bits), geometry.lanes)
        super().__init__(
            {
                "targets": In(stream.Signature(target_layout(geometry))),
                "pq_enable": Out(1),
                "pq_address": Out(address_bits(geometry.axons // self._pq_lanes)),
                "pq_data": In(data.ArrayLayout(geometry.pq_bits, self._pq_lanes)),
                "read_enable": Out(1),
                "read_place": Out(place_layout(geometry)),
                "read_data": In(weights),
                "write_enable": Out(geometry.lanes),
                "write_place": Out(place_layout(geometry)),
                "write_data": Out(weights),
                "visits": Out(range(geometry.multipliers + 1)),
                "updates": Out(range(geometry.multipliers + 1)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        issue, axon, target = self._walk(m)
        lane_bits = ceil_log2(self._geometry.lanes)
        place = Signal(place_layout(self._geometry))
        m.d.comb += [
            place.column.eq(1),
            place.axon.eq(axon),
            place.group.eq(target.neuron >> lane_bits),
            place.lane.eq(target.neuron[:lane_bits]),
            self.read_enable.eq(issue),
            self.read_place.eq(place),
            self.pq_enable.eq(issue),
            self.pq_address.eq(axon >> ceil_log2(self._pq_lanes)),
        ]
        valid = delay(m, issue, self.LATENCY, "valid")
        lanes = self._lanes(m, axon, target, Cat(valid).any())
        places = delay(m, place.as_value(), self.LATENCY - 1, "place")
        done = valid[self.LATENCY - 1]
        visited = Cat(lane.visited for lane in lanes)
        changed = Cat(lane.changed for lane in lanes)
        m.d.comb += [
            self.write_enable.eq(Mux(done, visited & changed, 0)),
            self.write_place.eq(places[self.LATENCY - 1]),
            self.write_data.as_value().eq(Cat(lane.new_weight for lane in lanes)),
            self.busy.eq(Cat(valid).any()),
        ]
        m.d.sync += [
            self.visits.eq(Mux(done, popcount(visited), 0)),
            self.updates.eq(Mux(done, popcount(changed), 0)),
        ]
        return m

    def _walk(self, m):
        """Issue one access after the other: axon blocks of the target."""
        step, last = self._geometry.multipliers, self._geometry.axons - self._geometry.multipliers
        active, target = Signal(), Signal(target_layout(self._geometry))
        axon, issue = Signal(address_bits(self._geometry.axons)), Signal()
        final = Signal()
        m.d.comb += [
            issue.eq(active),
            final.eq(issue & (axon == last)),
            self.targets.ready.eq(~active | final),
        ]
        if self._geometry.weight_ports == 1:
            turn = Signal()
            m.d.sync += turn.eq(~turn)
            m.d.comb += issue.eq(active & turn)
        with m.If(issue):
            m.d.sync += axon.eq(axon + step)
        with m.If(final):
            m.d.sync += [active.eq(0), axon.eq(0)]
        with m.If(self.targets.ready & self.targets.valid):
            m.d.sync += [active.eq(1), axon.eq(0), target.eq(self.targets.payload)]
        return issue, axon, target

    def _lanes(self, m, axon, target, enable):
        """Stages 1 and 2: the hash before the axon rounds, Pq, and the weights, lane by lane.

        Idle lanes stand still, which spares a simulator their work.
        """
        geometry = self._geometry
        count = geometry.multipliers
        word = Signal(32)
        m.d.sync += word.eq(target.word ^ axon_code(axon))
        parts = self._pq_lanes // count
        part = Signal(max(1, ceil_log2(parts)))
        m.d.sync += part.eq(axon >> ceil_log2(count))
        width = count * geometry.pq_bits
        factors = self.pq_data.as_value()
        factors = factors.word_select(part, width) if parts > 1 else factors
        error = delay(m, target.error, 2, "error")
        shift = delay(m, target.eta_shift, 7, "shift")
        nearest = delay(m, target.rounding, 6, "nearest")
        lanes = []
        for k in range(count):
            lane = UpdateLane(geometry)
            m.submodules[f"lane_{k}"] = EnableInserter(enable)(lane)
            with m.If(enable):
                m.d.sync += [
                    lane.word.eq(word ^ axon_code_constant(k)),
                    lane.pq.eq(factors.word_select(k, geometry.pq_bits)),
                ]
            m.d.comb += [
                lane.weight.eq(self.read_data[k]),
                lane.error.eq(error[2]),
                lane.shift.eq(shift[6]),
                lane.nearest.eq(nearest[6]),
                lane.shift_late.eq(shift[7]),
            ]
            lanes.append(lane)
        return lanes
