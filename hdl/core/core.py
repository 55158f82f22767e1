"""A neuromorphic core: scheduler, synapses, neurons, traces, fan-out, learning."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    BUS_LATENCY,
    CORE_BITS,
    TickPort,
    addressed_layout,
    awake,
    bus_latency,
    bus_registers,
    delay,
    delay_strobe,
    early_groups,
    popcount,
    spike_layout,
)
from axonloop.hdl.convolution import Pools, ShapeRegisters
from axonloop.hdl.core.commands import Commands
from axonloop.hdl.core.control import ControlRegisters
from axonloop.hdl.core.counters import Counters, Increment
from axonloop.hdl.core.datapath import parts_of
from axonloop.hdl.core.fanout import Fanout
from axonloop.hdl.core.row_queue import RowQueue
from axonloop.hdl.core.split_scheduler import scheduler_of
from axonloop.hdl.core.weights import Weights
from axonloop.models.config import Geometry, Mesh, ceil_log2
from axonloop.models.protocol import PORT_COUNTERS, Counter

TICK_CYCLES, EVENT_CYCLES = 6, 2
"""Cycles that a TICK packet takes at least; an ERROR packet, and whatever ends in a fault."""


def core_signature(geometry: Geometry) -> wiring.Signature:
    """The ports of a core."""
    spike = spike_layout(geometry)
    return wiring.Signature(
        {
            "number": In(CORE_BITS),
            "commands": In(stream.Signature(32)),
            "replies": Out(stream.Signature(32)),
            "outgoing": Out(stream.Signature(addressed_layout(spike))),
            "incoming": In(stream.Signature(spike)),
            "ticks": Out(TickPort()),
            "passed": In(len(PORT_COUNTERS)),
        }
    )


class Core(wiring.Component):
    """One core of a chip: everything in docs/contract.md but the mesh. Rules:

    1. Packets: those of `Commands`.
    2. A tick starts with `start`, given while `waiting` is high, in the same cycle for all cores.
    3. `finished` rises when steps 1 to 5 are done: all `outgoing` spikes and all reports were
       taken. It stays, and nothing is sent, until `finish`.
    4. `incoming` is always taken, one spike per cycle; spikes come only between `start` and
       `finish` (both excluded).
    5. `idle` while no packet is in work; then `replies` shows nothing.

    Latency of a tick: the groups of all rows with a spike, or the scan for them if that is more,
    + neurons / update_lanes, + the fan-out of the last words, + about 20; and at least
    axons / trace_lanes + about 20, for the traces. The scan takes a quarter of that, or all of it
    in a core of few blocks. Where a core has early groups, three quarters of the sweep and of the
    fan-out hide behind the last rows. A lane that is alone takes 7 cycles per axon, 9 per neuron; a
    serial core 11 and 21. A spike that arrives delays the scan of the axons by at most a cycle.
    Resources: logic grows with lanes, widths and parameter sets, and memory with axons, neurons and
    entries; docs/boards.md has the least that a core costs.

    Members
    -------
    number : of this core in its chip, a constant
    commands, replies : words of packets from and to the host
    outgoing, incoming : spikes of the fan-out, and those for this core
    ticks : `waiting`, `start`, `finished`, `finish` and `idle` of rules 2, 3 and 5
    passed : one strobe per port of the core's router: a spike left through it (mesh only)
    """

    def __init__(self, geometry: Geometry, mesh: Mesh) -> None:
        geometry.require_small()
        self._geometry, self._mesh = geometry, mesh
        super().__init__(core_signature(geometry))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        geometry = self._geometry
        parts = parts_of(geometry)
        m.submodules.commands = self._commands = Commands(geometry, alone=self._mesh.cores == 1)
        m.submodules.scheduler = self._scheduler = scheduler_of(geometry)
        m.submodules.weights = self._weights = Weights(geometry)
        m.submodules.synapses = self._synapses = parts.synapses(geometry)
        m.submodules.neurons = self._neurons = parts.neurons(geometry)
        m.submodules.traces = self._traces = parts.traces(geometry)
        m.submodules.fanout = self._fanout = Fanout(geometry, self._mesh.cores)
        m.submodules.learning = self._learning = parts.learning(geometry)
        m.submodules.parameters = self._parameters = parts.parameters(geometry)
        m.submodules.control = self._control = ControlRegisters(geometry, self._mesh)
        m.submodules.counters = self._counters = Counters(
            self._increments(), late=bool(bus_registers(self._geometry))
        )
        if geometry.convolutions:
            self._convolve(m)
        self._wire_parts(m)
        self._wire_rows(m)
        self._wire_hash(m)
        self._wire_weights(m)
        self._wire_spikes(m)
        self._wire_bus(m, platform)
        self._sequence(m, parts.ordered)
        self._count(m)
        return m

    def _wire_parts(self, m: Module) -> None:
        """The interfaces of two parts."""
        commands, neurons, traces = self._commands, self._neurons, self._traces
        learning, parameters = self._learning, self._parameters
        connect(m, host=flipped(self.commands), commands=commands.words)
        connect(m, commands=commands.replies, host=flipped(self.replies))
        connect(m, commands=commands.ticks, chip=flipped(self.ticks))
        connect(m, neurons=neurons.sums, synapses=self._synapses.sums)
        connect(m, neurons=neurons.emission, fanout=self._fanout.emission)
        connect(m, fanout=self._fanout.spikes, mesh=flipped(self.outgoing))
        connect(m, fanout=self._fanout.reports, commands=commands.reports)
        connect(m, commands=commands.errors, learning=learning.events)
        connect(m, learning=learning.lookup, neurons=neurons.lookup)
        connect(m, learning=learning.factors, traces=traces.factors)
        connect(m, learning=learning.writes, weights=self._weights.writes)
        connect(m, neurons=neurons.parameters, parameters=parameters.neurons)
        connect(m, traces=traces.parameters, parameters=parameters.traces)
        connect(m, learning=learning.parameters, parameters=parameters.learning)
        m.d.comb += [
            *(part.number.eq(self.number) for part in (commands, self._fanout, self._control)),
            traces.block.eq(self._scheduler.blocks),
            self._scheduler.pause.eq(~traces.ready),
        ]

    def _wire_rows(self, m: Module) -> None:
        """Axons with a spike, to the synapses; where groups are early, the last of them twice."""
        events, synapses = self._scheduler.events, self._synapses
        self._waiting: Value = Const(0)
        if not early_groups(self._geometry):
            connect(m, scheduler=events, synapses=synapses.events)
            return
        m.submodules.rows = rows = RowQueue(self._geometry)
        connect(m, scheduler=events, rows=rows.events)
        connect(m, rows=rows.rows, synapses=synapses.events)
        m.d.comb += [rows.ended.eq(~self._scheduler.scanning), synapses.part.eq(rows.part)]
        self._waiting = rows.busy

    def _convolve(self, m: Module) -> None:
        """The shapes of convolutions, for all that walk them; and the pools behind the neurons."""
        m.submodules.shapes = self._shapes = shapes = ShapeRegisters(self._geometry)
        m.submodules.pools = pools = Pools(self._geometry)
        connect(m, neurons=self._neurons.pools, pools=pools.neurons)
        for part in (self._synapses, self._learning, pools):
            m.d.comb += [part.shapes.eq(shapes.shapes), part.measuring.eq(shapes.measuring)]

    def _wire_hash(self, m: Module) -> None:
        """The inputs of the hash: noise in a tick uses its number, learning the tick before."""
        control, learning = self._control, self._learning
        users = [(learning.inputs, control.last_tick)]
        if self._geometry.blank_out:
            blank = self._synapses.blank
            connect(m, synapses=blank.parameters, parameters=self._parameters.synapses)
            m.d.comb += blank.start.eq(self._commands.tick)
            users.append((blank.hash, control.tick))
        if self._geometry.threshold_noise:
            threshold = self._neurons.noise
            m.d.comb += threshold.start.eq(self._commands.tick)
            users.append((threshold.hash, control.tick))
        for inputs, tick in users:
            m.d.comb += [
                inputs.tick.eq(tick),
                inputs.seed.eq(control.seed),
                inputs.core.eq(self.number),
            ]
        if self._geometry.terms:
            m.d.comb += [
                learning.modulation.eq(control.terms.modulation),
                control.terms.clear.eq(self._commands.clear),
            ]

    def _wire_weights(self, m: Module) -> None:
        """Synapses and learning read at different times."""
        reads = self._weights.reads
        rows, columns = self._synapses.weights, self._learning.reads
        m.d.comb += [
            reads.enable.eq(rows.enable | columns.enable),
            reads.location.eq(columns.location),
            rows.data.eq(reads.data),
            columns.data.eq(reads.data),
        ]
        with m.If(rows.enable):
            m.d.comb += reads.location.eq(rows.location)

    def _wire_spikes(self, m: Module) -> None:
        """Spikes from the host come between ticks, those of the cores during one."""
        host, arriving, sink = self._commands.spikes, self.incoming, self._scheduler.spikes
        m.d.comb += [arriving.ready.eq(1), host.ready.eq(1)]
        m.d.sync += [
            sink.valid.eq(host.valid | arriving.valid),
            sink.payload.eq(
                Mux(arriving.valid, arriving.payload.as_value(), host.payload.as_value())
            ),
        ]
        slot_bits = ceil_log2(self._geometry.delay_slots)
        m.d.comb += self._scheduler.tick_slot.eq(self._control.tick[:slot_bits])

    def _wire_bus(self, m: Module, platform: object) -> None:
        bus, counters, weights = self._commands.bus, self._counters.bus, self._weights.bus
        members = [self._scheduler.bus, self._scheduler.flags_bus]
        members += [self._learning.bus, self._parameters.bus, self._control.bus]
        if self._geometry.convolutions:
            members.append(self._shapes.bus)
        owners = (self._synapses, self._neurons, self._traces, self._fanout, self._learning)
        for owner in owners:
            members += [store.bus for store in owner.memories.values()]
        early = bus_registers(self._geometry)
        seen = {
            "address": delay(m, bus.address, early, "bus_address")[-1],
            "write_data": delay(m, bus.write_data, early, "bus_data")[-1],
            "read": delay_strobe(m, bus.read, early, "bus_reads")[-1],
            "write": delay_strobe(m, bus.write, early, "bus_writes")[-1],
        }
        for member in members:
            m.d.comb += [getattr(member, name).eq(value) for name, value in seen.items()]
        for name in seen:  # these two have registers of their own
            m.d.comb += [getattr(own, name).eq(getattr(bus, name)) for own in (counters, weights)]
        later = bus_latency(self._geometry) - BUS_LATENCY - early
        words = [member.read_data for member in (*members, self._counters.bus)]
        if early:
            reading = delay_strobe(m, seen["read"], BUS_LATENCY, "bus_reading")[-1]
            asked = awake(reading, platform)
            words = [
                delay(m, Mux(asked, word, 0), early, f"part_{k}")[-1]
                for k, word in enumerate(words)
            ]
        # What comes a cycle later than other words joins them there, or behind the last register.
        high = self._counters.high
        if early:
            words.append(high)
            high = Const(0)
        word = delay(m, reduce(or_, words), later - early, "word")[-1]
        m.d.comb += bus.read_data.eq(word | weights.read_data | high)

    def _sequence(self, m: Module, ordered: bool) -> None:
        """A tick: scan and integrate, then sweep and emit; learning and clearing."""
        commands, scheduler, neurons = self._commands, self._scheduler, self._neurons
        gathering = scheduler.scanning | self._synapses.busy | self._waiting
        if ordered:
            gathering |= self._traces.busy
        if self._geometry.threshold_noise:
            gathering |= neurons.noise.busy
        working = Signal()
        m.d.comb += working.eq(
            scheduler.busy
            | neurons.busy
            | self._traces.busy
            | self._fanout.busy
            | self._learning.busy
        )
        slot_bits = ceil_log2(self._geometry.delay_slots)
        m.d.comb += [
            self._control.next_tick.eq(commands.tick),
            self._control.next_learn.eq(commands.learn),
            commands.learned.eq(self._control.learned),
            commands.tick_number.eq(self._control.last_tick),
            scheduler.slot.eq(self._control.tick[:slot_bits]),
            scheduler.start.eq(commands.tick),
            scheduler.clear.eq(commands.clear),
            neurons.clear.eq(commands.clear),
            self._learning.start.eq(commands.learn | commands.clear),
            self._learning.discard.eq(commands.clear),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += commands.done.eq(~working & ~gathering)
                with m.If(commands.tick):
                    m.next = "GATHER"
            with m.State("GATHER"):
                if early_groups(self._geometry):
                    self._start_early(m)
                with m.If(~gathering):
                    m.d.comb += neurons.start.eq(1)
                    m.next = "SWEEP"
            if early_groups(self._geometry):
                with m.State("EARLY"):
                    m.d.comb += neurons.held.eq(1)
                    with m.If(~gathering):
                        m.next = "SWEEP"
            with m.State("SWEEP"):
                m.next = "IDLE"

    def _start_early(self, m: Module) -> None:
        """The neurons of the early groups start when these have their sums."""
        noise = self._neurons.noise.busy if self._geometry.threshold_noise else Const(0)
        with m.If(self._synapses.early & ~noise):
            m.d.comb += self._neurons.start.eq(1)
            m.next = "EARLY"

    def _increments(self) -> dict[Counter, Increment]:
        geometry, pace = self._geometry, parts_of(self._geometry).pace
        visits = geometry.groups if geometry.convolutions else geometry.multipliers
        updates = 1 if geometry.convolutions else geometry.multipliers
        states = 4 if geometry.terms else 3
        wide = {
            Counter.TICKS: Increment(every=TICK_CYCLES),
            Counter.SPIKES: Increment(geometry.update_lanes, pace.neuron),
            Counter.EVENTS: Increment(every=pace.axon),
            Counter.SYNOPS: Increment(geometry.neurons, pace.axon),
            Counter.ERRORS: Increment(every=EVENT_CYCLES),
            Counter.VISITS: Increment(visits, pace.synapse),
            Counter.UPDATES: Increment(updates, pace.synapse),
            Counter.FAULTS: Increment(every=EVENT_CYCLES),
            Counter.WRITES: Increment(geometry.multipliers),
            Counter.SATURATIONS: Increment(
                pace.clips or states * geometry.update_lanes + 2 * geometry.trace_lanes
            ),
        }
        absent = set(PORT_COUNTERS) if self._mesh.cores == 1 else set()
        if geometry.memristor < 2:
            absent.add(Counter.WRITES)
        return {n: wide.get(n, Increment()) for n in Counter if n not in absent}

    def _count(self, m: Module) -> None:
        counters, events = self._counters, self._scheduler.events
        spikes = self._neurons.spikes.bits
        m.d.comb += [
            counters.add_ticks.eq(self._commands.tick),
            counters.add_spikes.eq(popcount(spikes)),
            counters.add_events.eq(events.valid & events.ready),
            counters.add_synops.eq(self._synapses.row_groups * self._geometry.lanes),
            counters.add_errors.eq(self._commands.errors.valid),
            counters.add_visits.eq(self._learning.visits),
            counters.add_updates.eq(self._learning.updates),
            counters.add_saturations.eq(self._neurons.clips + self._traces.clips),
            counters.add_collisions.eq(self._scheduler.collision),
            counters.add_faults.eq(self._commands.fault | self._fanout.fault),
            counters.add_cycles.eq(1),
            counters.add_stalls.eq(self.replies.valid & ~self.replies.ready),
        ]
        if self._geometry.memristor == 2:
            m.d.comb += counters.add_writes.eq(self._learning.pulses)
        if self._mesh.cores > 1:
            ports = (getattr(counters, f"add_{counter.name.lower()}") for counter in PORT_COUNTERS)
            m.d.comb += Cat(ports).eq(self.passed)
