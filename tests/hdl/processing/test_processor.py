"""The firmware on the node's RISC-V core, beside the golden chip with a golden node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.hdl.processing.firmware import compile_firmware, firmware_words
from axonloop.host.devices.packets import PacketDevice
from axonloop.models.config import Mesh, NodeGeometry
from axonloop.models.golden import Chip
from axonloop.models.golden.processing import NodeChip, NodeLoss, ProcessingNode
from axonloop.models.protocol import Kind, NodeRegister, kind_of
from tests.hdl.processing.test_noded_chip import lively, random_node
from tests.support.random.chips import random_chip
from tests.support.random.cores import random_weights
from tests.support.random.nodes import naive_of, plain
from tests.support.simulated.node import REGISTERS, ProcessorNode
from tests.support.simulated.rtl_node import compiled
from tests.support.tiny_chips import TINY

NODE = NodeGeometry(8, 4, 2, 1024)


def test_the_image_is_what_the_sources_make() -> None:
    pytest.importorskip("ziglang")
    assert compile_firmware() == firmware_words()


def test_firmware_that_does_not_compile_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    own = tmp_path / "loss.c"
    own.write_text("int loss;\n")
    with pytest.raises(RuntimeError, match="firmware must compile, not: "):
        compile_firmware([own])


def test_samples_are_learned_without_the_host() -> None:
    """Whatever the loss; a chip is compiled once, and loaded anew for each node."""
    rng = np.random.default_rng(1)
    config = lively(random_chip(rng, Mesh(1, 1), TINY))
    first, chip = config.first, compiled(config.geometry, NODE, core=config.first)
    heard = np.arange(config.neurons)
    for loss in (*NodeLoss, NodeLoss.MSE):
        constants = random_node(rng, len(heard), 5, loss=loss)
        golden = NodeChip(Chip(config), [(ProcessingNode(constants), heard)])
        weights = np.concatenate([random_weights(rng, core) for core in config.cores])
        golden.chip.load_weights(weights)
        device = PacketDevice(chip, config, fresh=False)
        device.load_weights(weights)
        device.read_weights()
        node = ProcessorNode(chip, NODE, naive_of(constants))
        node.load(constants, heard.tolist(), config)
        node.start(constants, firmware_words())
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
        assert node.read(REGISTERS, 1, NodeRegister.TRAPPED) == [0]
    chip.close()
