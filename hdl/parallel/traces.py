"""Traces Q and P of every axon, and the learning factor Pq (docs/contract.md, section 5, step 4).

One pair of traces per axon, not per synapse, suffices for a current-based LIF neuron whose
synapses share their time constants: Kaiser et al. 2020, eq. 5 and 6.
"""

from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    DECAY_SHIFT,
    FactorReads,
    Fields,
    LaneMemory,
    ParameterPort,
    awake,
    block_layout,
    clip,
    delay,
    delay_strobe,
    factor_columns,
    factor_layout,
    parameter_layout,
    pq_lanes,
    select,
    trace_columns,
    trace_parameters,
)
from axonloop.models.config import Geometry


class TraceLane(wiring.Component):
    """The traces of one axon: a pipeline of `LATENCY` = 4 stages, one axon per cycle.

    With `still`, an axon's inputs stand still until its outputs were taken.

        Q' = min(((Q beta_p) >> 12) + q_inc spike, max) ; P' = min(((P alpha_p) >> 12) +
        (Q' >> p_shift), max) ; Pq' = 0 | pq_on | min(P' >> pq_shift, max)

    and with terms, of plastic rows, Qq' = pq_on | min(Q' >> qq_shift, max) ; mark' = 1 + 2 spike.
    Two multipliers of trace_bits x 13.

    Members
    -------
    spike, q, p, parameters, plastic, always_on : inputs of stage 0
    new_q, new_p, factors : outputs, `LATENCY` cycles later; Pq' is in the factors
    clips : how many of Q and P were clipped, with the outputs
    """

    LATENCY = 4

    def __init__(self, geometry: Geometry, still: bool = False) -> None:
        self._geometry, self._inputs = geometry, 0 if still else None
        trace = unsigned(geometry.trace_bits)
        super().__init__(
            {
                "spike": In(1),
                "q": In(trace),
                "p": In(trace),
                "parameters": In(parameter_layout(geometry)),
                "plastic": In(1),
                "always_on": In(1),
                "new_q": Out(trace),
                "new_p": Out(trace),
                "factors": Out(factor_layout(geometry)),
                "clips": Out(2),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits, parameters = self._geometry.trace_bits, self.parameters
        taps = {
            name: delay(m, parameters[name], 4, name, self._inputs)
            for name in trace_parameters(self._geometry)
            if name not in ("alpha_p", "beta_p")
        }
        spike = delay(m, self.spike, 4 if self._geometry.terms else 2, "spike", self._inputs)
        plastic, always = (
            delay(m, self.plastic, 4, "plastic", self._inputs),
            delay(m, self.always_on, 4, "always_on", self._inputs),
        )
        operands = [
            Signal(len(v), reset_less=True)
            for v in (self.q, parameters.beta_p, self.p, parameters.alpha_p)
        ]
        sources = (self.q, parameters.beta_p, self.p, parameters.alpha_p)
        m.d.sync += [a.eq(b) for a, b in zip(operands, sources, strict=True)]
        product_q, product_p = (Signal(bits + 13, reset_less=True) for _ in range(2))
        m.d.sync += product_q.eq(operands[0] * operands[1])
        m.d.sync += product_p.eq(operands[2] * operands[3])
        decayed_q, decayed_p = product_q >> DECAY_SHIFT, Signal(bits)
        q, q_clipped = clip(decayed_q + Mux(spike[2], taps["q_inc"][2], 0), bits)
        new_q, clipped = Signal(bits), Signal()
        m.d.sync += [new_q.eq(q), clipped.eq(q_clipped), decayed_p.eq(product_p >> DECAY_SHIFT)]
        p, p_clipped = clip(decayed_p + (new_q >> taps["p_shift"][3]), bits)
        m.d.sync += [
            self.new_q.eq(new_q),
            self.new_p.eq(p),
            self.clips.eq(clipped + p_clipped),
        ]
        learned = {"pq": self.new_p >> taps["pq_shift"][4]}
        if self._geometry.terms:
            learned["qq"] = self.new_q >> taps["qq_shift"][4]
            m.d.comb += self.factors.mark.eq(Mux(plastic[4], Cat(1, spike[4]), 0))
        for name, value in learned.items():
            small, _ = clip(value, self._geometry.pq_bits)
            factor = Mux(always[4], taps["pq_on"][4], small)
            m.d.comb += self.factors[name].eq(Mux(plastic[4], factor, 0))
        return m


class Traces(wiring.Component):
    """All traces of a core, `trace_lanes` of them per cycle, as the scheduler shows the blocks;
    idle lanes stand still. A lane that is alone takes the next block when the one before was
    written: slow and small.

    Latency: one block per cycle, with a single lane one in `TraceLane.LATENCY` + 3; written
    `TraceLane.LATENCY` + 2 cycles after it was shown.
    Resources: 2 trace_lanes multipliers; axons x (2 trace_bits + pq_bits) bits of memory; with
    terms pq_bits + 2 more.

    Members
    -------
    block : from the scheduler; `clear` in it zeroes the traces
    parameters : all parameter sets
    factors : read port for learning
    clips : state words clipped in this cycle
    ready : a block may be shown
    busy : a block is on its way
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._pq_lanes, lanes = pq_lanes(geometry), geometry.trace_lanes
        self._still = lanes == 1
        self._traces = LaneMemory(
            trace_columns(geometry), words=geometry.axons // lanes, lanes=lanes
        )
        self._factors = {
            name: LaneMemory(
                {name: column}, words=geometry.axons // self._pq_lanes, lanes=self._pq_lanes
            )
            for name, column in factor_columns(geometry).items()
        }
        super().__init__(
            {
                "block": In(data.StructLayout({"valid": 1, "block": block_layout(geometry)})),
                "parameters": Out(ParameterPort(geometry)),
                "factors": In(FactorReads(geometry)),
                "clips": Out(range(2 * lanes + 1)),
                "ready": Out(1),
                "busy": Out(1),
            }
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """The memories that the register map sees, by name of the submodule."""
        return {"traces": self._traces} | self._factors

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, store in self.memories.items():
            m.submodules[name] = store
        last, self._awake = TraceLane.LATENCY + 2, awake(self.busy, platform)
        valid = delay_strobe(m, self.block.valid, last, "valid")
        blocks = self._blocks(m, last)
        m.d.comb += [
            self._traces.read_enable.eq(self.block.valid),
            self._traces.read_address.eq(self.block.block.index),
        ]
        m.d.comb += [
            self.busy.eq(Cat(valid).any()),
            self.ready.eq(~Cat(valid[1:]).any() if self._still else 1),
        ]
        lanes = [self._lane(m, index, blocks[1]) for index in range(self._geometry.trace_lanes)]
        self._write(m, valid[last], blocks[last], lanes)
        for name, store in self._factors.items():
            m.d.comb += [
                store.read_enable.eq(self.factors.enable),
                store.read_address.eq(self.factors.address),
                *(
                    self.factors.data[lane][name].eq(store.read_data[lane][name])
                    for lane in range(self._pq_lanes)
                ),
            ]
        return m

    def _blocks(self, m: Module, last: int) -> list[Fields]:
        """The block that goes with each stage; a lane that is alone has one at a time."""
        block = self.block.block
        if not self._still:
            taps = delay(m, block.as_value(), last, "block")
            return [data.View(block.shape(), tap) for tap in taps]
        kept = Signal(block.shape())
        with m.If(self.block.valid):
            m.d.sync += kept.eq(block)
        return [block, *[kept] * last]

    def _lane(self, m: Module, index: int, block: Fields) -> TraceLane:
        """Memory words and the parameter set of one lane, registered, go into its pipeline."""
        lane = TraceLane(self._geometry, self._still)
        domain = m.d.comb if self._still else m.d.sync
        m.submodules[f"lane_{index}"] = EnableInserter(self._awake)(lane)
        sets = [self.parameters.sets[k] for k in range(self._geometry.parameter_sets)]
        row, traces = block.rows[index], self._traces.read_data[index]
        number = row.parameter_set if len(sets) > 1 else 0
        with m.If(self._awake):
            for name in trace_parameters(self._geometry):
                chosen = select([entry[name] for entry in sets], number)
                domain += lane.parameters[name].eq(chosen)
            domain += [
                lane.spike.eq(block.spikes[index]),
                lane.q.eq(traces.q),
                lane.p.eq(traces.p),
                lane.plastic.eq(row.plastic),
                lane.always_on.eq(row.always_on),
            ]
        return lane

    def _write(self, m: Module, valid: Value, done: Fields, lanes: list[TraceLane]) -> None:
        keep, enable = ~done.clear, valid.replicate(len(lanes))
        counted = [Mux(valid & keep, lane.clips, 0) for lane in lanes]
        m.d.sync += self.clips.eq(sum(counted[1:], counted[0]))
        values = Cat(Cat(lane.new_q, lane.new_p) for lane in lanes)
        m.d.comb += [
            self._traces.write_enable.q.eq(enable),
            self._traces.write_enable.p.eq(enable),
            self._traces.write_address.eq(done.index),
            self._traces.write_data.eq(Mux(keep, values, 0)),
        ]
        ratio = self._pq_lanes // len(lanes)
        part = done.index[: (ratio - 1).bit_length()] if ratio > 1 else 0
        for name, store in self._factors.items():
            factors = Mux(keep, Cat(lane.factors[name] for lane in lanes), 0)
            m.d.comb += [
                store.write_enable[name].eq(enable << (part * len(lanes))),
                store.write_address.eq(done.index >> (ratio - 1).bit_length()),
                store.write_data.eq(factors.replicate(ratio)),
            ]
