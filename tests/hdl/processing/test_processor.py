"""The firmware on the node's RISC-V core, beside the golden chip with a golden node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.hdl.processing.firmware import CODE_BEGIN, compile_firmware, firmware_words
from axonloop.host.devices import DeviceError
from axonloop.host.devices.packets import NodeDevice, PacketDevice, as_words
from axonloop.host.devices.packets.node_words import read_node, write_node
from axonloop.models.config import Mesh, NodeGeometry
from axonloop.models.cycles import node_cycles
from axonloop.models.golden import Chip
from axonloop.models.golden.processing import (
    MAX_THRESHOLD,
    NodeChip,
    NodeLoss,
    ProcessingNode,
)
from axonloop.models.protocol import (
    NODE_CORE,
    Kind,
    NodePhase,
    NodeRegion,
    NodeRegister,
    address,
    feedback_offset,
    kind_of,
    packets,
)
from axonloop.sim.cosim import RtlChip
from tests.hdl.processing.test_noded_chip import lively, random_node
from tests.support.random.chips import random_chip
from tests.support.random.nodes import naive_of, plain
from tests.support.simulated.node import REGISTERS, ProcessorNode, loaded_alike
from tests.support.simulated.rtl_node import compiled
from tests.support.tiny_chips import TINY

NODE = NodeGeometry(256, 16, 16, 1024)
CONFIG = lively(random_chip(np.random.default_rng(1), Mesh(1, 1), TINY))


@pytest.fixture(scope="module")
def chip() -> Iterator[RtlChip]:
    """A chip with a node for more neurons than it has: it is loaded anew by each test."""
    with compiled(CONFIG.geometry, NODE, core=CONFIG.first) as found:
        yield found


def test_the_image_is_what_the_sources_make() -> None:
    pytest.importorskip("ziglang")
    assert compile_firmware() == firmware_words()


def test_firmware_that_does_not_compile_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    own = tmp_path / "loss.c"
    own.write_text("int loss;\n")
    with pytest.raises(RuntimeError, match="firmware must compile, not: "):
        compile_firmware([own])


def test_samples_are_learned_without_the_host(chip: RtlChip) -> None:
    rng, config, first = np.random.default_rng(1), CONFIG, CONFIG.first
    heard = np.arange(config.neurons)
    for loss in (*NodeLoss, NodeLoss.MSE):
        constants = random_node(rng, len(heard), 5, loss=loss)
        golden, device, node = loaded_alike(rng, chip, config, NODE, constants, heard)
        weights = golden.chip.weights.copy()
        for _ in range(4):
            ticks = int(rng.integers(1, 9))
            target: Any = int(rng.integers(constants.classes))
            if loss == NodeLoss.MSE:
                shape = [(constants.classes,), (ticks, constants.classes)][int(rng.integers(2))]
                target = rng.integers(-32767, 32768, shape)
            trains = [np.flatnonzero(rng.random(config.axons) < 0.7) for _ in range(ticks)]
            golden.learn_sample(trains, [target])
            node.sample(first, target, [[(first, int(a)) for a in train] for train in trains])
            assert [kind_of(word) for word in node.sent] == [Kind.TICK] * ticks
            assert node.state() == plain(golden.nodes[0].state())
        np.testing.assert_array_equal(device.read_weights(), golden.chip.weights)
        assert (weights != golden.chip.weights).any()
        assert node.read(REGISTERS, 1, NodeRegister.FAILED) == [0]


@pytest.mark.slow
@pytest.mark.parametrize(("neurons", "classes"), [(256, 10), (256, 2), (32, 5), (32, 16)])
def test_the_cycles_of_a_tick(chip: RtlChip, neurons: int, classes: int) -> None:
    """What a tick takes longer while the node hears: at most as long as the model says, and not
    40 cycles less. The chip has 4 neurons, so of the node's others none spikes."""
    rng, first = np.random.default_rng(classes), CONFIG.first
    device = PacketDevice(chip, CONFIG, fresh=False)
    device.load_weights(np.full((CONFIG.axons, CONFIG.neurons), 100))
    device.read_weights()
    constants = random_node(rng, 4, 1, loss=NodeLoss.CROSS_ENTROPY)
    constants = replace(constants, threshold=MAX_THRESHOLD, wanted=0, burn_in=0)
    wide = np.zeros((classes, 4), dtype=int)
    constants = replace(constants, readout=wide, feedback=wide)
    node = ProcessorNode(chip, NODE, naive_of(constants))
    node.load(constants, list(range(4)), CONFIG)
    node.write(NodeRegion.FEEDBACK, [0] * feedback_offset(NODE, neurons - 1, 15))
    node.write(REGISTERS, [neurons], NodeRegister.NEURONS)
    node.start(constants, firmware_words())
    words = [packets.spike(first, axon) for axon in range(4)] + [packets.tick(first)]
    took = []
    for hears in (1, 0):
        node.write(REGISTERS, [hears], NodeRegister.HEARS)
        node.sample(first, 0, [[]])
        node.sent, start = [], chip.cycles
        node.exchange(words, 1)
        took.append(chip.cycles - start)
    spikes = len(node.sent) - 1
    assert spikes > 0
    assert 0 <= node_cycles(NODE, neurons, classes, spikes) - (took[0] - took[1]) <= 40


def test_a_usual_tick_is_fast_enough() -> None:
    assert node_cycles(NodeGeometry(), 256, 10, 13, steered=True) <= 1500


@pytest.mark.slow
def test_what_is_asked_behind_the_start_of_a_processor_waits_for_the_tick(chip: RtlChip) -> None:
    """The tick was the host's to end; from the start on it is the processor's."""
    first, constants = CONFIG.first, random_node(np.random.default_rng(2), 4, 1, loss=0)
    node = ProcessorNode(chip, NODE, naive_of(constants))
    node.load(constants, list(range(4)), CONFIG)
    node.start(constants, firmware_words())
    node.write(REGISTERS, [0], NodeRegister.RUNS)
    runs, phase = (address(REGISTERS, at) for at in (NodeRegister.RUNS, NodeRegister.PHASE))
    asked = [*packets.write(NODE_CORE, runs, [1]), *packets.read(NODE_CORE, phase, 1)]
    answers = chip.exchange(as_words([packets.tick(first), *asked]), 2)
    assert [kind_of(word) for word in answers[:2]] == [Kind.TICK, Kind.DATA]


STACK = [0xFF010113, 0x00112023, 0xFF9FF06F]
"""addi sp, sp, -16; sw ra, 0(sp); and again."""
BEYOND = [0x000102B7, 0x0012A023, 0x0000006F]
"""lui t0, 16; sw ra, 0(t0); and stay: byte 65536 of a memory of 4096."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("firmware", "failed", "where"),
    [
        ([0xFFFFFFFF], 1, {0, 4}),
        ([0x00000013, 0x00100073], 1, {4, 8}),
        ([0x0000006F], 2, {0}),
        ([0x00102083], 1, {0, 4}),
        (STACK, 4, {4, 8}),
        (BEYOND, 4, {4, 8}),
    ],
    ids=["illegal", "ebreak", "endless", "misaligned", "stack", "beyond"],
)
def test_firmware_that_fails_is_told_and_left(
    chip: RtlChip, firmware: list[int], failed: int, where: set[int]
) -> None:
    """The node ends the ticks by itself, says what failed and where, and works after a reset."""
    first, constants = CONFIG.first, random_node(np.random.default_rng(1), 4, 1, loss=0)
    node = ProcessorNode(chip, NODE, naive_of(constants))
    for words, state in ((firmware, failed), (firmware_words(), 0)):
        node.load(constants, list(range(4)), CONFIG)
        node.start(constants, words)
        node.sent = []
        node.write(REGISTERS, [1], NodeRegister.HEARS)
        node.sample(first, 0, [[], []])
        assert [kind_of(word) for word in node.sent] == [Kind.TICK] * 2
        assert node.read(REGISTERS, 1, NodeRegister.FAILED) == [state]
        if state:
            (found,) = node.read(REGISTERS, 1, NodeRegister.WHERE)
            assert found in where
            assert node.read(REGISTERS, 1, NodeRegister.PHASE) == [NodePhase.LISTENING]


@pytest.mark.slow
@pytest.mark.parametrize("at", ["first", "middle", "last"])
def test_a_corrupt_image_is_told_with_its_place(chip: RtlChip, at: str) -> None:
    """The firmware looks at its own code before it starts; a new image learns as before."""
    image, rng = firmware_words(), np.random.default_rng(3)
    first, last = image[CODE_BEGIN] // 4, len(image) - 1
    place = {"first": first, "middle": (first + last) // 2, "last": last}[at]
    heard = np.arange(CONFIG.neurons, dtype=np.int32)
    constants = random_node(rng, len(heard), 5, loss=NodeLoss.CROSS_ENTROPY)
    golden = NodeChip(Chip(CONFIG), [(ProcessingNode(constants), heard)])
    weights = rng.integers(-20, 100, (CONFIG.axons, CONFIG.neurons)).astype(np.int32)
    trains = [np.flatnonzero(rng.random(CONFIG.axons) < 0.7).astype(np.int32) for _ in range(6)]
    golden.chip.load_weights(weights)
    golden.learn_sample(trains, [0])
    device, node = PacketDevice(chip, CONFIG, fresh=False), ProcessingNode(constants)
    device.load_weights(weights)
    damaged = NodeDevice(device, NODE, node, heard)
    wrong = [
        write_node(REGISTERS, [0], NodeRegister.RUNS),
        write_node(NodeRegion.PROGRAM, [image[place] ^ 1 << 20], place),
        write_node(REGISTERS, [1], NodeRegister.RUNS),
        read_node(REGISTERS, 1),
    ]
    device.exchange(np.concatenate(wrong), 1)
    told = f"must be 0x{image[place]:08x}, not 0x{image[place] ^ 1 << 20:08x}; clear the device"
    with pytest.raises(DeviceError, match=f"corrupt: the word at 0x{4 * place:04x} {told}"):
        damaged.learn_sample(trains, [0])
    np.testing.assert_array_equal(device.read_weights(), weights)
    device = PacketDevice(chip, CONFIG, fresh=False)
    device.load_weights(weights)
    own = NodeDevice(device, NODE, node, heard)
    own.learn_sample(trains, [0])
    np.testing.assert_array_equal(device.read_weights(), golden.chip.weights)
    assert plain(node.state()) == plain(golden.nodes[0].state())


def test_a_loss_of_your_own(chip: RtlChip, tmp_path: Path) -> None:
    """The example of docs/processor.md: a gradient of two, towards the target."""
    pytest.importorskip("ziglang")
    page = (Path(__file__).parents[3] / "docs" / "processor.md").read_text()
    own = tmp_path / "loss.c"
    own.write_text(page.partition("```c\n")[2].partition("```")[0])
    constants = replace(
        random_node(np.random.default_rng(1), 4, 1, loss=NodeLoss.MSE), rise=0, burn_in=0
    )
    node = ProcessorNode(chip, NODE, naive_of(constants))
    node.load(constants, list(range(4)), CONFIG)
    node.start(constants, compile_firmware([own]))
    target = np.resize([-5, 0, 7], constants.classes)
    node.sample(CONFIG.first, target, [[]])
    found = node.read(NodeRegion.GRADIENT, constants.classes)
    assert found == (-2 * 4096 * np.sign(target)).tolist()
