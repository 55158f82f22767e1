"""The trace Z of every neuron: its own spikes, decayed (docs/contract.md, section 5, step 3)."""

from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import (
    DECAY_BITS,
    DECAY_SHIFT,
    Column,
    Fields,
    LaneMemory,
    ParameterPort,
    address_bits,
    awake,
    clip,
    delay,
    delay_strobe,
    select,
)
from axonloop.models.config import Geometry, ceil_log2
from axonloop.models.protocol import Region, set_bits


def swept_layout(geometry: Geometry) -> data.StructLayout:
    """A word of the neurons' sweep: the spikes of `update_lanes` neighbouring neurons."""
    return data.StructLayout(
        {
            "index": address_bits(geometry.neurons // geometry.update_lanes),
            "spikes": geometry.update_lanes,
            "set": max(1, set_bits(geometry)),
            "clear": 1,
        }
    )


class NeuronTraceLane(wiring.Component):
    """Z' = min(((Z zeta) >> 12) + (z_inc if S else 0), max), a pipeline of `LATENCY` = 2 stages.

    One multiplier of trace_bits x 13.
    """

    LATENCY = 2

    def __init__(self, geometry: Geometry) -> None:
        self._bits = geometry.trace_bits
        super().__init__(
            {
                "z": In(self._bits),
                "spike": In(1),
                "zeta": In(DECAY_BITS),
                "z_inc": In(self._bits),
                "new_z": Out(self._bits),
                "clipped": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        product = Signal(self._bits + DECAY_BITS, reset_less=True)
        added = Signal(self._bits, reset_less=True)
        new_z, clipped = clip((product >> DECAY_SHIFT) + added, self._bits)
        m.d.sync += [
            product.eq(self.z * self.zeta),
            added.eq(Mux(self.spike, self.z_inc, 0)),
            self.new_z.eq(new_z),
            self.clipped.eq(clipped),
        ]
        return m


class NeuronTraces(wiring.Component):
    """All traces Z of a core, word by word as the neurons' sweep finishes with them.

    Latency: one word per cycle, written `NeuronTraceLane.LATENCY` + 2 cycles after it was shown.
    Resources: update_lanes multipliers; neurons x trace_bits bits of memory.

    Members
    -------
    valid, swept : a word of the sweep; `clear` in it zeroes its traces
    parameters : all parameter sets
    look, neuron, z : while not busy: Z of a neuron, from the cycle after `look` on
    clips : traces clipped in this cycle
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        lanes = geometry.update_lanes
        columns = {"z": Column(Region.TRACE_Z, geometry.trace_bits)}
        self.traces = LaneMemory(columns, words=geometry.neurons // lanes, lanes=lanes)
        super().__init__(
            {
                "valid": In(1),
                "swept": In(swept_layout(geometry)),
                "parameters": Out(ParameterPort(geometry)),
                "look": In(1),
                "neuron": In(address_bits(geometry.neurons)),
                "z": Out(geometry.trace_bits),
                "clips": Out(range(lanes + 1)),
                "busy": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.traces = traces = self.traces
        last, lane_bits = NeuronTraceLane.LATENCY + 2, ceil_log2(self._geometry.update_lanes)
        valid = delay_strobe(m, self.valid, last, "valid")
        taps = delay(m, self.swept.as_value(), last, "swept")
        swept = [data.View(self.swept.shape(), tap) for tap in taps]
        shown = Signal(lane_bits)
        with m.If(self.look):
            m.d.sync += shown.eq(self.neuron)
        m.d.comb += [
            self.busy.eq(Cat(valid).any()),
            traces.read_enable.eq(self.valid | self.look),
            traces.read_address.eq(Mux(self.valid, self.swept.index, self.neuron >> lane_bits)),
            self.z.eq(traces.read_data[shown].z),
        ]
        self._write(m, valid[last], swept[last], self._lanes(m, swept[1], platform))
        return m

    def _lanes(self, m: Module, swept: Fields, platform: object) -> list[NeuronTraceLane]:
        """Stage 1 to 2: memory words and the set's registers, kept, go into the lanes."""
        enable = awake(self.busy, platform)
        zeta, z_inc = self._register(m, "zeta", swept.set), self._register(m, "z_inc", swept.set)
        lanes = []
        for k in range(self._geometry.update_lanes):
            lane = NeuronTraceLane(self._geometry)
            m.submodules[f"lane_{k}"] = EnableInserter(enable)(lane)
            with m.If(enable):
                m.d.sync += [lane.z.eq(self.traces.read_data[k].z), lane.spike.eq(swept.spikes[k])]
            m.d.comb += [lane.zeta.eq(zeta), lane.z_inc.eq(z_inc)]
            lanes.append(lane)
        return lanes

    def _register(self, m: Module, name: str, number: Value) -> Signal:
        """A register of the set of that number, kept."""
        sets = [self.parameters.sets[k] for k in range(self._geometry.parameter_sets)]
        kept = Signal.like(sets[0][name], name=name, reset_less=True)
        m.d.sync += kept.eq(select([entry[name] for entry in sets], number))
        return kept

    def _write(self, m: Module, valid: Value, swept: Fields, lanes: list[NeuronTraceLane]) -> None:
        keep = valid & ~swept.clear
        m.d.comb += [
            self.traces.write_enable.z.eq(valid.replicate(len(lanes))),
            self.traces.write_address.eq(swept.index),
            *(
                self.traces.write_data[k].z.eq(Mux(swept.clear, 0, lane.new_z))
                for k, lane in enumerate(lanes)
            ),
        ]
        clipped = [lane.clipped & keep for lane in lanes]
        m.d.sync += self.clips.eq(sum(clipped[1:], clipped[0]))
