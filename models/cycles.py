"""The cost model of a core in clock cycles (docs/contract.md says nothing of time)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from axonloop.models.config import (
    Convolution,
    Datapath,
    Geometry,
    Layout,
    NodeGeometry,
    ParameterSet,
    ceil_log2,
)

ALONE_TRACE, ALONE_NEURON = 7, 9
"""Cycles of an axon's traces or of a neuron where the lane is the only one: nothing overlaps."""
SERIAL_TRACE, SERIAL_NEURON = 11, 21
"""Cycles of an axon's traces and of a neuron in a serial core."""
ALONE_SYNAPSE = 24
"""Cycles of a synapse that learns where the multiplier is the only one, beside eta_shift."""
ETA_SHIFT = ParameterSet.eta_shift
"""The learning rate that is assumed where none is told."""
SPLIT_BLOCKS, SCANNED_BLOCKS = 8, 4
"""Blocks of traces from which on the scan for spikes runs ahead of them, and how many it looks at
in a cycle."""
WAITING_ROWS, AHEAD_OVERHEAD = 15, 5
"""Rows that wait for integration at most, and cycles more of a tick where the scan runs ahead."""
TICK_OVERHEAD = 20
"""Most cycles of a tick beyond the scan or the rows, and the sweep."""
BLANK_OVERHEAD, TERM_OVERHEAD, MASK_OVERHEAD, NOISE_OVERHEAD = 8, 4, 1, 2
"""More of them where synapses may drop spikes, where the core has terms, with a mask, and with
noise at the threshold in a core of few axons."""
UPDATE_LATENCY = {Layout.PLAIN: 11, Layout.SKEWED: 13}
"""Cycles from the read of a weight that learns until the new one is in its bank."""
KERNEL_ROW = {1: 16, 2: 0}
"""Cycles of a row of kernels that learns beyond one per multiplier, by weight ports, at least."""
KERNEL_OVERHEAD = 40
"""Most cycles beyond that when some channels of a convolution learn, or its pools are walked."""
PULSE_LATENCY = 4
"""More of them where weights may move by pulses."""

LEVEL_LATENCY = 14
"""Cycles of a loss engine from the end of a tick until its processor may go on, beyond two for each
class."""
GROUP_OVERHEAD = 4
"""Cycles between two groups of neurons whose gradient is multiplied."""
HEARD_CYCLES = 2
"""Fewest cycles of a spike in a node."""
LOSS_CYCLES, VOTE_CYCLES = (160, 39), (94, 22)
"""Cycles of the firmware before TEACH and behind it: for all classes, and for each."""
TEACH_LATENCY, STEER_CYCLES = 18, 6
"""Cycles of a loss engine behind TEACH beyond classes and neurons; of its rate controller."""


def tick_cycles(geometry: Geometry, events: int) -> int:
    """Cycles of a tick in which `events` axons spike and all rows visit all groups, at most.

    Pools of a core with convolutions come on top; see `kernel_tick_cycles`.

    The scan of the axons for spikes and the integration overlap; the neurons' sweep follows. Traces
    are updated meanwhile, behind the scan, which goes on when all rows but a few are integrated.
    Spikes that the neurons send cost more where their fan-out is long.
    """
    blocks = scan = geometry.axons // geometry.trace_lanes
    rows = events * (geometry.groups + _is_serial(geometry))
    overhead = TICK_OVERHEAD + BLANK_OVERHEAD * geometry.blank_out
    overhead += TERM_OVERHEAD * (geometry.terms > 0) + MASK_OVERHEAD * geometry.mask
    overhead += NOISE_OVERHEAD * geometry.threshold_noise
    if geometry.trace_lanes == 1:
        each = SERIAL_TRACE if _is_serial(geometry) else ALONE_TRACE
        return each * scan + rows + _sweep(geometry) + overhead
    ahead = blocks >= SPLIT_BLOCKS
    if ahead:
        scan = ceil(blocks / SCANNED_BLOCKS)
    gather, hidden = max(scan, rows), min(scan, rows)
    total = gather + min(hidden, TICK_OVERHEAD) + _sweep(geometry)
    held = max(0, rows - WAITING_ROWS * geometry.groups)
    return max(total, blocks + held) + AHEAD_OVERHEAD + overhead if ahead else total + overhead


def learn_cycles(
    geometry: Geometry,
    errors: int,
    *,
    terms_each: int = 1,
    swept: bool = False,
    eta_shift: int = ETA_SHIFT,
) -> int:
    """Cycles of a learning step in which `errors` neurons learn, about.

    Each of them has `terms_each` terms whose coefficient is not 0; the plain rule is one term. All
    neurons are `swept` if a set of the core has a term that may differ from 0 without an error.
    `eta_shift` of the neurons matters to a serial core alone. With convolutions it is a bound: see
    `kernel_learn_cycles`.
    """
    if geometry.convolutions:
        return _most_learn_cycles(geometry, errors, terms_each)
    if _is_serial(geometry):
        return errors * (geometry.axons * (ALONE_SYNAPSE + eta_shift) + 7) + 7
    walk = geometry.axons / (geometry.multipliers * geometry.weight_ports / 2)
    quiet = geometry.neurons - errors if swept else 0
    least = 7 if geometry.terms == 0 else 5
    latency = update_latency(geometry)
    again = walk if walk > latency else walk + latency + 1  # its walks touch the same weights
    each = (terms_each - 1) * max(again, 4) + max(walk, least)
    return ceil(errors * each) + quiet + 35


def kernel_tick_cycles(
    geometry: Geometry, convolutions: Sequence[Convolution], synops: int, silent: int = 0
) -> int:
    """Cycles of a tick in a core with `convolutions` whose spikes make `synops` SynOps, at most.

    An axon costs C' / lanes cycles at each position that sees it; `silent` spikes, of axons that no
    position sees, cost one.
    """
    scan, rows = geometry.axons // geometry.trace_lanes, synops // geometry.lanes + silent
    overhead = TICK_OVERHEAD + TERM_OVERHEAD * (geometry.terms > 0)
    overhead += NOISE_OVERHEAD * geometry.threshold_noise
    gather = max(scan, rows) + min(scan, rows, TICK_OVERHEAD)
    pools = sum(_pool_cycles(geometry, each) for each in convolutions)
    return gather + _sweep(geometry) + pools + overhead


def _pool_cycles(geometry: Geometry, shape: Convolution) -> int:
    """Two walks over all positions, and two cycles for each pool, per word of channels."""
    if shape.pool == 1:
        return 4
    pools = ceil(shape.out_height / shape.pool) * ceil(shape.out_width / shape.pool)
    return 2 * (shape.positions + pools) * shape.out_channels // geometry.update_lanes + 4


def kernel_learn_cycles(
    geometry: Geometry, convolutions: Sequence[Convolution], errors: int, positions: Sequence[int]
) -> int:
    """Cycles of a learning step in a core with `convolutions`, by one term, about.

    `errors` neurons learn, at `positions[k]` positions of convolution k, in all of its channels.
    Every row of its kernels takes a cycle per position and `multipliers` channels, or what the
    weights take to be rounded.
    """
    total = _empty_cycles(geometry) + 7 * errors
    for shape, count in zip(convolutions, positions, strict=True):
        pieces, row = shape.out_channels // geometry.multipliers, _row_cycles(geometry, count)
        total += pieces * (shape.positions + (shape.rows * row + 30) * (count > 0))
    return total + 20


def _row_cycles(geometry: Geometry, positions: int) -> int:
    return max(positions, geometry.multipliers + KERNEL_ROW[geometry.weight_ports])


def _empty_cycles(geometry: Geometry) -> int:
    """Words of coefficients: of each term as many as a power of two."""
    return max(1, geometry.terms) << ceil_log2(geometry.neurons // geometry.multipliers)


def _most_learn_cycles(geometry: Geometry, errors: int, terms_each: int) -> int:
    """A step in which all channels of all convolutions learn, whose positions are all groups."""
    row = _row_cycles(geometry, min(errors, geometry.groups))
    scans = geometry.convolutions * (geometry.groups + KERNEL_OVERHEAD)
    pieces = geometry.weight_columns // geometry.multipliers * terms_each
    walks = pieces * (scans + geometry.weight_rows * row)
    return _empty_cycles(geometry) + 7 * errors + geometry.neurons + walks


def listen_cycles(geometry: NodeGeometry, classes: int, spikes: int) -> int:
    """Cycles of a loss engine from the first of so many spikes until its processor may go on."""
    return spikes * ceil(classes / geometry.lanes) + 2 * classes + LEVEL_LATENCY


def teach_cycles(
    geometry: NodeGeometry, neurons: int, classes: int, *, steered: bool = False
) -> int:
    """Cycles of a loss engine from TEACH until it listens again, if its events are taken at once.

    A group of lanes neurons is multiplied while the one before is encoded, neuron by neuron;
    `steered` thresholds move.
    """
    groups = ceil(neurons / geometry.lanes)
    last = neurons - (groups - 1) * geometry.lanes
    between = (groups - 1) * max(geometry.lanes, classes + GROUP_OVERHEAD)
    return classes + between + last + TEACH_LATENCY + STEER_CYCLES * steered


def node_cycles(
    geometry: NodeGeometry, neurons: int, classes: int, spikes: int, *, steered: bool = False
) -> int:
    """Cycles that a node adds to a tick, at most, with the cross-entropy of its own firmware.

    The processor sums up votes while the engine encodes.
    """
    each = max(HEARD_CYCLES, ceil(classes / geometry.lanes))
    heard = spikes * each + listen_cycles(geometry, classes, 0)
    loss, votes = (fixed + each * classes for fixed, each in (LOSS_CYCLES, VOTE_CYCLES))
    return heard + loss + max(votes, teach_cycles(geometry, neurons, classes, steered=steered))


def _is_serial(geometry: Geometry) -> bool:
    return geometry.datapath is Datapath.SERIAL


def update_latency(geometry: Geometry) -> int:
    """Cycles from the read of a weight that learns until the new one is in its bank."""
    return UPDATE_LATENCY[geometry.layout] + PULSE_LATENCY * (geometry.memristor == 2)


def _sweep(geometry: Geometry) -> int:
    alone = SERIAL_NEURON if _is_serial(geometry) else ALONE_NEURON
    cycles = alone if geometry.update_lanes == 1 else 1
    return geometry.neurons // geometry.update_lanes * cycles


def speed(geometry: Geometry, hz: float) -> dict[str, float]:
    """The rates of a core at a clock, per second, by this model.

    `peak_synops`: with all lanes busy; `dense`, `sparse`: ticks with all axons spiking, or 5 %;
    `updates`: weights that learning visits while it works.
    """
    few = round(0.05 * geometry.axons)
    dense, sparse = (hz / tick_cycles(geometry, events) for events in (geometry.axons, few))
    return {
        "peak_synops_per_s": geometry.lanes * hz,
        "dense_synops_per_s": dense * geometry.axons * geometry.neurons,
        "dense_ticks_per_s": dense,
        "sparse_ticks_per_s": sparse,
        "sparse_synops_per_s": sparse * few * geometry.neurons,
        "peak_updates_per_s": _updates_per_cycle(geometry) * hz,
    }


def training_speed(geometry: Geometry, node: NodeGeometry, hz: float) -> dict[str, float]:
    """Ticks per second of a core that learns, with a host that takes no time, and with a node.

    Of axons and neurons 5 % spike, and 5 % of the neurons are in error; ten classes, and a
    threshold that moves.
    """
    events, spikes = round(0.05 * geometry.axons), round(0.05 * geometry.neurons)
    heard, classes = min(geometry.neurons, node.neurons), min(10, node.classes)
    alone = tick_cycles(geometry, events) + learn_cycles(geometry, spikes)
    added = node_cycles(node, heard, classes, spikes, steered=True)
    return {"ticks_per_s": hz / alone, "node_ticks_per_s": hz / (alone + added)}


def _updates_per_cycle(geometry: Geometry) -> float:
    if _is_serial(geometry):
        return 1 / (ALONE_SYNAPSE + ETA_SHIFT)
    return geometry.multipliers * geometry.weight_ports / 2
