"""The layouts and widths that several parts share: events, packet headers, parameters, weights."""

from typing import Any

from amaranth.hdl import Mux, ShapeLike, Value, signed, unsigned
from amaranth.lib import data, enum

from axonloop.models.config import MEMRISTOR_MAX, Datapath, Geometry, Layout, ceil_log2
from axonloop.models.protocol import PARAMETER_STRIDE, parameter_bits

BUS_LATENCY = 1
"""Cycles from a read strobe on a component's bus to its data; the weights take their own."""
INDEX_BITS = (PARAMETER_STRIDE - 1).bit_length()
"""Width of a register's index in its parameter set."""
CORE_BITS = 8
"""Width of a core's number."""
LOSS_BITS = 8
"""Width of a row's or a column's loss, in parts of 256."""
Fields = Any
"""A value of a struct layout: its fields are attributes, of which no type checker knows."""


class Part(enum.Enum, shape=2):
    """Which groups of a row are integrated: all, the early ones, or the late ones."""

    WHOLE = 0
    EARLY = 1
    LATE = 2


def early_groups(geometry: Geometry) -> int:
    """Groups, from the first on, whose neurons may be swept before the last rows are integrated.

    0 where neurons wait for all rows: in cores of few groups or of one lane, and with convolutions.
    """
    parallel = geometry.datapath is Datapath.PARALLEL and geometry.update_lanes > 1
    if geometry.groups < 4 or not parallel or geometry.convolutions:
        return 0
    return geometry.groups * 3 // 4


def address_bits(words: int) -> int:
    """Width of an address of `words` words; at least 1."""
    return max(1, ceil_log2(words))


def header_layout() -> data.StructLayout:
    """First word of a packet."""
    return data.StructLayout({"argument": 20, "core": CORE_BITS, "kind": 4})


def spike_layout(geometry: Geometry) -> data.StructLayout:
    """A spike on its way to an axon of this core."""
    return data.StructLayout(
        {"axon": address_bits(geometry.axons), "delay": address_bits(geometry.delay_slots)}
    )


def addressed_layout(shape: ShapeLike) -> data.StructLayout:
    """Something of `shape` on its way to core number `core`."""
    return data.StructLayout({"payload": shape, "core": CORE_BITS})


def error_layout(geometry: Geometry) -> data.StructLayout:
    """An error event for a neuron of this core."""
    return data.StructLayout(
        {"value": signed(8), "neuron": address_bits(geometry.neurons), "ungated": 1}
    )


def parameter_layout(geometry: Geometry) -> data.StructLayout:
    """The registers of one parameter set."""
    return data.StructLayout(parameter_bits(geometry))


def sets_layout(geometry: Geometry) -> data.ArrayLayout:
    """The registers of all parameter sets."""
    return data.ArrayLayout(parameter_layout(geometry), geometry.parameter_sets)


def parameter_address_bits(geometry: Geometry) -> int:
    """Width of a register's address in a memory: its index, and above it its set's number."""
    return address_bits(PARAMETER_STRIDE * geometry.parameter_sets)


def parameter_width(geometry: Geometry) -> int:
    """Width of the widest register."""
    return max(parameter_bits(geometry).values())


def sum_bits(geometry: Geometry) -> int:
    """Width of a sum of weights; with a mask those are multiplied by what their rows keep."""
    return geometry.accumulator_bits + LOSS_BITS * geometry.mask


def pq_lanes(geometry: Geometry) -> int:
    """Factors Pq in a word of their memory."""
    return max(geometry.trace_lanes, geometry.multipliers)


def factor_layout(geometry: Geometry) -> data.StructLayout:
    """The factors of an axon for learning: Pq; in a core with terms also Qq and the mark."""
    of_terms = {"qq": geometry.pq_bits, "mark": 2} if geometry.terms else {}
    return data.StructLayout({"pq": geometry.pq_bits} | of_terms)


def location_layout(geometry: Geometry) -> data.StructLayout:
    """Where an access goes: a row piece (`axon`, `group`) or, with `column`, a column piece.

    In a core with convolutions `axon` is a row of kernels, `group` the first L, the next L, ... of
    its channels, and there are no column pieces.

    A row piece is the L weights of `axon` to the neurons of `group`; lane k is neuron k of the
    group. A column piece is the weights of axons `axon`, `axon` + 1, ... to neuron `lane` of
    `group`; `axon` is a multiple of the number of lanes in use, a power of two.
    """
    return data.StructLayout(
        {
            "column": 1,
            "axon": address_bits(geometry.weight_rows),
            "group": address_bits(geometry.weight_columns // geometry.lanes),
            "lane": address_bits(geometry.lanes),
        }
    )


def lane_turn(geometry: Geometry, location: Fields) -> Value:
    """How far the lanes of an access are turned against the banks, in the skewed layout."""
    turned = location.axon + Mux(location.column, location.lane, 0)
    found: Value = turned[: address_bits(geometry.lanes)]
    return found


def weight_latency(geometry: Geometry) -> int:
    """Cycles from the location of a read to its data: one in the banks, one in a register behind
    them; in the skewed layout two more in the halves of the rotator."""
    return 4 if geometry.layout is Layout.SKEWED else 2


def bus_latency(geometry: Geometry) -> int:
    """Cycles from a read strobe on the weights' bus to its data, where a register lies between bus
    and banks: the rotator leaves no time to decode the address before it."""
    return weight_latency(geometry) + (geometry.layout is Layout.SKEWED)


def bus_registers(geometry: Geometry) -> int:
    """Registers between the bus and all parts but the weights, where those leave the time: so the
    host's words, on their way to every memory and register, end in one place."""
    return int(bus_latency(geometry) > BUS_LATENCY + 1)


def spread_bits(geometry: Geometry) -> dict[str, int]:
    """Registers of a set that say how far pulses vary, and their widths; none without pulses."""
    spreads = {name: most.bit_length() for name, most in MEMRISTOR_MAX.items()}
    return spreads if geometry.memristor == 2 else {}


def target_layout(geometry: Geometry) -> data.StructLayout:
    """A neuron in error: its number, E, the neuron's part of the hash, and how to round. With terms
    E is a term's coefficient, eta_shift its shift, and `factor` the low bits of its axon factor.

    Where terms may see their weight, whether this one is `weighted`; with pulses whether it is
    `pulsed`, the hashes of its writes and of the synapses, and how far both vary.
    """
    of_terms: dict[str, int] = {"factor": 2} if geometry.terms else {}
    if geometry.memristor:
        of_terms["weighted"] = 1
    if geometry.memristor == 2:
        hashes = dict.fromkeys(("pulse_word", "pattern_word"), 32)
        of_terms |= {"pulsed": 1} | hashes | spread_bits(geometry)
    return data.StructLayout(
        {
            "neuron": address_bits(geometry.neurons),
            "error": signed(geometry.error_bits),
            "word": unsigned(32),
            "eta_shift": parameter_bits(geometry)["eta_shift"],
            "rounding": 1,
        }
        | of_terms
    )
