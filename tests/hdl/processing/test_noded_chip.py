"""A chip with a node, over its packets, beside the golden chip with a golden node."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.hdl.flow import noded_verilog
from axonloop.hdl.processing import NodedChip
from axonloop.hdl.processing.node import PATIENCE
from axonloop.host.devices.packets import PacketDevice
from axonloop.models.config import ChipConfig, Mesh, NodeGeometry, ParameterSet
from axonloop.models.golden import Chip
from axonloop.models.golden.processing import NodeChip, NodeConstants, ProcessingNode
from axonloop.models.protocol import (
    HEARS,
    NODE_CORE,
    NODE_MAGIC,
    SILENT,
    TELLS,
    Fault,
    Kind,
    NodeRegister,
    core_of,
    header,
    kind_of,
    packets,
)
from tests.support.contract import PAGE
from tests.support.random.chips import random_chip
from tests.support.random.nodes import naive_of, plain, random_constants
from tests.support.simulated.chip import SimulatedChip
from tests.support.simulated.node import REGISTERS, PacketNode
from tests.support.tiny_chips import TINY

NODE = NodeGeometry(8, 4, 2)
LIVELY = ParameterSet(theta=300, box=32767, eta_shift=1)


def lively(config: ChipConfig) -> ChipConfig:
    """The chip with all groups reported, neurons that spike often, and weights that learn fast."""
    cores = [
        replace(
            core,
            groups=tuple(replace(each, report=True) for each in core.groups),
            rows=tuple(
                replace(each, first_group=0, groups=core.geometry.groups, plastic=True)
                for each in core.rows
            ),
            bias=(0,) * core.geometry.neurons,
            parameter_sets=(LIVELY,) * len(core.parameter_sets),
        )
        for core in config.cores
    ]
    return replace(config, cores=tuple(cores))


def random_node(rng: np.random.Generator, neurons: int, limit: int, **given: Any) -> NodeConstants:
    """A node that errs often."""
    usual = {"threshold": 256, "limit": limit, "burn_in": 1, "rise": 4}
    own = random_constants(rng, **usual | given)
    classes = int(rng.integers(2, 5))
    readout, feedback = (rng.integers(-99, 100, (classes, neurons)) for _ in range(2))
    return replace(own, readout=readout, feedback=feedback)


SLOW = [
    pytest.param(mesh, seed, marks=pytest.mark.slow) for mesh in ("1x1", "2x1") for seed in (2, 3)
]


@pytest.mark.parametrize(("mesh", "seed"), [("2x1", 1), *SLOW], ids=str)
def test_samples_are_learned_as_by_the_golden_chip(mesh: str, seed: int) -> None:
    rng = np.random.default_rng([seed, len(mesh), mesh == "1x1"])
    config = lively(random_chip(rng, Mesh.parse(mesh), TINY))
    neurons, first = config.neurons, config.first
    heard = np.sort(rng.choice(neurons, neurons - 1, replace=False))
    constants = random_node(rng, len(heard), 5)
    golden = NodeChip(Chip(config), [(ProcessingNode(constants), heard)])
    weights = rng.integers(-20, 100, (config.axons, config.geometry.neurons))
    golden.chip.load_weights(weights)
    transport = SimulatedChip(NodedChip(config.geometry, NODE, config.mesh, first))
    others = listened = 0
    with PacketDevice(transport, config) as device:
        device.load_weights(weights)
        device.read_weights()
        node = PacketNode(transport, NODE, naive_of(constants))
        node.load(constants, heard.tolist(), config)
        for _ in range(2):
            target: Any = int(rng.integers(constants.classes))
            if constants.loss:
                target = rng.integers(-32767, 32768, constants.classes).tolist()
            trains = [np.flatnonzero(rng.random(config.axons) < 0.7) for _ in range(5)]
            device.clear()
            device.read_weights()
            node.begin(target)
            golden.chip.clear()
            golden.nodes[0].begin(target)
            for train in trains:
                spiked = set(golden.tick(train).tolist())
                reported = spiked - set(heard.tolist())
                listened += len(spiked - reported)
                axons = [(first + axon // TINY.axons, axon % TINY.axons) for axon in train.tolist()]
                said = node.tick(first, axons)[:-1]
                numbers = [(core_of(word) - first) * TINY.neurons + word % 2**16 for word in said]
                assert sorted(numbers) == sorted(reported)
                assert node.state() == plain(golden.nodes[0].state())
                others += len(numbers)
        np.testing.assert_array_equal(device.read_weights(), golden.chip.weights)
    assert min(others, listened, golden.nodes[0].events) > 0
    assert (weights != golden.chip.weights).any()


def test_a_silent_node_keeps_a_tick_to_itself() -> None:
    """Neither spikes, those of others included, nor the answer to a TICK come; FAULTs do."""
    config = lively(random_chip(np.random.default_rng(1), Mesh(1, 1), TINY))
    first = config.first
    transport = SimulatedChip(NodedChip(config.geometry, NODE, core=first))
    constants = random_node(np.random.default_rng(1), 3, 5, burn_in=9)
    with PacketDevice(transport, config) as device:
        device.load_weights(np.full((config.axons, config.neurons), 100))
        device.read_weights()
        node = PacketNode(transport, NODE, naive_of(constants))
        node.load(constants, [0, 1, 2], config)
        said = []
        for hears in (HEARS | TELLS, HEARS | TELLS | SILENT):
            node.write(REGISTERS, [0], NodeRegister.SPIKES)
            node.write(REGISTERS, [hears], NodeRegister.HEARS)
            device.clear()
            node.begin(0)
            own = []
            for _ in range(4):
                axons = [(first, axon) for axon in range(4)]
                node.tick(first, axons, answered=not hears & SILENT)
                node.exchange([packets.spike(first, 99)], 0)
                assert node.read(REGISTERS, 1) == [NODE_MAGIC]
                own += node.sent
            said.append((own, node.read(REGISTERS, 1, NodeRegister.SPIKES)))
    (told, heard), (kept, also) = said
    spikes = [word & 0xFFFF for word in told if kind_of(word) == Kind.SPIKE]
    assert heard == also == [sum(neuron < 3 for neuron in spikes)] != [0]
    assert [kind_of(word) for word in kept] == [Kind.FAULT] * 4


def test_a_node_that_does_not_hear_is_not_there() -> None:
    """Words of the chip pass, and questions are answered in their order."""
    chip = SimulatedChip(NodedChip(TINY, NODE))
    phase = packets.read(NODE_CORE, 4, 1)
    words = [packets.tick(0), *phase, *packets.read(0, 0, 2), *phase, packets.tick(0)]
    found = chip.exchange(np.array(words, np.uint32), 5).tolist()
    answers = [header(Kind.DATA, NODE_CORE, 1), 0]
    assert found[:3] == [header(Kind.TICK, 0, 0), *answers]
    assert found[3] == header(Kind.DATA, 0, 2)
    assert found[6:] == [*answers, header(Kind.TICK, 0, 1)]


def test_other_packets_to_the_node_are_refused() -> None:
    chip = SimulatedChip(NodedChip(TINY, NODE))
    words = [packets.spike(NODE_CORE, 0), packets.tick(NODE_CORE), packets.tick(0)]
    found = chip.exchange(np.array(words, np.uint32), 2).tolist()
    faults = [header(Kind.FAULT, 0, kind << 4 | Fault.CORE) for kind in (Kind.SPIKE, Kind.TICK)]
    assert found == [*faults, header(Kind.TICK, 0, 0)]


def test_no_core_may_have_the_number_of_the_node() -> None:
    with pytest.raises(ValueError, match="cores of a chip with a node must be below 254, not 254"):
        noded_verilog(TINY, NODE, core=254)


def test_the_patience_with_a_processor_is_the_contracts() -> None:
    (exponent,) = re.findall(r"it let the engine wait for 2\^(\d+) cycles", PAGE.read_text())
    assert 2 ** int(exponent) == PATIENCE
