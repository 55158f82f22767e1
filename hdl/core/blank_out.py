"""Synapses that drop spikes at random (docs/contract.md, section 5, step 2, and section 9).

Blank-out noise makes a network of spiking neurons a sampling machine: Neftci et al. 2016, eq. 5.
"""

from amaranth.hdl import Cat, Const, EnableInserter, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    AXON_ROUNDS,
    NEURON_ROUNDS,
    BlankOutInputs,
    NeuronNoise,
    address_bits,
    awake,
    axon_code,
    axon_code_constant,
    delay,
    noise_rounds,
    noise_stages,
    select,
)
from axonloop.models.config import Geometry, Purpose, ceil_log2
from axonloop.models.protocol import set_bits

PURPOSE = Purpose.BLANK_OUT
BLANK_BITS = 16


class BlankLane(wiring.Component):
    """One synapse: the last four rounds of its hash, and low half < `blank`.

    Members
    -------
    word : stage 0; the hash before the last rounds
    blank : stage 4
    dropped : `LATENCY` = 5 cycles later
    """

    LATENCY = 5

    def __init__(self) -> None:
        super().__init__({"word": In(32), "blank": In(BLANK_BITS), "dropped": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word = noise_stages(m, self.word, AXON_ROUNDS)
        m.d.sync += self.dropped.eq(word[:BLANK_BITS] < self.blank)
        return m


class BlankOut(wiring.Component):
    """Which of the synapses of a row piece drop its spike, a pipeline of `LATENCY` = 10 stages.

        dropped_k = h(seed, t, core, axon, L group + k, 15) mod 2^16 < blank

    Rules
    -----
    1. `inputs.start` comes at least 5 cycles before the first row piece; the tick's number goes
       with it, seed and core stay.
    2. `axon`, `group` and `set` (of the row) are a row piece, a new one in every cycle.

    Members
    -------
    busy : a row piece is on its way
    dropped : `LATENCY` cycles later, one bit per lane
    """

    LATENCY = 10

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        super().__init__(
            {
                "inputs": In(BlankOutInputs(geometry)),
                "busy": In(1),
                "axon": In(address_bits(geometry.axons)),
                "group": In(address_bits(geometry.groups)),
                "set": In(max(1, set_bits(geometry))),
                "dropped": Out(geometry.lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.noise = noise = NeuronNoise(1)
        m.d.comb += noise.start.eq(self.inputs.start)
        connect(m, inputs=flipped(self.inputs.hash), noise=noise.inputs)
        word = self._row(m, noise.common)
        sets = [self.inputs.parameters.sets[k] for k in range(self._geometry.parameter_sets)]
        number = delay(m, self.set, 8, "set")[-1]
        rate = Signal(BLANK_BITS, reset_less=True)
        m.d.sync += rate.eq(select([entry["blank"] for entry in sets], number))
        enable = awake(self.busy, platform)
        for k in range(self._geometry.lanes):
            lane = BlankLane()
            m.submodules[f"lane_{k}"] = EnableInserter(enable)(lane)
            m.d.comb += [
                lane.word.eq(word ^ axon_code_constant(k)),
                lane.blank.eq(rate),
                self.dropped[k].eq(lane.dropped),
            ]
        return m

    def _row(self, m: Module, common: Value) -> Signal:
        """Stages 0 to 5: the row's part of the hash, with the group's part of the code."""
        axon = delay(m, self.axon, 1, "axon")[-1]
        lane_bits = ceil_log2(self._geometry.lanes)
        code, word = Signal(32, reset_less=True), Signal(32, reset_less=True)
        key = Cat(axon, Const(0, 16 - len(axon)), Const(PURPOSE, 4))
        hashed = noise_stages(m, common ^ key, NEURON_ROUNDS[:-1])
        group = delay(m, self.group, 3, "group")[-1]
        m.d.sync += [
            code.eq(axon_code(Cat(Const(0, lane_bits), group))),
            word.eq(noise_rounds(hashed, NEURON_ROUNDS[-1:]) ^ code),
        ]
        return word
