"""A neuromorphic core: scheduler, synapses, neurons, traces, fan-out, learning."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out, connect, flipped

from axonloop.hdl.common import (
    BUS_LATENCY,
    addressed_layout,
    bus_latency,
    delay,
    popcount,
    spike_layout,
)
from axonloop.hdl.core.commands import Commands
from axonloop.hdl.core.control import ControlRegisters, identification
from axonloop.hdl.core.counters import Counters
from axonloop.hdl.core.fanout import Fanout
from axonloop.hdl.core.parameters import ParameterSets
from axonloop.hdl.core.scheduler import Scheduler
from axonloop.hdl.core.synapses import Synapses
from axonloop.hdl.core.weights import Weights
from axonloop.hdl.learning import Learning
from axonloop.hdl.parallel import Neurons, Traces
from axonloop.hdl.serial import ParameterMemory, SerialNeurons, SerialTraces
from axonloop.models.config import Geometry, Mesh, ceil_log2, is_serial
from axonloop.models.protocol import PORT_COUNTERS, Counter


class Core(wiring.Component):
    """One core of a chip: everything in docs/contract.md but the mesh. Rules:

    1. Packets: those of `Commands`.
    2. A tick starts with `start`, given while `waiting` is high, in the same cycle for all cores.
    3. `finished` rises when steps 1 to 5 are done: all `outgoing` spikes and all reports were
       taken. It stays, and nothing is sent, until `finish`.
    4. `incoming` is always taken, one spike per cycle; spikes come only between `start` and
       `finish` (both excluded).
    5. `idle` while no packet is in work; then `replies` shows nothing.

    Latency of a tick: axons / trace_lanes, or the groups of all rows with a spike if that is more,
    + neurons / update_lanes, + the fan-out of the last words, + about 20. A lane that is alone
    takes 7 cycles per axon, 9 per neuron. A spike that arrives delays the scan of the axons by at
    most a cycle.

    Members
    -------
    commands, replies : words of packets from and to the host
    outgoing, incoming : spikes of the fan-out, and those for this core
    waiting, start, finished, finish, idle : rules 2, 3 and 5
    passed : one strobe per port of the core's router: a spike left through it (mesh only)
    """

    def __init__(self, geometry: Geometry, mesh: Mesh, core: int) -> None:
        self._geometry, self._mesh, self._number = geometry, mesh, core
        self._first = core if mesh.cores == 1 else 0
        spike = spike_layout(geometry)
        super().__init__(
            {
                "commands": In(stream.Signature(32)),
                "replies": Out(stream.Signature(32)),
                "outgoing": Out(stream.Signature(addressed_layout(spike))),
                "incoming": In(stream.Signature(spike)),
                "waiting": Out(1),
                "start": In(1),
                "finished": Out(1),
                "finish": In(1),
                "idle": Out(1),
                "passed": In(len(PORT_COUNTERS)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        geometry = self._geometry
        m.submodules.port = self._port = Commands(geometry, self._number, self._first)
        m.submodules.scheduler = self._scheduler = Scheduler(geometry)
        m.submodules.weights = self._weights = Weights(geometry)
        m.submodules.synapses = self._synapses = Synapses(geometry)
        self._serial = is_serial(geometry)
        self._neurons = SerialNeurons(geometry) if self._serial else Neurons(geometry)
        self._traces = SerialTraces(geometry) if self._serial else Traces(geometry)
        m.submodules.neurons, m.submodules.traces = self._neurons, self._traces
        m.submodules.fanout = self._fanout = Fanout(
            geometry, range(self._first, self._first + self._mesh.cores)
        )
        m.submodules.learning = self._learning = Learning(geometry)
        sets = ParameterMemory if self._serial else ParameterSets
        m.submodules.parameters = self._parameters = sets(geometry)
        m.submodules.control = self._control = ControlRegisters(
            identification(geometry, self._mesh, self._number),
            modulation_bits=geometry.error_bits if geometry.terms else 0,
        )
        m.submodules.counters = self._counters = Counters(self._increment_bits())
        connect(m, host=flipped(self.commands), port=self._port.words)
        connect(m, port=self._port.replies, host=flipped(self.replies))
        self._wire_tick(m)
        self._wire_learning(m)
        self._wire_parameters(m)
        self._wire_spikes(m)
        self._wire_bus(m)
        self._sequence(m)
        self._count(m)
        return m

    def _wire_tick(self, m) -> None:
        synapses, neurons = self._synapses, self._neurons
        connect(m, scheduler=self._scheduler.events, synapses=synapses.events)
        m.d.comb += [
            self._traces.block.eq(self._scheduler.blocks),
            self._scheduler.pause.eq(~self._traces.ready),
            synapses.read_data.eq(self._weights.read_data),
            synapses.sum_enable.eq(neurons.sum_enable),
            synapses.sum_address.eq(neurons.sum_address),
            synapses.sum_clear.eq(neurons.sum_clear),
            neurons.sums.eq(synapses.sums),
            self._fanout.words.eq(neurons.spikes),
            *([neurons.pause.eq(self._fanout.busy)] if self._serial else []),
            *([self._fanout.report.eq(neurons.report)] if self._serial else []),
            self._weights.read_enable.eq(synapses.read_enable | self._learning.read_enable),
            self._weights.read_place.eq(
                Mux(
                    synapses.read_enable,
                    synapses.read_place.as_value(),
                    self._learning.read_place.as_value(),
                )
            ),
        ]

        if self._geometry.blank_out:
            m.d.comb += [
                synapses.start.eq(self._port.tick),
                synapses.tick.eq(self._control.tick),
                synapses.seed.eq(self._control.seed),
                synapses.core.eq(self._number),
                synapses.parameter_sets.eq(self._parameters.sets),
            ]

    def _wire_learning(self, m) -> None:
        learning, traces = self._learning, self._traces
        connect(m, port=self._port.errors, learning=learning.events)
        m.d.comb += [
            self._neurons.look.eq(learning.look),
            self._neurons.neuron.eq(learning.neuron),
            learning.box.eq(self._neurons.box),
            learning.set.eq(self._neurons.set),
            learning.tick.eq(self._control.last_tick),
            learning.seed.eq(self._control.seed),
            learning.core.eq(self._number),
            learning.read_data.eq(self._weights.read_data),
            learning.pq_data.eq(traces.pq_data),
            traces.pq_enable.eq(learning.pq_enable),
            traces.pq_address.eq(learning.pq_address),
            self._weights.write_enable.eq(learning.write_enable),
            self._weights.write_place.eq(learning.write_place),
            self._weights.write_data.eq(learning.write_data),
        ]
        if self._geometry.terms:
            m.d.comb += [
                learning.spike.eq(self._neurons.spike),
                learning.z.eq(self._neurons.z),
                learning.modulation.eq(self._control.modulation),
                self._control.clear.eq(self._port.clear),
            ]

    def _wire_parameters(self, m) -> None:
        """All sets to all, or to the one who works one word at a time."""
        users, parameters = (self._neurons, self._traces, self._learning), self._parameters
        if not self._serial:
            m.d.comb += [user.parameter_sets.eq(parameters.sets) for user in users]
            return
        m.d.comb += [user.parameter.eq(parameters.data) for user in users]
        m.d.comb += parameters.address.eq(self._learning.parameter_address)
        for user in users[:2]:
            with m.If(user.busy):
                m.d.comb += parameters.address.eq(user.parameter_address)

    def _wire_spikes(self, m) -> None:
        """Spikes from the host come between ticks, those of the cores during one."""
        host, arriving, sink = self._port.spikes, self.incoming, self._scheduler.spikes
        m.d.comb += [arriving.ready.eq(1), host.ready.eq(1)]
        m.d.sync += [
            sink.valid.eq(host.valid | arriving.valid),
            sink.payload.eq(
                Mux(arriving.valid, arriving.payload.as_value(), host.payload.as_value())
            ),
        ]
        connect(m, fanout=self._fanout.spikes, mesh=flipped(self.outgoing))
        connect(m, fanout=self._fanout.reports, port=self._port.reports)
        slot_bits = ceil_log2(self._geometry.delay_slots)
        m.d.comb += self._scheduler.tick_slot.eq(self._control.tick[:slot_bits])

    def _wire_bus(self, m) -> None:
        bus = self._port.bus
        members = [self._scheduler.bus, self._scheduler.flags_bus]
        members += [self._learning.bus, self._parameters.bus, self._control.bus, self._counters.bus]
        for owner in (self._synapses, self._neurons, self._traces, self._fanout):
            members += [store.bus for store in owner.memories.values()]
        for member in (*members, self._weights.bus):
            m.d.comb += [
                member.address.eq(bus.address),
                member.read.eq(bus.read),
                member.write.eq(bus.write),
                member.write_data.eq(bus.write_data),
            ]
        later = bus_latency(self._geometry) - BUS_LATENCY
        words, early = [member.read_data for member in members], int(later > 1)
        words = [delay(m, word, early, f"part_{k}")[-1] for k, word in enumerate(words)]
        # What comes a cycle later than other words joins them there, or behind the last register.
        high = self._counters.high
        if early:
            words.append(high)
            high = Const(0)
        word = delay(m, reduce(or_, words), later - early, "word")[-1]
        m.d.comb += bus.read_data.eq(word | self._weights.bus.read_data | high)

    def _sequence(self, m) -> None:
        """A tick: scan and integrate, then sweep and emit; learning and clearing."""
        port, scheduler, neurons = self._port, self._scheduler, self._neurons
        gathering = scheduler.busy | self._synapses.busy
        if self._serial:  # neurons and traces share the parameters
            gathering |= self._traces.busy
        working = Signal()
        m.d.comb += working.eq(
            neurons.busy | self._traces.busy | self._fanout.busy | self._learning.busy
        )
        slot_bits = ceil_log2(self._geometry.delay_slots)
        m.d.comb += [
            self.waiting.eq(port.waiting),
            port.start.eq(self.start),
            self.finished.eq(port.finished),
            port.finish.eq(self.finish),
            self.idle.eq(port.idle),
            self._control.next_tick.eq(port.tick),
            self._control.next_learn.eq(port.learn),
            port.learned.eq(self._control.learned),
            port.tick_number.eq(self._control.last_tick),
            scheduler.slot.eq(self._control.tick[:slot_bits]),
            scheduler.start.eq(port.tick),
            scheduler.clear.eq(port.clear),
            neurons.clear.eq(port.clear),
            self._learning.start.eq(port.learn | port.clear),
            self._learning.discard.eq(port.clear),
        ]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += port.done.eq(~working & ~gathering)
                with m.If(port.tick):
                    m.next = "GATHER"
            with m.State("GATHER"), m.If(~gathering):
                m.d.comb += neurons.start.eq(1)
                m.next = "SWEEP"
            with m.State("SWEEP"):
                m.next = "IDLE"

    def _increment_bits(self) -> dict[Counter, int]:
        geometry = self._geometry
        wide = {
            Counter.SPIKES: geometry.update_lanes.bit_length(),
            Counter.SYNOPS: geometry.neurons.bit_length(),
            Counter.VISITS: geometry.multipliers.bit_length(),
            Counter.UPDATES: geometry.multipliers.bit_length(),
            Counter.SATURATIONS: (
                (4 if geometry.terms else 3) * geometry.update_lanes + 2 * geometry.trace_lanes
            ).bit_length(),
        }
        absent = PORT_COUNTERS if self._mesh.cores == 1 else ()
        return {counter: wide.get(counter, 1) for counter in Counter if counter not in absent}

    def _count(self, m) -> None:
        counters, events = self._counters, self._synapses.events
        spikes = self._neurons.spikes.bits
        m.d.comb += [
            counters.add_ticks.eq(self._port.tick),
            counters.add_spikes.eq(popcount(spikes)),
            counters.add_events.eq(events.valid & events.ready),
            counters.add_synops.eq(self._synapses.row_groups * self._geometry.lanes),
            counters.add_errors.eq(self._port.errors.valid),
            counters.add_visits.eq(self._learning.visits),
            counters.add_updates.eq(self._learning.updates),
            counters.add_saturations.eq(self._neurons.clips + self._traces.clips),
            counters.add_collisions.eq(self._scheduler.collision),
            counters.add_faults.eq(self._port.fault | self._fanout.fault),
            counters.add_cycles.eq(1),
            counters.add_stalls.eq(self.replies.valid & ~self.replies.ready),
        ]
        if self._mesh.cores > 1:
            ports = (getattr(counters, f"add_{counter.name.lower()}") for counter in PORT_COUNTERS)
            m.d.comb += Cat(ports).eq(self.passed)
