"""A chip with a processing node: what is reached in the node; its core does not count.

Neither does the processor, which is not ours; its firmware runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.devices.packets.spike_maps import map_words
from axonloop.models.config import ONE_CORE, ChipConfig, Geometry, NodeGeometry
from axonloop.models.golden.processing import NodeLoss
from axonloop.models.protocol import (
    NODE_CORE,
    Kind,
    NodePhase,
    NodeRegion,
    NodeRegister,
    address,
    header,
    packets,
)
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.cosim.verilate import build
from axonloop.sim.stimulus import random_chip
from tests.coverage.rtl.covered_chip import COVERED, CoveredChip
from tests.coverage.rtl.harness import silenced
from tests.hdl.processing.test_noded_chip import lively
from tests.support.random.nodes import naive_of, plain, random_constants
from tests.support.simulated.node import REGISTERS, ProcessorNode, loaded_alike

LANES = dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 2)
GEOMETRY = Geometry(axons=8, neurons=16, entries=4, parameter_sets=2, **LANES)
NODE = NodeGeometry(16, 6, 4, 1024)
OTHERS = r"axonloop_chip\.(chip|core)\b|picorv32"
"""What lies beside the node, and has tests and counts of its own."""
PATIENCE = 2_000_000
FAULTY = ([0xFFFFFFFF], [0x0000006F])
"""Firmware of an illegal instruction, and of a loop without end."""


@dataclass(frozen=True)
class NodeDesign:
    """A chip with a node, and the samples that it learns beside the golden one."""

    samples: int
    sources = ("nodes.py", "covered_chip.py", "covered_chip.cpp")

    def __str__(self) -> str:
        return "node"

    @property
    def amount(self) -> str:
        return f"{self.samples:,} samples"

    def verilog(self) -> str:
        """The text of the chip, its node and the processor."""
        return cached_verilog(GEOMETRY, 0, ONE_CORE, NODE)

    def cover(self, seed: int, path: Path) -> None:
        """Learn samples of random nodes, compared; then firmware that fails, and bad packets."""
        rng = np.random.default_rng(seed)
        config = lively(random_chip(rng, GEOMETRY))
        library = build(silenced(self.verilog(), OTHERS), harness=COVERED)
        rtl = CoveredChip(library, seed, PATIENCE)
        rtl.pauses(seed, 60, 60)
        for _ in range(self.samples):
            _learn(rng, rtl, config)
        rtl.pauses(seed, 0, 0)
        _fail(rtl, config)
        _refuse(rtl)
        rtl.write_counts(path)


def _learn(rng: np.random.Generator, rtl: CoveredChip, config: ChipConfig) -> None:
    """Three samples of a node of any constants; the spikes of the second are said as maps."""
    constants = random_constants(rng)
    while constants.neurons > config.neurons:
        constants = random_constants(rng)
    heard = np.sort(rng.choice(config.neurons, constants.neurons, replace=False))
    golden, device, node = loaded_alike(rng, rtl, config, NODE, constants, heard)
    for number in range(3):
        ticks = int(rng.integers(1, 7))
        target: Any = int(rng.integers(constants.classes))
        if constants.loss == NodeLoss.MSE:
            target = rng.integers(-32767, 32768, constants.classes)
        trains = [np.flatnonzero(rng.random(config.axons) < 0.6) for _ in range(ticks)]
        golden.learn_sample(trains, [target])
        said = map_words(config, [train.astype(np.int32) for train in trains]).tolist()
        spikes = [[(0, int(axon)) for axon in train] for train in trains]
        node.sample(0, target, spikes, said if number == 1 else None)
        assert node.state() == plain(golden.nodes[0].state())
    assert np.array_equal(device.read_weights(), golden.chip.weights)


def _fail(rtl: CoveredChip, config: ChipConfig) -> None:
    """Firmware that fails is told; the node is there again after a reset."""
    constants = random_constants(np.random.default_rng(1))
    node = ProcessorNode(rtl, NODE, naive_of(constants))
    for words in FAULTY:
        node.start(constants, words)
        node.write(REGISTERS, [1], NodeRegister.HEARS)
        node.exchange([packets.tick(0)], 1)
        assert node.read(REGISTERS, 1, NodeRegister.FAILED) != [0]
        assert node.read(REGISTERS, 1, NodeRegister.PHASE) == [NodePhase.LISTENING]
        node.write(REGISTERS, [0], NodeRegister.RUNS)


def _refuse(rtl: CoveredChip) -> None:
    """Packets that are not for a node."""
    words = [packets.spike(NODE_CORE, 0), packets.tick(NODE_CORE), header(Kind.CLEAR, NODE_CORE)]
    replies = rtl.exchange(np.array(words, np.uint32), 0, settle=300).tolist()
    assert [word >> 28 for word in replies] == [Kind.FAULT] * len(words), replies
    beyond = packets.read(NODE_CORE, address(NodeRegion.RESIDUE, 100), 3)
    rtl.exchange(np.array(beyond, np.uint32), 1)
