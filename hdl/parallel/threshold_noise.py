"""Noise at the threshold of neurons (docs/contract.md, section 5, step 3, and section 9).

A neuron whose threshold varies by a logistic variable spikes with a probability that is a sigmoid
of its membrane: Neftci 2018, eq. 3.
"""

from math import log

from amaranth.hdl import Array, Cat, Const, EnableInserter, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    AXON_ROUNDS,
    NEURON_ROUNDS,
    NeuronNoise,
    ThresholdInputs,
    address_bits,
    delay_strobe,
    noise_rounds,
)
from axonloop.models.config import Geometry, Purpose, ceil_log2

LEVEL_BITS = 9
"""Width of a level of the logistic variable, -200..200."""
LEVEL_SHIFT = 5
"""A level is in parts of 2^5 of the temperature."""
HALF = 128
UPPER_LEVELS = tuple(round(32 * log((2 * k + 1) / (511 - 2 * k))) for k in range(HALF, 2 * HALF))
"""L[128] to L[255], none of them negative; L[255 - k] = -L[k]."""


class ThresholdLane(wiring.Component):
    """One neuron: the last eight rounds of its hash, two per stage, and the level of its low bits.

    Members
    -------
    word : stage 0; the hash before the neuron's rounds
    level : `LATENCY` = 4 cycles later
    """

    LATENCY = 4

    def __init__(self) -> None:
        super().__init__({"word": In(32), "level": Out(signed(LEVEL_BITS))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word, rounds = self.word, range(NEURON_ROUNDS.start, AXON_ROUNDS.stop)
        for stage in range(self.LATENCY):
            mixed = Signal(32, name=f"word_{stage}", reset_less=True)
            m.d.sync += mixed.eq(noise_rounds(word, rounds[2 * stage : 2 * stage + 2]))
            word = mixed
        low, upper = word[: ceil_log2(HALF)], word[ceil_log2(HALF)]
        size = Signal(LEVEL_BITS - 1)
        levels = Array(Const(level, len(size)) for level in UPPER_LEVELS)
        m.d.comb += [
            size.eq(levels[Mux(upper, low, ~low)]),
            self.level.eq(Mux(upper, size, -size)),
        ]
        return m


class ThresholdNoise(wiring.Component):
    """The levels of `update_lanes` neighbouring neurons, a word of them per cycle.

        level_k = L[h(seed, t, core, update_lanes index + k, 0, 14) mod 256]

    Rules
    -----
    1. `inputs.start` comes with the tick's number; seed and core stay.
    2. While `inputs.busy`, in the `START_CYCLES` = 5 cycles from `start` on, no `index` counts.

    Latency: ThresholdLane.LATENCY.
    Resources: eight rounds of the hash and 128 levels of 8 bits per lane.

    Members
    -------
    awake : the clock enable of the lanes
    index, levels : the word, and its levels
    """

    START_CYCLES = NeuronNoise.LATENCY - 1

    def __init__(self, geometry: Geometry) -> None:
        self._lanes = geometry.update_lanes
        super().__init__(
            {
                "inputs": In(ThresholdInputs()),
                "awake": In(1),
                "index": In(address_bits(geometry.neurons // self._lanes)),
                "levels": Out(data.ArrayLayout(signed(LEVEL_BITS), self._lanes)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.noise = noise = NeuronNoise(1)
        started = delay_strobe(m, self.inputs.start, self.START_CYCLES - 1, "started")
        m.d.comb += [noise.start.eq(self.inputs.start), self.inputs.busy.eq(Cat(started).any())]
        connect(m, inputs=flipped(self.inputs.hash), noise=noise.inputs)
        lane_bits = ceil_log2(self._lanes)
        for k in range(self._lanes):
            lane = ThresholdLane()
            m.submodules[f"lane_{k}"] = EnableInserter(self.awake)(lane)
            m.d.comb += [
                lane.word.eq(noise.common ^ _key(Cat(Const(k, lane_bits), self.index))),
                self.levels[k].eq(lane.level),
            ]
        return m


def _key(neuron: Value) -> Value:
    """Neuron and purpose, as they are mixed into the hash."""
    return Cat(neuron, Const(0, 16 - len(neuron)), Const(Purpose.THRESHOLD, 4))
