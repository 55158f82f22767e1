"""The traces of a serial core: one multiplier, one adder and a program for all of step 4.

The equations are those of hdl/parallel/traces.py. A step gets its parameter in its own cycle.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    DECAY_BITS,
    DECAY_SHIFT,
    INDEX_BITS,
    FactorReads,
    Fields,
    LaneMemory,
    ParameterPort,
    block_layout,
    clip,
    factor_columns,
    trace_columns,
)
from axonloop.models.config import Geometry
from axonloop.models.protocol import PARAMETER_INDEX, set_bits

FACTOR_SHIFT = 15
"""A factor is in 2^-15: so decays and right shifts are one multiplication."""


@dataclass(frozen=True)
class TraceStep:
    """value := value + `added`, clipped.

    `added` is "decay" (`trace` times `parameter`), "shift" (`trace` >> `parameter`) or
    "parameter", of which there is none without a spike. `read` fetches the axon's traces, `zero`
    clears the value at the end, `write` stores the value.
    """

    added: str = ""
    trace: str = "q"
    parameter: str = ""
    read: bool = False
    write: str = ""
    zero: bool = False


PROGRAM = (
    TraceStep(zero=True),  # until a block comes; it is read at once
    TraceStep(zero=True),
    TraceStep("decay", "q", "beta_p"),
    TraceStep("parameter", parameter="q_inc"),
    TraceStep(write="q", zero=True),
    TraceStep("decay", "p", "alpha_p", read=True),
    TraceStep("shift", "q", "p_shift"),
    TraceStep(write="p", zero=True),
    TraceStep(read=True),
    TraceStep("shift", "p", "pq_shift"),
    TraceStep(write="pq", parameter="pq_on"),
)
"""An axon's steps."""


class SerialTraces(wiring.Component):
    """All traces of a core, one axon in `len(PROGRAM)` = 11 cycles, as the scheduler shows them.

    Resources: one multiplier of trace_bits x 16, one adder.

    Members
    -------
    block : from the scheduler; `clear` in it zeroes the traces
    parameters : a register at a time, while `busy`
    factors : read port for learning
    clips : a state word was clipped in this cycle
    ready : a block may be shown
    busy : a block is on its way
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        columns = trace_columns(geometry) | factor_columns(geometry)
        self._traces = LaneMemory(columns, words=geometry.axons)
        self.memories = {"traces": self._traces}
        """The memories that the register map sees, by name of the submodule."""
        block = data.StructLayout({"valid": 1, "block": block_layout(geometry)})
        super().__init__(
            {
                "block": In(block),
                "parameters": Out(ParameterPort(geometry)),
                "factors": In(FactorReads(geometry)),
                "clips": Out(1),
                "ready": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.traces = self._traces
        block, step = Signal(block_layout(self._geometry)), Signal(range(len(PROGRAM)))
        now: Fields = Signal(
            data.StructLayout(
                {
                    **dict.fromkeys(("decay", "shift", "parameter", "p"), 1),
                    **dict.fromkeys(("read", "zero", "write_q", "write_p", "write_pq"), 1),
                    "index": INDEX_BITS,
                }
            )
        )
        with m.If(self.busy | self.block.valid):
            m.d.sync += step.eq(Mux(step == len(PROGRAM) - 1, 0, step + 1))
        with m.If(~self.busy):
            m.d.sync += block.eq(self.block.block)
        with m.Switch(step):
            for number, entry in enumerate(PROGRAM):
                with m.Case(number):
                    then = PROGRAM[(number + 1) % len(PROGRAM)]
                    m.d.comb += [now[entry.added].eq(1)] if entry.added else []
                    m.d.comb += [now[f"write_{entry.write}"].eq(1)] if entry.write else []
                    m.d.comb += [
                        now.p.eq(entry.trace == "p"),
                        now.read.eq(entry.read),
                        now.zero.eq(entry.zero),
                        now.index.eq(PARAMETER_INDEX.get(then.parameter, 0)),
                    ]
        m.d.comb += [self.busy.eq(step != 0), self.ready.eq(~self.busy)]
        m.d.comb += self.parameters.enable.eq(self.busy)
        self._read(m, block, now)
        self._write(m, block, now, self._compute(m, block, now))
        return m

    def _read(self, m: Module, block: Fields, now: Fields) -> None:
        number = block.rows[0].parameter_set if set_bits(self._geometry) else Cat()
        m.d.comb += [
            self.parameters.address.eq(Cat(now.index, number)),
            self._traces.read_enable.eq(self.block.valid | now.read | self.factors.enable),
            self._traces.read_address.eq(Mux(self.busy, block.index, self.block.block.index)),
            self.factors.data[0].pq.eq(self._traces.read_data[0].pq),
        ]
        with m.If(self.factors.enable):
            m.d.comb += self._traces.read_address.eq(self.factors.address)

    def _compute(self, m: Module, block: Fields, now: Fields) -> Signal:
        bits, parameter, traces = (
            self._geometry.trace_bits,
            self.parameters.value,
            self._traces.read_data,
        )
        value, trace, factor = Signal(bits), Signal(bits), Signal(FACTOR_SHIFT + 1)
        one = Cat(parameter[:4] == FACTOR_SHIFT - bit for bit in range(FACTOR_SHIFT + 1))
        decay = parameter[:DECAY_BITS] << (FACTOR_SHIFT - DECAY_SHIFT)
        gain = Mux(block.spikes[0], parameter[:bits], 0)
        product = (trace * factor) >> FACTOR_SHIFT
        added = Mux(now.parameter, gain, Mux(now.decay | now.shift, product, 0))
        total, clipped = clip(value + added, bits)
        m.d.comb += [
            trace.eq(Mux(now.p, traces[0].p, traces[0].q)),
            factor.eq(Mux(now.shift, one, decay)),
            self.clips.eq(clipped & ~block.clear),
        ]
        m.d.sync += value.eq(total)
        with m.If(now.zero | block.clear):
            m.d.sync += value.eq(0)
        return value

    def _write(self, m: Module, block: Fields, now: Fields, value: Value) -> None:
        traces, row = self._traces, block.rows[0]
        small, _ = clip(value, self._geometry.pq_bits)
        factor = Mux(row.always_on, self.parameters.value[: self._geometry.pq_bits], small)
        m.d.comb += [
            traces.write_enable.q.eq(now.write_q),
            traces.write_enable.p.eq(now.write_p),
            traces.write_address.eq(block.index),
            traces.write_enable.pq.eq(now.write_pq),
            traces.write_data[0].q.eq(value),
            traces.write_data[0].p.eq(value),
            traces.write_data[0].pq.eq(Mux(row.plastic & ~block.clear, factor, 0)),
        ]
