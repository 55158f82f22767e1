"""The neurons: current-based LIF with a reset trace (docs/contract.md, section 5, step 3)."""

from typing import Any

from amaranth.hdl import Cat, Const, EnableInserter, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    DECAY_BITS,
    LOSS_BITS,
    STATES,
    Emission,
    Fields,
    LaneMemory,
    NeuronLookup,
    ParameterPort,
    PoolPort,
    SumReads,
    ThresholdInputs,
    awake,
    decayed,
    delay,
    delay_strobe,
    early_groups,
    flags_layout,
    magnitude,
    neuron_layout,
    neuron_parameters,
    parameter_layout,
    saturate,
    select,
    set_columns,
    state_columns,
    sum_bits,
    with_convolutions,
    with_early_groups,
    with_threshold_noise,
)
from axonloop.hdl.parallel.neuron_traces import NeuronTraces
from axonloop.hdl.parallel.spike_queue import SpikeQueue
from axonloop.hdl.parallel.threshold_noise import LEVEL_BITS, LEVEL_SHIFT, ThresholdNoise
from axonloop.models.config import Geometry, ResetMode, ceil_log2


class NeuronLane(wiring.Component):
    """One neuron's update: a pipeline of `LATENCY` = 6 stages, one neuron per cycle.

    With `still`, a neuron's inputs stand still until its outputs were taken: then each result has
    one register and no input has any.

    The equations stand in docs/contract.md; the model is Kaiser et al. 2020, eq. 1, with the decay
    of Loihi. Three multipliers of state_bits x 13; with a mask one more, of a sum of weights x 9;
    with noise at the threshold one more, of state_bits x 9.

    Members
    -------
    state, bias, accumulator : inputs of stage 0
    kept : with a mask: what the neuron's column keeps, 1..256 of 256, at stage 0
    level : with noise at the threshold: what it multiplies the temperature by, at stage 2
    parameters : element k goes with stage k; shared by all lanes, so delayed once outside
    new_state, box, spike, clips : outputs, `LATENCY` cycles later
    top : in a core with convolutions: U, with the outputs
    """

    LATENCY = 6

    def __init__(self, geometry: Geometry, still: bool = False) -> None:
        self._geometry = geometry
        self._inputs = 0 if still else None
        self._results = 1 if still else None
        layout = parameter_layout(geometry)
        super().__init__(
            {
                "state": In(neuron_layout(geometry)),
                "bias": In(signed(geometry.state_bits)),
                "accumulator": In(signed(sum_bits(geometry))),
                "parameters": In(data.ArrayLayout(layout, self.LATENCY + 1)),
                "new_state": Out(neuron_layout(geometry)),
                "box": Out(1),
                "spike": Out(1),
                "clips": Out(2),
            }
            | ({"kept": In(LOSS_BITS + 1)} if geometry.mask else {})
            | with_threshold_noise(geometry, level=In(signed(LEVEL_BITS)))
            | with_convolutions(geometry, top=Out(signed(geometry.state_bits + 1)))
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = self._geometry.state_bits
        decay = {
            name: self._decay(m, name, factor)
            for name, factor in zip(STATES, ("beta_n", "alpha_n", "gamma"), strict=True)
        }
        countdown = delay(m, self.state.countdown, 5, "countdown", self._inputs)
        current, clip_i = self._current(m, decay["current"])
        membrane, clip_v, reset = self._membrane(m, current, decay["membrane"], countdown)
        # Stage 4 to 5: U - theta.
        parameters = self.parameters
        distance = Signal(signed(bits + 2), reset_less=True)
        m.d.sync += distance.eq(membrane[4] - reset[4] - parameters[4].theta)
        if self._geometry.convolutions:
            above = (membrane[4] - reset[4]).as_signed()
            m.d.comb += self.top.eq(delay(m, above, 2, "top", self._results)[2])
        # Stage 5: spike and box; stage 6: R, V, countdown.
        spike, box = Signal(), Signal()
        far = Mux(distance < 0, -distance, distance)[: bits + 2]
        m.d.comb += [
            spike.eq(self._above(m, distance, membrane[4] - reset[4]) & (countdown[5] == 0)),
            box.eq(far < parameters[5].box),
        ]
        decayed_reset = delay(m, decay["reset"], 3, "decayed_reset", self._inputs)[3]
        new_reset, clip_r = saturate(decayed_reset + Mux(spike, parameters[5].rho, 0), bits)
        lowered, clip_low = self._lowered(membrane[5] - parameters[5].theta)
        chosen = Signal(signed(bits))
        clipped = Signal()
        m.d.comb += [chosen.eq(membrane[5]), clipped.eq(clip_v[5])]
        with m.If(spike), m.Switch(parameters[5].reset_mode):
            with m.Case(ResetMode.ZERO):
                m.d.comb += chosen.eq(0)
            with m.Case(ResetMode.SUBTRACT):
                m.d.comb += [chosen.eq(lowered), clipped.eq(clip_v[5] | clip_low)]
        waiting = Mux(countdown[5] != 0, countdown[5] - 1, 0)
        m.d.sync += [
            self.new_state.current.eq(current[5]),
            self.new_state.membrane.eq(chosen),
            self.new_state.reset.eq(new_reset),
            self.new_state.countdown.eq(Mux(spike, parameters[5].refractory, waiting)),
            self.spike.eq(spike),
            self.box.eq(box),
            self.clips.eq(clip_i[5] + clipped + clip_r),
        ]
        return m

    def _above(self, m: Module, distance: Value, above_reset: Value) -> Value:
        """Stage 5: is U at the threshold, or with noise U + N? `above_reset` is U at stage 4."""
        if not self._geometry.threshold_noise:
            return distance >= 0
        bits, parameters = self._geometry.state_bits, self.parameters
        product = Signal(signed(LEVEL_BITS + bits - 1), reset_less=True)
        varied = Signal(signed(bits + 4), reset_less=True)
        noisy = Signal(signed(bits + 5), reset_less=True)
        m.d.sync += [
            product.eq(self.level * parameters[2].temperature),
            varied.eq(parameters[3].theta - (product >> LEVEL_SHIFT)),
            noisy.eq(above_reset - varied),
        ]
        return noisy >= 0

    def _lowered(self, exact: Value) -> tuple[Value, Value]:
        """V1 - theta, which only noise lets leave the range; and whether it was clipped."""
        bits = self._geometry.state_bits
        if self._geometry.threshold_noise:
            return saturate(exact, bits)
        return exact[:bits].as_signed(), Const(0)

    def _decay(self, m: Module, name: str, factor: str) -> Signal:
        """Stages 0 to 2: decay(x, k), as magnitude times factor, then the sign."""
        bits = self._geometry.state_bits
        size = Signal(bits, name=f"{name}_size", reset_less=True)
        negative = Signal(2, name=f"{name}_negative", reset_less=True)
        product = Signal(bits + DECAY_BITS, name=f"{name}_product", reset_less=True)
        result = Signal(signed(bits + 1), name=f"{name}_decayed")
        m.d.sync += [
            size.eq(magnitude(self.state[name])),
            negative.eq(Cat(self.state[name] < 0, negative[0])),
            product.eq(size * self.parameters[1][factor]),
        ]
        m.d.comb += result.eq(decayed(product, negative[1]))
        return result

    def _current(self, m: Module, decay: Value) -> tuple[list[Any], list[Any]]:
        """Stage 2 to 3: I'. Returns taps indexed by stage (3..5 in use)."""
        accumulator = self._sum(m)
        value, clipped = saturate(
            decay + (accumulator << self.parameters[2].w_exp), self._geometry.state_bits
        )
        taps = delay(m, value, 3, "current", self._results)
        clips = delay(m, clipped, 3, "clip_i", self._results)
        return [None, None, *taps], [None, None, *clips]

    def _sum(self, m: Module) -> Value:
        """Stages 0 to 2: ACC, with a mask what the column keeps of it, rounded."""
        geometry = self._geometry
        if not geometry.mask:
            return delay(m, self.accumulator, 2, "accumulator", self._inputs)[2]
        masked = Signal(signed(sum_bits(geometry) + LOSS_BITS), reset_less=True)
        rounded = Signal(signed(geometry.accumulator_bits), reset_less=True)
        m.d.sync += [
            masked.eq(self.accumulator * self.kept),
            rounded.eq((masked + (1 << 2 * LOSS_BITS - 1)) >> 2 * LOSS_BITS),
        ]
        return rounded

    def _membrane(
        self, m: Module, current: list[Value], decay: Value, countdown: list[Value]
    ) -> tuple[list[Any], list[Any], list[Value]]:
        """Stage 3 to 4: V1, held while the countdown runs. Returns taps, and R delayed."""
        bits, parameters = self._geometry.state_bits, self.parameters
        held = delay(m, self.state.membrane, 3, "held", self._inputs)[3]
        bias = delay(m, self.bias, 3, "bias", self._inputs)[3]
        leaked = delay(m, decay, 1, "leaked", self._inputs)[1]
        exact = leaked + (current[3] >> parameters[3].i_shift) + bias
        value, clipped = saturate(exact, bits)
        waits = countdown[3] != 0
        taps = delay(m, Mux(waits, held, value).as_signed(), 2, "membrane", self._results)
        clips = delay(m, clipped & ~waits, 2, "clip_v", self._results)
        reset = delay(m, self.state.reset, 4, "reset", self._inputs)
        return [None, None, None, *taps], [None, None, None, *clips], reset


class Neurons(wiring.Component):
    """Sweeps over all neurons of a core, `update_lanes` per cycle; idle lanes stand still.

    A lane that is alone takes the next neuron when the one before was written: slow and small.

    Rules
    -----
    1. `start` sweeps; `clear` sweeps too, but writes zeroes and shows no spikes. With noise at the
       threshold `start` comes when `noise` is not busy.
    2. `spikes` shows every word once per sweep, no backpressure.
    3. `busy` from the cycle after `start` until the last word was written; not while it waits for
       `held` to fall, where some groups are early: then the words of the others stay behind.

    Latency: neurons / update_lanes + NeuronLane.LATENCY + 3 cycles; with a single lane
    NeuronLane.LATENCY + 3 per neuron.
    With terms, + the last word of `NeuronTraces`.
    Resources: 3 update_lanes multipliers; neurons x (4 state_bits + 7) bits of memory.

    Members
    -------
    parameters : all parameter sets
    lookup : while at rest: what learning takes of a neuron
    noise : with noise at the threshold: what it is drawn from
    pools : in a core with convolutions: who lowers B where another neuron of the pool is larger
    sums : the accumulators
    emission : the neurons that spiked
    clips : state words clipped in this cycle
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        lanes, self._words = geometry.update_lanes, geometry.neurons // geometry.update_lanes
        self._still = lanes == 1
        self._states = LaneMemory(state_columns(geometry), words=self._words, lanes=lanes)
        sets = set_columns(geometry)
        self._sets = LaneMemory(sets, words=geometry.groups) if sets else None
        self._traces = NeuronTraces(geometry) if geometry.terms else None
        self._queue = SpikeQueue(geometry)
        super().__init__(
            {
                "start": In(1),
                "clear": In(1),
                "parameters": Out(ParameterPort(geometry)),
                "sums": Out(SumReads(geometry)),
                "spikes": Out(flags_layout(geometry)),
                "emission": Out(Emission(geometry)),
                "lookup": In(NeuronLookup(geometry)),
                "clips": Out(range((4 if geometry.terms else 3) * lanes + 1)),
                "busy": Out(1),
            }
            | with_threshold_noise(geometry, noise=In(ThresholdInputs()))
            | with_early_groups(geometry, held=In(1))
            | with_convolutions(geometry, pools=Out(PoolPort(geometry)))
        )

    @property
    def memories(self) -> dict[str, LaneMemory]:
        """The memories that the register map sees, by name of the submodule."""
        traces = self._traces.traces if self._traces else None
        stores = {"states": self._states, "sets": self._sets, "traces": traces}
        stores["report"] = self._queue.report
        return {name: store for name, store in stores.items() if store is not None}

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.states = self._states
        if self._sets is not None:
            m.submodules.sets = self._sets
        m.submodules.queue = queue = self._queue
        connect(m, queue=queue.emission, fanout=flipped(self.emission))
        m.d.comb += queue.words.eq(self.spikes)
        stages, self._awake = NeuronLane.LATENCY + 2, awake(self.busy, platform)
        word, running, clearing = Signal(range(self._words)), Signal(), Signal()
        issue = Signal()
        valid = delay_strobe(m, issue, stages, "valid")
        rest = ~Cat(valid[1:]).any() if self._still else 1
        m.d.comb += self.sums.wanted.eq(running & rest & ~self._held(word))
        m.d.comb += issue.eq(self.sums.wanted & ~self.sums.taken)
        with m.If(valid[stages] if self._still else issue):
            m.d.sync += [word.eq(word + 1), running.eq(word != self._words - 1)]
        with m.If(self.start | self.clear):
            m.d.sync += [running.eq(1), word.eq(0), clearing.eq(self.clear)]
        index = delay(m, word, stages, "index", 0 if self._still else None)
        m.d.comb += self.busy.eq(Cat(valid).any() | (self._traces.busy if self._traces else 0))
        self._read(m, issue, word, valid)
        parameters = self._parameters(m)
        noise = self._noise(m, word)
        lanes = [
            self._lane(m, k, index, parameters, noise) for k in range(self._geometry.update_lanes)
        ]
        self._write(m, valid[stages] & ~clearing, valid[stages], index[stages], lanes)
        if self._traces is not None:
            self._trace(m, self._traces, valid[stages], index[stages], clearing, lanes)
        if self._geometry.convolutions:
            self._pool(m, lanes)
        return m

    def _held(self, word: Value) -> Value:
        """Does the word wait for the last rows?"""
        early = early_groups(self._geometry)
        if not early:
            return Const(0)
        parts = self._geometry.lanes // self._geometry.update_lanes
        return self.held & (word >= early * parts)

    def _pool(self, m: Module, lanes: list[NeuronLane]) -> None:
        """Show the sweep's words to the pools, and let these lower B behind it."""
        pools, states, shown = self.pools, self._states, self.spikes
        m.d.comb += [
            pools.valid.eq(shown.valid),
            pools.index.eq(shown.index),
            *(pools.tops[k].eq(lane.top) for k, lane in enumerate(lanes)),
            pools.start.eq(shown.valid & (shown.index == self._words - 1)),
        ]
        with m.If(pools.busy):
            m.d.comb += [
                self.busy.eq(1),
                states.write_address.eq(pools.lowered),
                states.write_enable.box.eq(pools.losers),
            ]

    def _read(self, m: Module, issue: Value, word: Value, valid: list[Value]) -> None:
        """Stage 0: addresses of state, parameter set and accumulators."""
        part_bits = ceil_log2(self._geometry.lanes // self._geometry.update_lanes)
        group, last, lookup = word >> part_bits, Signal(), self.lookup
        lane = Signal(ceil_log2(self._geometry.update_lanes))
        m.d.comb += [
            self._states.read_enable.eq(issue | lookup.look),
            self._states.read_address.eq(Mux(issue, word, lookup.neuron >> len(lane))),
        ]
        if self._sets is not None:
            of_neuron = lookup.neuron >> ceil_log2(self._geometry.lanes)
            m.d.comb += [
                self._sets.read_enable.eq(issue | lookup.look),
                self._sets.read_address.eq(Mux(issue, group, of_neuron)),
                lookup.set.eq(self._sets.read_data.as_value()),
            ]
        with m.If(lookup.look if self._traces else Const(1)):
            m.d.sync += lane.eq(lookup.neuron)
        m.d.comb += lookup.box.eq(self._states.read_data[lane].box)
        if self._traces is not None:
            m.d.comb += lookup.terms.spike.eq(self._states.read_data[lane].spike)
        m.d.sync += last.eq((word[:part_bits] == (1 << part_bits) - 1) if part_bits else 1)
        m.d.comb += [
            self.sums.enable.eq(issue),
            self.sums.address.eq(group),
            self.sums.clear.eq(valid[1] & last),
        ]

    def _parameters(self, m: Module) -> list[Fields]:
        """Stage 1 to 2: the registers of the group's set; then one copy per pipeline stage.

        A single set needs no copies.
        """
        sets = [self.parameters.sets[k] for k in range(self._geometry.parameter_sets)]
        if len(sets) == 1:
            return sets * (NeuronLane.LATENCY + 1)
        number = self._sets.read_data.as_value()
        layout = parameter_layout(self._geometry)
        stages: list[Fields] = [
            Signal(layout, name=f"parameters_{k}", reset_less=True)
            for k in range(NeuronLane.LATENCY + 1)
        ]
        with m.If(self._awake):
            for name in neuron_parameters(self._geometry):
                m.d.sync += stages[0][name].eq(select([entry[name] for entry in sets], number))
                for early, late in zip(stages, stages[1:], strict=False):
                    m.d.sync += late[name].eq(early[name])
        return stages[:1] * len(stages) if self._still else stages

    def _noise(self, m: Module, word: Value) -> ThresholdNoise | None:
        """Stages 0 to 4 of the sweep, so 2 of the lanes: the levels of a word's neurons."""
        if not self._geometry.threshold_noise:
            return None
        m.submodules.noise = noise = ThresholdNoise(self._geometry)
        connect(m, core=flipped(self.noise), noise=noise.inputs)
        m.d.comb += [noise.index.eq(word), noise.awake.eq(self._awake)]
        return noise

    def _lane(
        self,
        m: Module,
        k: int,
        index: list[Value],
        parameters: list[Fields],
        noise: ThresholdNoise | None,
    ) -> NeuronLane:
        """Stage 1 to 2: memory words of one lane, registered, go into its pipeline."""
        lane = NeuronLane(self._geometry, self._still)
        domain = m.d.comb if self._still else m.d.sync
        m.submodules[f"lane_{k}"] = EnableInserter(self._awake)(lane)
        parts = self._geometry.lanes // self._geometry.update_lanes
        sums = [self.sums.data[part * self._geometry.update_lanes + k] for part in range(parts)]
        part = index[1][: ceil_log2(parts)] if parts > 1 else Const(0)
        row = self._states.read_data[k]
        with m.If(self._awake):
            domain += lane.accumulator.eq(select(sums, part))
            domain += lane.bias.eq(row.bias.as_signed())
            if self._geometry.mask:
                domain += lane.kept.eq((1 << LOSS_BITS) - row.loss)
            for name in lane.state.shape().members:
                domain += lane.state[name].eq(row[name])
        for stage, values in enumerate(parameters):
            m.d.comb += lane.parameters[stage].eq(values)
        if noise is not None:
            m.d.comb += lane.level.eq(noise.levels[k])
        return lane

    def _write(
        self, m: Module, shown: Value, written: Value, index: Value, lanes: list[NeuronLane]
    ) -> None:
        states = self._states
        m.d.comb += states.write_address.eq(index)
        for k, lane in enumerate(lanes):
            fields = lane.new_state.shape().members
            values = {name: lane.new_state[name] for name in fields}
            for name, value in (values | {"spike": lane.spike, "box": lane.box}).items():
                m.d.comb += states.write_enable[name][k].eq(written)
                with m.If(shown):
                    m.d.comb += states.write_data[k][name].eq(value)
        spikes = Cat(lane.spike & shown for lane in lanes)
        clips = Mux(shown, sum((lane.clips for lane in lanes[1:]), lanes[0].clips), 0)
        m.d.sync += self.clips.eq(clips + self._traces.clips if self._traces else clips)
        m.d.comb += [
            self.spikes.valid.eq(shown),
            self.spikes.index.eq(index),
            self.spikes.bits.eq(spikes),
        ]

    def _trace(
        self,
        m: Module,
        traces: NeuronTraces,
        valid: Value,
        index: Value,
        clearing: Value,
        lanes: list[NeuronLane],
    ) -> None:
        """Hand the sweep's words on, with their spikes and sets; let Z be looked up."""
        stages = NeuronLane.LATENCY + 1
        number: Value = Const(0)
        if self._sets is not None:
            early = self._sets.read_data.as_value()
            number = early if self._still else delay(m, early, stages, "set")[-1]
        m.submodules.traces = traces
        m.d.comb += [
            traces.valid.eq(valid),
            traces.swept.index.eq(index),
            traces.swept.spikes.eq(Cat(lane.spike for lane in lanes)),
            traces.swept.set.eq(number),
            traces.swept.clear.eq(clearing),
            traces.look.eq(self.lookup.look),
            traces.neuron.eq(self.lookup.neuron),
            self.lookup.terms.z.eq(traces.z),
        ]
        connect(m, sets=flipped(self.parameters), traces=traces.parameters)
