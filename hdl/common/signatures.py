"""The named interfaces between the parts of a core, each as the part sees it that asks.

A part that asks has the interface as `Out(...)`, the part that answers as `In(...)`. Members that
only some cores have stand in a signature of their own, which is there as a whole or not at all.
"""

from amaranth.hdl import signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out, Signature

from axonloop.hdl.common.payloads import (
    CORE_BITS,
    address_bits,
    early_groups,
    factor_layout,
    location_layout,
    parameter_address_bits,
    parameter_width,
    pq_lanes,
    sets_layout,
    sum_bits,
)
from axonloop.models.config import Datapath, Geometry
from axonloop.models.protocol import set_bits


def with_terms(geometry: Geometry, **members: Member) -> dict[str, Member]:
    """`members`, in a core with terms (docs/rules.md); none in another one."""
    return members if geometry.terms else {}


def with_blank_out(geometry: Geometry, **members: Member) -> dict[str, Member]:
    """`members`, in a core whose synapses may drop spikes; none in another one."""
    return members if geometry.blank_out else {}


def with_pulses(geometry: Geometry, **members: Member) -> dict[str, Member]:
    """`members`, in a core whose terms may change a weight by pulses; none in another one."""
    return members if geometry.memristor == 2 else {}


def with_threshold_noise(geometry: Geometry, **members: Member) -> dict[str, Member]:
    """`members`, in a core whose thresholds vary at random; none in another one."""
    return members if geometry.threshold_noise else {}


def with_convolutions(geometry: Geometry, **members: Member) -> dict[str, Member]:
    """`members`, in a core with convolutions; none in another one."""
    return members if geometry.convolutions else {}


def with_early_groups(geometry: Geometry, **members: Member) -> dict[str, Member]:
    """`members`, in a core whose first groups are swept early; none in another one."""
    return members if early_groups(geometry) else {}


class BusSignature(Signature):
    """Register access, as the core sees it. Rules:

    1. `read` and `write` are strobes of one cycle, never both; `address` goes with them.
    2. A write takes `write_data` in the same cycle.
    3. `read_data` holds the word `BUS_LATENCY` cycles after `read`, and 0 in every component that
       does not own the address: the core ors them together, and shows the word `bus_latency`
       cycles after `read` (hdl/common/payloads.py).
    4. The bus is used only while the core is idle.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "address": Out(32),
                "read": Out(1),
                "write": Out(1),
                "write_data": Out(32),
                "read_data": In(32),
            }
        )


class ParameterPort(Signature):
    """The parameter sets, as their user sees them.

    A parallel core has all registers of all sets at once, in `sets`. A serial core has them in a
    memory: `value` is the register of `address` in the cycle before, if `enable` was 1 then.
    """

    def __init__(self, geometry: Geometry) -> None:
        if geometry.datapath is Datapath.PARALLEL:
            super().__init__({"sets": In(sets_layout(geometry))})
            return
        super().__init__(
            {
                "enable": Out(1),
                "address": Out(parameter_address_bits(geometry)),
                "value": In(parameter_width(geometry)),
            }
        )


def parameter_users(geometry: Geometry) -> dict[str, Member]:
    """A port for each part of a core that uses parameters."""
    port = In(ParameterPort(geometry))
    users = dict.fromkeys(("neurons", "traces", "learning"), port)
    return users | with_blank_out(geometry, synapses=port)


class WeightReads(Signature):
    """Reads of L weights: `data` follows `location` after `weight_latency` cycles."""

    def __init__(self, geometry: Geometry) -> None:
        weights = data.ArrayLayout(signed(geometry.weight_bits), geometry.lanes)
        location = Out(location_layout(geometry))
        super().__init__({"enable": Out(1), "location": location, "data": In(weights)})


class WeightWrites(Signature):
    """Writes of up to L weights: `enable` has a bit for each.

    The skewed layout wants to know a cycle before a write that it comes (`expected`), and how far
    its lanes will be turned against the banks (`turn`, a `lane_turn`). Another layout ignores both.
    """

    def __init__(self, geometry: Geometry) -> None:
        weights = data.ArrayLayout(signed(geometry.weight_bits), geometry.lanes)
        location = Out(location_layout(geometry))
        super().__init__(
            {
                "enable": Out(geometry.lanes),
                "location": location,
                "data": Out(weights),
                "expected": Out(1),
                "turn": Out(address_bits(geometry.lanes)),
            }
        )


class SumReads(Signature):
    """The accumulators, one group per cycle: `data` follows `address` after one cycle.

    With `clear` the group that was read in the cycle before is set to 0. While `taken` the synapses
    read a group themselves, so nothing may be read; while `wanted` they leave cycles free.
    """

    def __init__(self, geometry: Geometry) -> None:
        sums = data.ArrayLayout(signed(sum_bits(geometry)), geometry.lanes)
        super().__init__(
            {
                "enable": Out(1),
                "address": Out(address_bits(geometry.groups)),
                "clear": Out(1),
                "data": In(sums),
                "wanted": Out(1),
                "taken": In(1),
            }
        )


class FactorReads(Signature):
    """The axons' factors, `pq_lanes` of them: `data` follows `address` after one cycle."""

    def __init__(self, geometry: Geometry) -> None:
        lanes = pq_lanes(geometry)
        super().__init__(
            {
                "enable": Out(1),
                "address": Out(address_bits(geometry.axons // lanes)),
                "data": In(data.ArrayLayout(factor_layout(geometry), lanes)),
            }
        )


class HashInputs(Signature):
    """The inputs of the rounding hash (docs/contract.md, section 9) that all synapses share."""

    def __init__(self) -> None:
        super().__init__({"tick": Out(32), "seed": Out(32), "core": Out(CORE_BITS)})


class NeuronHash(Signature):
    """`word` is the hash of `neuron` and `purpose`, from 2 cycles after `fresh` on."""

    def __init__(self, neuron_bits: int, purpose_bits: int = 0) -> None:
        super().__init__(
            {
                "fresh": Out(1),
                "neuron": Out(neuron_bits),
                "purpose": Out(purpose_bits),
                "word": In(32),
            }
        )


class PulseHashes(Signature):
    """The hashes of a pulsed term: of its writes in this tick, and of the neuron's synapses."""

    def __init__(self, neuron_bits: int) -> None:
        super().__init__(
            {
                "write": Out(NeuronHash(neuron_bits, purpose_bits=3)),
                "pattern": Out(NeuronHash(neuron_bits, purpose_bits=4)),
            }
        )


class BlankOutInputs(Signature):
    """The inputs of blank-out that all synapses share; `start` comes with the tick's number."""

    def __init__(self, geometry: Geometry) -> None:
        parameters = In(ParameterPort(geometry))
        super().__init__({"start": Out(1), "hash": Out(HashInputs()), "parameters": parameters})


class ThresholdInputs(Signature):
    """The inputs of noise at the threshold; `start` comes with the tick's number, and while `busy`
    no neuron is asked for."""

    def __init__(self) -> None:
        super().__init__({"start": Out(1), "hash": Out(HashInputs()), "busy": In(1)})


class NeuronLookup(Signature):
    """State of a neuron for learning: B and the number of its set, in the cycle after `look`.

    In a core with terms also S and Z, in `terms`; then all stay until the next `look`. The neurons
    are at rest meanwhile.
    """

    def __init__(self, geometry: Geometry) -> None:
        terms = Signature({"spike": In(1), "z": In(geometry.trace_bits)})
        super().__init__(
            {
                "look": Out(1),
                "neuron": Out(address_bits(geometry.neurons)),
                "box": In(1),
                "set": In(max(1, set_bits(geometry))),
            }
            | with_terms(geometry, terms=Out(terms))
        )


class ErrorSums(Signature):
    """The list of the neurons that received error events, and their sums.

    `left` neurons are in the list; `pop` takes one out of it. In a core with terms the sums of any
    neuron, `wanted`, come after `fetch`, and `forget` empties the list; see Errors.
    """

    def __init__(self, geometry: Geometry) -> None:
        bits, number = signed(geometry.error_sum_bits), address_bits(geometry.neurons)
        terms = Signature({"fetch": Out(1), "wanted": Out(number), "forget": Out(1)})
        super().__init__(
            {
                "pop": Out(1),
                "neuron": In(number),
                "gated": In(bits),
                "ungated": In(bits),
                "left": In(range(geometry.neurons + 1)),
            }
            | with_terms(geometry, terms=Out(terms))
        )


class Emission(Signature):
    """The neurons that spiked, one after the other, as their sweep hands them to the fan-out.

    `last` is the neuron that was taken last, and `report`, whether the host hears of it; both stay
    until the next one is taken. `waiting` as long as neurons are to be taken, and `busy` while the
    fan-out is at work: a serial core's sweep rests meanwhile.
    """

    def __init__(self, geometry: Geometry) -> None:
        number = address_bits(geometry.neurons)
        super().__init__(
            {
                "neurons": Out(stream.Signature(number)),
                "last": Out(number),
                "report": Out(1),
                "waiting": Out(1),
                "busy": In(1),
            }
        )


class PoolPort(Signature):
    """The neurons' sweep, as pools see it: `valid` with each word `index`, and the U of its neurons
    in `tops`. `start` comes with the last word of a tick.

    From the next cycle on, while `busy`, pools may lower B: of the neurons in word `lowered` that
    have a bit in `losers`.
    """

    def __init__(self, geometry: Geometry) -> None:
        word = address_bits(geometry.neurons // geometry.update_lanes)
        tops = data.ArrayLayout(signed(geometry.state_bits + 1), geometry.update_lanes)
        super().__init__(
            {
                "valid": Out(1),
                "index": Out(word),
                "tops": Out(tops),
                "start": Out(1),
                "losers": In(geometry.update_lanes),
                "lowered": In(word),
                "busy": In(1),
            }
        )


class TickPort(Signature):
    """How a core takes part in the ticks of its chip, as the core sees it.

    `waiting` for `start` with a TICK, then `finished` until `finish`; `idle` while no packet is in
    work.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "waiting": Out(1),
                "start": In(1),
                "finished": Out(1),
                "finish": In(1),
                "idle": Out(1),
            }
        )
