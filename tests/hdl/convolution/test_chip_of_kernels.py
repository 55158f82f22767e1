"""A compiled core with convolutions, beyond 2048 neurons and kernel rows: words, bits, cycles."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.bench.core import core_config, learn_cycles, tick_cycles
from axonloop.host.devices import GoldenDevice, RtlDevice
from axonloop.host.verification.verify import lockstep
from axonloop.models import cycles
from axonloop.models.config import CONVOLUTION_RANGES, Geometry, Group
from axonloop.models.protocol import (
    CONVOLUTION_INDEX,
    CONVOLUTION_STRIDE,
    MAGIC,
    Control,
    Counter,
    Fault,
    Kind,
    Region,
    address,
    header,
    packets,
)
from axonloop.sim.cosim import RtlChip, build_chip
from tests.support.random.convolutions import far_core

CORE = far_core()
GEOMETRY = CORE.geometry


@pytest.fixture
def chip():
    chip = RtlChip(build_chip(GEOMETRY, 0, notify=lambda message: None), patience=4_000_000)
    yield chip
    chip.close()


def exchange(chip: RtlChip, words: list[int], expected: int, settle: int = 0) -> list[int]:
    return chip.exchange(np.array(words, np.uint32), expected, settle).tolist()


def read(chip: RtlChip, region: Region, offset: int, count: int) -> list[int]:
    found = exchange(chip, packets.read(0, address(region, offset), count), 1)
    assert found[0] == header(Kind.DATA, 0, count)
    return found[1:]


def test_who_it_says_it_is(chip):
    words = read(chip, Region.CONTROL, 0, 32)
    assert words[:3] == [MAGIC, 5, 0]
    assert words[Control.AXONS : Control.LANES] == [88, 2304]
    assert words[Control.CONVOLUTIONS :] == [4, 4 << 16 | 2112]


@pytest.mark.parametrize(("offset", "count"), [(30, 1), (31, 1), (29, 2), (26, 8)])
def test_its_words_of_convolutions_are_read_only(chip, offset, count):
    words = packets.write(0, address(Region.CONTROL, offset), [7] * count)
    (fault,) = exchange(chip, [*words, *packets.read(0, 0, 1)], 1)[:1]
    assert fault == header(Kind.FAULT, 0, Kind.WRITE << 4 | Fault.RANGE)
    assert read(chip, Region.CONTROL, 26, 3) == [0, 0, 1]


def test_registers_keep_as_many_bits_as_their_largest_value(chip):
    assert not any(read(chip, Region.CONVOLUTION, 0, 64))
    everything = packets.write(0, address(Region.CONVOLUTION), [2**32 - 1 - k for k in range(64)])
    exchange(chip, everything, 0)
    found = read(chip, Region.CONVOLUTION, 0, 64)
    for number in range(4):
        for index in range(CONVOLUTION_STRIDE):
            position = CONVOLUTION_STRIDE * number + index
            names = [name for name, at in CONVOLUTION_INDEX.items() if at == index]
            bits = sum(CONVOLUTION_RANGES[name][1].bit_length() for name in names)
            assert found[position] == (2**32 - 1 - position) % 2**bits


@pytest.mark.parametrize("seed", range(4))
def test_it_answers_whatever_its_descriptors_are(chip, seed):
    """A walk that does not end would be a hang, which `patience` finds."""
    rng = random.Random(seed)
    words = [rng.getrandbits(rng.choice((1, 2, 3, 12))) or 1 for _ in range(64)]
    words[6::16] = [rng.choice((4, 5, 6, 300)) for _ in range(4)]
    posted = packets.write(0, address(Region.CONVOLUTION), words)
    posted += packets.write(0, address(Region.PARAMETERS, 5), [1000])
    posted += [packets.spike(0, axon) for axon in range(88)]
    posted += [packets.error(0, neuron, 5, ungated=True) for neuron in range(0, 2304, 5)]
    assert exchange(chip, [*posted, packets.tick(0, learn=True)], 1) == [header(Kind.TICK, 0)]
    assert read(chip, Region.CONTROL, Control.TICK, 1) == [1]


def test_errors_of_far_neurons(chip):
    sent = {5: 3, 2047: 4, 2048: -5, 2048 + 5: 6, 2303: 7}
    events = [packets.error(0, neuron, value) for neuron, value in sent.items()]
    late = [packets.error(0, neuron, 1) for neuron in (2304, 4095)]
    found = exchange(chip, [*events, *late, *packets.read(0, address(Region.GATED), 2304)], 1)
    assert found[:2] == [header(Kind.FAULT, 0, Kind.FAR_ERROR << 4 | Fault.RANGE)] * 2
    sums = {n: word for n, word in enumerate(found[3:]) if word}
    assert sums == {neuron: value % 2**32 for neuron, value in sent.items()}
    assert read(chip, Region.CONTROL, Control.COUNTERS + 2 * Counter.ERRORS, 1) == [5]


def test_it_does_what_the_golden_model_does():
    with GoldenDevice(CORE) as golden, RtlDevice(CORE) as rtl:
        report = lockstep([golden, rtl], CORE, 14, 3)
        counters = report.counters
    assert len(set(report.weight_hashes.values())) == 1
    assert min(counters[c] for c in (Counter.SPIKES, Counter.VISITS, Counter.UPDATES)) > 0


@pytest.fixture(scope="module")
def silent():
    """The core with neurons that never spike, and with traces and boxes for learning."""
    parameters = core_config(Geometry()).parameter_sets
    groups = (Group(report=False),) * GEOMETRY.groups
    config = replace(CORE, parameter_sets=parameters, groups=groups, fanout=())
    with RtlDevice(config) as rtl:
        weights = np.full((2112, 4), GEOMETRY.no_synapse, np.int32)
        for shape in CORE.convolutions:
            weights[shape.first_row : shape.first_row + shape.rows] = 0
        rtl.load_weights(weights)
        yield rtl


@pytest.mark.parametrize(
    ("axons", "synops"),
    [((), 0), (range(3, 43), 2 * 10 * 13 * 4), (range(88), None)],
)
def test_the_model_of_a_tick(silent, axons, synops):
    """It is never better than the RTL, nor 40 cycles worse; a SynOp costs a lane one cycle."""
    before = silent.counters()[Counter.SYNOPS]
    silent.tick(np.array(axons, np.int32))
    made = silent.counters()[Counter.SYNOPS] - before
    assert synops is None or made == synops + 20 * 4, "the bias is always on"
    seen = {axon for shape in CORE.convolutions for axon in axons_seen(shape)}
    quiet = len(set(axons) - seen)
    model = cycles.kernel_tick_cycles(GEOMETRY, CORE.convolutions, made, quiet)
    assert 0 <= model - tick_cycles(silent, np.array(axons, np.int32)) <= 40


def axons_seen(shape):
    reach = np.arange(shape.first_axon, shape.first_axon + shape.axons)
    if shape.stride == 1:
        return set(reach.tolist())
    pixels = reach.reshape(shape.in_channels, shape.in_height, shape.in_width)
    return set(pixels[:, :: shape.stride, :: shape.stride].ravel().tolist())


def test_integration_costs_at_most_a_quarter_more_than_its_synops(silent):
    """Cycles per SynOp at most 1.25 / lanes, all that integrating takes included."""
    some = np.arange(3, 44, dtype=np.int32)
    before = silent.counters()[Counter.SYNOPS]
    silent.tick(some)
    synops = silent.counters()[Counter.SYNOPS] - before
    idle = tick_cycles(silent, some[:0]) - GEOMETRY.axons / GEOMETRY.trace_lanes
    assert tick_cycles(silent, some) - idle <= 1.25 * synops / GEOMETRY.lanes


@pytest.mark.parametrize("positions", [1, 8, 20])
def test_the_model_of_learning(silent, positions):
    neurons = np.arange(2120, 2120 + 4 * positions)
    model = cycles.kernel_learn_cycles(
        GEOMETRY, CORE.convolutions, len(neurons), (0, positions, 0, 0)
    )
    assert abs(learn_cycles(silent, neurons) - model) <= 40
    assert model <= cycles.learn_cycles(GEOMETRY, len(neurons))
