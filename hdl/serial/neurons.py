"""The neurons of a serial core: one adder and one program for all of step 3 (docs/contract.md).

The equations are those of hdl/parallel/neurons.py. A step gets its parameter in its own cycle.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    DECAY_BITS,
    DECAY_SHIFT,
    INDEX_BITS,
    REPORT,
    STATES,
    Emission,
    LaneMemory,
    NeuronLookup,
    ParameterPort,
    SumReads,
    flags_layout,
    saturate,
    select,
    set_columns,
    state_columns,
)
from axonloop.hdl.serial.spike_register import SpikeRegister
from axonloop.models.config import Geometry, ResetMode, ceil_log2
from axonloop.models.protocol import PARAMETER_INDEX, set_bits


@dataclass(frozen=True)
class NeuronStep:
    """value := value + `added`, if that is named; inverted, and with a `one`, if so.

    `added` is "leak" (`state` times `parameter`, toward zero), "state", "parameter", "minus one",
    "accumulator" << `parameter` or "current" >> `parameter`. The sum may be clipped. `read` fetches
    the neuron's state, `zero` clears the value at the end. What else happens goes by `mark`.
    """

    mark: str = ""
    added: str = ""
    state: str = "reset"
    parameter: str = ""
    invert: bool = False
    one: bool = False
    clip: bool = False
    read: bool = False
    zero: bool = False


PROGRAM = (
    NeuronStep("begin", read=True, zero=True),
    NeuronStep("clear sums", zero=True),
    NeuronStep("", "leak", "current", "beta_n"),
    NeuronStep("", "accumulator", parameter="w_exp", clip=True),
    NeuronStep("write current", zero=True),
    NeuronStep("", "leak", "membrane", "alpha_n", read=True),
    NeuronStep("", "state", "bias"),
    NeuronStep("hold", "current", parameter="i_shift", clip=True),
    NeuronStep("write membrane", zero=True),
    NeuronStep("", read=True),
    NeuronStep("", "state", "membrane"),
    NeuronStep("", "state", "reset", invert=True, one=True),
    NeuronStep("", "parameter", parameter="theta", invert=True, one=True),
    # The value is U - theta. |U - theta| < box: below box, and with box - 1 not negative.
    NeuronStep("below", "parameter", parameter="box", invert=True, one=True),
    NeuronStep("", "minus one", invert=True),
    NeuronStep("above", "parameter", parameter="box"),
    # V - theta is U - theta + R; the 1 that was taken away comes back.
    NeuronStep("choose", "state", "reset", "reset_mode", one=True),
    NeuronStep("write lowered", parameter="reset_mode", zero=True),
    NeuronStep("", "leak", "reset", "gamma"),
    NeuronStep("rise", "parameter", parameter="rho", clip=True),
    NeuronStep("write reset", parameter="refractory"),
)
"""A neuron's steps."""
SOURCES = tuple(dict.fromkeys(step.added for step in PROGRAM))
FLAGS = ("invert", "one", "clip", "read", "zero")


class SerialNeurons(wiring.Component):
    """Sweeps over all neurons of a core, `len(PROGRAM)` = 21 cycles each.

    Rules
    -----
    1. `start` sweeps; `clear` sweeps too, but writes zeroes and shows no spikes.
    2. `spikes` shows every neuron once per sweep; none begins while `emission.busy`.
    3. `busy` from the cycle after `start` until the last word was written.

    Resources: a multiplier of state_bits x 13, two that shift; one adder.

    Members
    -------
    parameters : a register at a time, while `busy`
    sums : the accumulators
    emission : the neuron that spiked
    lookup : while at rest: what learning takes of a neuron
    clips : a state word was clipped in this cycle
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._states = LaneMemory(state_columns(geometry), words=geometry.neurons)
        self._groups = LaneMemory(set_columns(geometry) | REPORT, words=geometry.groups)
        self.memories = {"states": self._states, "groups": self._groups}
        """The memories that the register map sees, by name of the submodule."""
        super().__init__(
            {
                "start": In(1),
                "clear": In(1),
                "parameters": Out(ParameterPort(geometry)),
                "sums": Out(SumReads(geometry)),
                "spikes": Out(flags_layout(geometry)),
                "emission": Out(Emission(geometry)),
                "lookup": In(NeuronLookup(geometry)),
                "clips": Out(1),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for name, store in self.memories.items():
            m.submodules[name] = store
        self._row = self._states.read_data[0]
        m.submodules.register = register = SpikeRegister(self._geometry)
        connect(m, register=register.emission, fanout=flipped(self.emission))
        m.d.comb += [
            register.words.eq(self.spikes),
            register.report.eq(self._groups.read_data[0].report),
        ]
        self._step, self._word = Signal(range(len(PROGRAM))), Signal(range(self._geometry.neurons))
        self._clearing, self._spike, self._box = Signal(), Signal(), Signal()
        self._controls(m)
        self._walk(m)
        self._read(m)
        self._compute(m)
        return m

    def _controls(self, m: Module) -> None:
        """Decode the present step, and the parameter of the next step."""
        self._source, self._state = Signal(range(len(SOURCES))), Signal(2)
        self._index = Signal(INDEX_BITS)
        self._flags = {name: Signal(name=name) for name in FLAGS}
        marks = filter(None, (step.mark for step in PROGRAM))
        self._marks = {mark: Signal(name=mark.replace(" ", "_")) for mark in marks}
        with m.Switch(self._step):
            for number, step in enumerate(PROGRAM):
                then = PROGRAM[(number + 1) % len(PROGRAM)]
                with m.Case(number):
                    m.d.comb += [
                        self._source.eq(SOURCES.index(step.added)),
                        self._state.eq((*STATES, "bias").index(step.state)),
                        self._index.eq(PARAMETER_INDEX.get(then.parameter, 0)),
                        *(self._marks[mark].eq(1) for mark in [step.mark] if mark),
                        *(self._flags[name].eq(getattr(step, name)) for name in FLAGS),
                    ]

    def _walk(self, m: Module) -> None:
        running, step = Signal(), self._step
        waits = self._marks["begin"] & self.emission.busy
        last = self._marks["write reset"]
        with m.If(running & ~waits):
            m.d.sync += step.eq(step + 1)
            with m.If(last):
                m.d.sync += [step.eq(0), self._word.eq(self._word + 1)]
                m.d.sync += running.eq(self._word != self._geometry.neurons - 1)
        with m.If(self.start | self.clear):
            m.d.sync += [running.eq(1), self._word.eq(0), self._clearing.eq(self.clear)]
        m.d.comb += [
            self.busy.eq(running),
            self.parameters.enable.eq(running),
            self.spikes.valid.eq(last & ~self._clearing),
            self.spikes.index.eq(self._word),
            self.spikes.bits.eq(self._spike & last),
        ]

    def _read(self, m: Module) -> None:
        """Addresses of state, parameters and accumulators."""
        states, part_bits = self._states, ceil_log2(self._geometry.lanes)
        reads, word = Signal(), Mux(self.busy, self._word, self.lookup.neuron)
        group, waits = self._groups.read_data[0], self._marks["begin"] & self.emission.busy
        number = group.number if set_bits(self._geometry) else Const(0, 0)
        m.d.comb += [
            reads.eq(self.busy & self._flags["read"] & ~waits),
            states.read_enable.eq(reads | self.lookup.look),
            states.read_address.eq(word),
            self._groups.read_enable.eq(reads | self.lookup.look),
            self._groups.read_address.eq(word >> part_bits),
            self.lookup.box.eq(self._row.box),
            self.lookup.set.eq(number),
            self.parameters.address.eq(Cat(self._index, number)),
            self.sums.enable.eq(reads),
            self.sums.address.eq(self._word >> part_bits),
        ]
        last = self._word[:part_bits].all() if part_bits else 1
        m.d.comb += self.sums.clear.eq(self._marks["clear sums"] & last)

    def _compute(self, m: Module) -> None:
        geometry, marks, flags = self._geometry, self._marks, self._flags
        bits, shifted = geometry.state_bits, geometry.accumulator_bits + 7
        value = Signal(signed(max(max(shifted, bits) + 1, bits + 3)))
        added, carry = self._added(m, len(value))
        total, clipped = Signal(value.shape()), Signal()
        m.d.comb += total.eq((Cat(1, value) + Cat(carry, added))[1:])
        limited, above = saturate(total, bits)
        held = self._row.countdown != 0
        m.d.comb += [
            clipped.eq(above & flags["clip"]),
            self.clips.eq(clipped & self.busy & ~self._clearing & ~(marks["hold"] & held)),
        ]
        with m.If(~(marks["below"] | marks["above"])):
            m.d.sync += value.eq(Mux(clipped, limited, total))
        zero = marks["choose"] & (self.parameters.value[:2] == ResetMode.ZERO)
        with m.If(flags["zero"] | zero | self._clearing):
            m.d.sync += value.eq(0)
        self._decide(m, value, total, held)
        self._write(m, value, held)

    def _added(self, m: Module, width: int) -> tuple[Signal, Signal]:
        """The operand that the step adds, and the carry into the adder."""
        geometry, row, parameter = self._geometry, self._row, self.parameters.value
        state, added, carry = Signal(signed(geometry.state_bits)), Signal(signed(width)), Signal()
        with m.Switch(self._state):
            for number, name in enumerate((*STATES, "bias")):
                with m.Case(number):
                    m.d.comb += state.eq(row[name])
        sums = [self.sums.data[k] for k in range(geometry.lanes)]
        accumulator = select(sums, self._word[: ceil_log2(geometry.lanes)])
        # Toward zero: one more than the floor where a negative product is not whole.
        leak = state * parameter[:DECAY_BITS]
        inexact = (leak < 0) & leak[:DECAY_SHIFT].any()
        # Shifts as products, which are free where there are multipliers.
        most = min(15, geometry.state_bits - 1)
        amount = parameter[:4]
        right = Cat(amount >= most, *(amount == most - bit for bit in range(1, most + 1)))
        sources = {
            "": Const(0),
            "leak": leak >> DECAY_SHIFT,
            "state": state,
            "parameter": Mux(self._marks["rise"] & ~self._spike, 0, parameter),
            "minus one": Const(0),
            "accumulator": accumulator * (1 << parameter[:3]),
            "current": (row.current.as_signed() * right) >> most,
        }
        chosen = Signal(signed(width))
        with m.Switch(self._source):
            for number, name in enumerate(SOURCES):
                with m.Case(number):
                    m.d.comb += chosen.eq(sources[name])
        m.d.comb += [
            added.eq(chosen ^ self._flags["invert"].replicate(width).as_signed()),
            carry.eq(self._flags["one"] | (inexact & (self._source == SOURCES.index("leak")))),
        ]
        return added, carry

    def _decide(self, m: Module, value: Value, total: Value, held: Value) -> None:
        """Spike and box."""
        with m.If(self._marks["below"]):
            m.d.sync += [
                self._spike.eq((value >= 0) & ~held & ~self._clearing),
                self._box.eq((total < 0) & ~self._clearing),
            ]
        with m.If(self._marks["above"]):
            m.d.sync += self._box.eq(self._box & (total >= 0))

    def _write(self, m: Module, value: Value, held: Value) -> None:
        """Each state when it is done, all else with the last one."""
        states, marks, clearing = self._states, self._marks, self._clearing
        lowers = self._spike & (self.parameters.value[:2] != ResetMode.NONE)
        last, countdown = marks["write reset"], self._row.countdown
        enables = {
            "current": marks["write current"],
            "membrane": (marks["write membrane"] & (~held | clearing))
            | (marks["write lowered"] & lowers),
            **dict.fromkeys(("reset", "countdown", "spike", "box"), last),
        }
        values = dict.fromkeys(STATES, value[: self._geometry.state_bits])
        values |= {
            "countdown": Mux(self._spike, self.parameters.value, countdown - held),
            "spike": self._spike,
            "box": self._box,
        }
        m.d.comb += states.write_address.eq(self._word)
        for name, enable in enables.items():
            m.d.comb += states.write_enable[name].eq(enable)
            m.d.comb += states.write_data[0][name].eq(values[name])
        with m.If(clearing):
            m.d.comb += states.write_data[0].countdown.eq(0)
