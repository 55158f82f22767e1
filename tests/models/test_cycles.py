"""The cost model of a core, in clock cycles: the RTL's own counter, so no test here is timed."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from axonloop.hdl.common import early_groups
from axonloop.hdl.parallel.update import update_latency
from axonloop.host.bench.core import core_config, learn_cycles, tick_cycles
from axonloop.host.devices import RtlDevice
from axonloop.models import cycles
from axonloop.models.config import (
    AxonFactor,
    Datapath,
    Geometry,
    NeuronFactor,
    NodeGeometry,
    Term,
    ThirdFactor,
)
from axonloop.models.protocol import Counter
from axonloop.sim.stimulus import GEOMETRIES

WIDE = pytest.param("wide", marks=pytest.mark.slow)
PLAIN, TERMS, BLANK, DEVICE, MASK, ANALOGUE = (
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("plain", "terms", "terms-blank", "device", "mask", "analogue")
)
NAMES = ("small", WIDE, BLANK, PLAIN, TERMS, DEVICE, MASK, ANALOGUE)
WITH_TERMS = ("terms", BLANK, DEVICE, ANALOGUE)


@pytest.fixture(params=NAMES, scope="module")
def device(request):
    """A core whose rows visit all groups and whose traces never fall to 0."""
    with RtlDevice(core_config(GEOMETRIES[request.param])) as rtl:
        shape = (rtl.config.geometry.axons, rtl.config.geometry.neurons)
        rtl.load_weights(np.zeros(shape, np.int32))
        yield rtl


def test_a_row_costs_its_groups_and_no_gap(device):
    """A sum that is read while rows are added takes a cycle too, which the sweep is shorter by."""
    geometry = device.config.geometry
    everyone = np.arange(geometry.axons)
    some = everyone[: geometry.axons // 2]
    more = tick_cycles(device, everyone) - tick_cycles(device, some)
    early = early_groups(geometry) * geometry.lanes // geometry.update_lanes
    assert 0 <= more - (len(everyone) - len(some)) * geometry.groups <= early


def test_an_idle_tick_costs_the_trace_blocks_or_the_sweep_and_little_more(device):
    """Where the scan runs ahead of the blocks, they hide behind the sweep, or it behind them."""
    geometry = device.config.geometry
    blocks = scan = geometry.axons // geometry.trace_lanes
    if blocks >= cycles.SPLIT_BLOCKS:
        scan = ceil(blocks / cycles.SCANNED_BLOCKS)
    floor = max(blocks, scan + geometry.neurons // geometry.update_lanes)
    assert floor <= tick_cycles(device, np.arange(0)) <= floor + 21


def test_learning_costs_errors_times_axons_over_multipliers(device):
    geometry = device.config.geometry
    neurons = np.random.default_rng(3).permutation(geometry.neurons)
    few, many = learn_cycles(device, neurons[:3]), learn_cycles(device, neurons[:9])
    reads_per_cycle = geometry.multipliers * (geometry.weight_ports / 2)
    per_error = max(geometry.axons / reads_per_cycle, 7)
    # With one port a walk starts on an even cycle, which costs each run one cycle or none.
    assert abs(many - few - 6 * per_error) <= (geometry.weight_ports == 1)
    assert few <= 3 * per_error + 30


@pytest.mark.parametrize("share", [0, 0.05, 0.3, 1])
def test_the_model_of_ticks_and_learning(device, share):
    """What a board's report computes speed with: never better than the RTL, nor 40 cycles worse."""
    geometry = device.config.geometry
    axons = np.arange(round(share * geometry.axons))
    neurons = np.arange(round(share * geometry.neurons))
    assert 0 <= cycles.tick_cycles(geometry, len(axons)) - tick_cycles(device, axons) <= 40
    assert abs(cycles.learn_cycles(geometry, len(neurons)) - learn_cycles(device, neurons)) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gates", "ice40"])
def test_lanes_that_are_alone(name):
    """One axon and one neuron at a time: little overlaps, and the model is an upper bound."""
    geometry = GEOMETRIES[name]
    serial = geometry.datapath is Datapath.SERIAL
    trace, neuron = (11, 21) if serial else (7, 9)
    with RtlDevice(core_config(geometry)) as device:
        device.load_weights(np.zeros((geometry.axons, geometry.neurons), np.int32))
        assert 0 <= cycles.tick_cycles(geometry, 0) - tick_cycles(device, np.arange(0)) <= 40
        for events in (3, 19, 64):
            rows = events * (geometry.groups + serial)
            least = max(trace * geometry.axons, rows) + neuron * geometry.neurons
            found = tick_cycles(device, np.arange(events))
            assert least <= found <= cycles.tick_cycles(geometry, events)


ERROR_DRIVEN = (
    Term(AxonFactor.PQ, NeuronFactor.ONE, ThirdFactor.ERROR),
    Term(AxonFactor.ONE, NeuronFactor.BOX, ThirdFactor.ERROR),
)
SPIKE_DRIVEN = Term(AxonFactor.PQ, NeuronFactor.SPIKE)
REWARDED = Term(AxonFactor.PQ, NeuronFactor.SPIKE, ThirdFactor.MODULATION)


def core_with(name, *terms):
    """The core of the other tests, whose neurons never spike, with a rule of these terms."""
    config = core_config(GEOMETRIES[name])
    device = RtlDevice(
        replace(config, parameter_sets=(replace(config.parameter_sets[0], terms=terms),))
    )
    device.load_weights(np.zeros((config.geometry.axons, config.geometry.neurons), np.int32))
    return device


@pytest.mark.parametrize("name", WITH_TERMS)
def test_a_term_costs_a_walk_and_where_that_is_short_the_writes_too(name):
    geometry = GEOMETRIES[name]
    walk = 2 * geometry.axons // (geometry.multipliers * geometry.weight_ports)
    latency = update_latency(geometry)
    between = walk if walk > latency else walk + latency + 1
    assert (walk > latency) == (name == "terms"), "one geometry each"
    with core_with(name, *ERROR_DRIVEN) as device:
        few, many, all_ = (learn_cycles(device, np.arange(n)) for n in (3, 9, geometry.neurons))
    assert many - few == 6 * (walk + between)
    model = [cycles.learn_cycles(geometry, n, terms_each=2) for n in (3, 9, geometry.neurons)]
    assert np.all(np.abs(np.subtract(model, (few, many, all_))) <= 40)


@pytest.mark.parametrize("name", WITH_TERMS)
def test_a_sweep_costs_a_cycle_for_a_silent_neuron(name):
    """Terms without E may have work in any neuron; if none has any, its neurons pass by."""
    geometry = GEOMETRIES[name]
    with core_with(name, SPIKE_DRIVEN, ERROR_DRIVEN[0]) as device:
        silent, some = learn_cycles(device, np.arange(0)), learn_cycles(device, np.arange(3))
    assert geometry.neurons <= silent <= geometry.neurons + 10
    assert abs(cycles.learn_cycles(geometry, 0, swept=True) - silent) <= 40
    assert abs(cycles.learn_cycles(geometry, 3, swept=True) - some) <= 40


def test_modulation_of_zero_needs_no_sweep():
    with core_with("terms", REWARDED) as device:
        without = learn_cycles(device, np.arange(0))
        device.modulate(3)
        assert learn_cycles(device, np.arange(0)) - without >= GEOMETRIES["terms"].neurons
        assert without <= 5


@pytest.mark.parametrize("name", ["small", "plain", "device", "device-gain"])
def test_the_model_knows_the_latency_of_an_update(name):
    geometry = GEOMETRIES[name]
    assert cycles.update_latency(geometry) == update_latency(geometry)


@pytest.mark.parametrize("eta_shift", [0, 7, 20])
def test_a_serial_core_learns_bit_by_bit(eta_shift):
    """A synapse takes 24 cycles and one per bit of eta_shift, a silent axon two."""
    geometry = GEOMETRIES["ice40"]
    plain = core_config(geometry)
    parameters = replace(plain.parameter_sets[0], eta_shift=eta_shift)
    with RtlDevice(replace(plain, parameter_sets=(parameters,))) as device:
        device.load_weights(np.zeros((geometry.axons, geometry.neurons), np.int32))
        for neurons in (1, 5):
            expected = cycles.learn_cycles(geometry, neurons, eta_shift=eta_shift)
            assert expected == neurons * (geometry.axons * (24 + eta_shift) + 7) + 7
            assert abs(learn_cycles(device, np.arange(neurons)) - expected) <= 10
        device.clear()
        device.tick(np.arange(0))
        device.send_errors(np.arange(1), np.ones(1, np.int32))
        start = device.counters()[Counter.CYCLES]
        device.learn()
        assert device.counters()[Counter.CYCLES] - start <= 2 * geometry.axons + 500


def test_how_fast_a_core_learns_with_a_node_and_without():
    """300 of 512 neurons are heard; of 1024 axons 51 spike, and 26 neurons, which are in error."""
    geometry, node = Geometry(axons=1024, neurons=512), NodeGeometry(300, 16, 8)
    alone = cycles.tick_cycles(geometry, 51) + cycles.learn_cycles(geometry, 26)
    with_node = alone + cycles.node_cycles(node, 300, 10, 26, steered=True)
    rates = {"ticks_per_s": 1e6 / alone, "node_ticks_per_s": 1e6 / with_node}
    assert cycles.training_speed(geometry, node, 1e6) == rates
