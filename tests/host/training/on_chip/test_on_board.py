"""Training on a board that has a processing node: the host sends samples, the chip learns alone."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.hdl.processing.firmware import firmware_words
from axonloop.host.configuration import Settings
from axonloop.host.data import TRAINING
from axonloop.host.devices import BoardDevice, DeviceError, GoldenDevice
from axonloop.host.devices.board import SerialDevice
from axonloop.host.devices.packets.node_words import read_node, write_node
from axonloop.host.devices.packets.noded import check_node
from axonloop.host.devices.serial_line import SimulatedTransport
from axonloop.host.processing import IntegerCore
from axonloop.host.training import Trainer, chip_config, lone_trainer
from axonloop.models.config import NodeGeometry
from axonloop.models.golden.processing import ProcessingNode
from axonloop.models.protocol import NodeRegion, NodeRegister
from axonloop.sim.cosim import RtlTop
from tests.host.devices.test_board import PLAIN, running
from tests.host.training.on_chip.test_integer_loss import DIGITS
from tests.support.board_process import board_process, ended, start_training
from tests.support.random.nodes import PLAIN as CONSTANTS
from tests.support.random.nodes import plain
from tests.support.simulated.noded_board import NODE, SETTINGS, noded_board


def learned_alone() -> Trainer:
    """The golden chip, trained by its golden node."""
    run = lone_trainer(GoldenDevice(chip_config(SETTINGS)), SETTINGS, DIGITS)
    run.place_processor("chip")
    run.run()
    return run


@pytest.mark.slow
def test_a_board_learns_as_the_golden_chip() -> None:
    """Weights, the state of the node and what it counted."""
    golden = learned_alone()
    with noded_board() as device:
        run = lone_trainer(device, SETTINGS, DIGITS)
        run.place_processor("chip")
        run.run(rest=lambda: False)
        assert run.weight_hashes() == golden.weight_hashes()
        for one, other in zip(
            run.layers.readers.values(), golden.layers.readers.values(), strict=True
        ):
            found, expected = one.state(), other.state()
            assert {k: np.asarray(v).tolist() for k, v in found.items()} == {
                k: np.asarray(v).tolist() for k, v in expected.items()
            }
        assert list(run.layers.errors) == list(golden.layers.errors)
        assert list(run.layers.spikes) == list(golden.layers.spikes)
        assert run.layers.errors[0] > 0


@pytest.mark.slow
def test_a_node_that_fails_ends_the_run_and_works_again() -> None:
    """Samples that are under way behind it are dropped."""
    short = SETTINGS.changed({"task": {"limit": 4, "ticks": 8}})
    image = firmware_words()
    wrong = [
        write_node(NodeRegion.REGISTERS, [0], NodeRegister.RUNS),
        write_node(NodeRegion.PROGRAM, [image[-1] ^ 1], len(image) - 1),
        write_node(NodeRegion.REGISTERS, [1], NodeRegister.RUNS),
        read_node(NodeRegion.REGISTERS, 1),
    ]
    with noded_board() as device:
        run = lone_trainer(device, short, DIGITS)
        run.place_processor("chip")
        device.exchange(np.concatenate(wrong), 1)
        told = f"its image is corrupt: the word at 0x{4 * len(image) - 4:04x} must be"
        with pytest.raises(DeviceError, match=told):
            run.run(rest=lambda: False)
        device.clear()
        again = lone_trainer(device, short, DIGITS)
        again.place_processor("chip")
        again.run(rest=lambda: False)
        assert again.layers.ticks == 4 * 8
        assert again.layers.errors[0] > 0


def own_parts(
    device: GoldenDevice | BoardDevice, settings: Settings
) -> tuple[list[tuple[list[Any], list[Any]]], ProcessingNode, Any]:
    """Samples of a run that has loaded its first weights; its node, and the neurons it hears."""
    run = lone_trainer(device, settings, DIGITS)
    (core,) = run.layers.readers.values()
    assert isinstance(core, IntegerCore)
    samples = []
    for place in range(len(run.train)):
        raster = run.arriving([run.train], [place], TRAINING)
        trains = [row[0].nonzero()[0].astype(np.int32) for row in raster]
        samples.append((trains, [core.target_of(run.train.target(place))]))
    (neurons,) = run.program.neurons.values()
    return samples, core.nodes[0], neurons.astype(np.int32)


@pytest.mark.slow
def test_the_host_may_leave_while_the_tape_is_played() -> None:
    """Not a byte crosses the line in either direction; then all is as on the golden chip."""
    short, passes = SETTINGS.changed({"task": {"limit": 3, "ticks": 10}}), 2
    golden = GoldenDevice(chip_config(short))
    samples, expected, heard = own_parts(golden, short)
    chip = golden.with_nodes([(expected, heard)])
    for trains, targets in samples * passes:
        chip.learn_sample(trains, targets)
    with noded_board() as device:
        samples, node, heard = own_parts(device, short)
        before = device.read_weights()
        board = device.with_nodes([(node, heard)])
        told = r"words on the tape of the node must be at most 1024, not \d{4}"
        with pytest.raises(ValueError, match=told):
            board.store(samples * 12)
        words = board.store(samples)
        assert words <= len(samples) * (17 + 10 * 3)
        board.play(passes)
        top = quiet(device)
        for _ in range(passes * len(samples) * 10):
            assert top.run(8000, b"") == (0, b"")
        assert board.passes() == 0
        board.fetch()
        np.testing.assert_array_equal(device.read_weights(), golden.read_weights())
        assert (before != device.read_weights()).any()
        assert plain(node.state()) == plain(expected.state())
        board.play(1)
        for trains, targets in samples:
            chip.learn_sample(trains, targets)
        while board.passes():  # the host asks while it is played
            pass
        np.testing.assert_array_equal(device.read_weights(), golden.read_weights())


def quiet(device: BoardDevice) -> RtlTop:
    """The board behind its line, once the line has carried all that was said."""
    assert isinstance(device.transport, SimulatedTransport)
    top = device.transport.line._top
    while top.run(1000, b"")[1]:
        pass
    return top


@pytest.mark.slow
def test_the_command_board_has_a_node(tmp_path: Path) -> None:
    """`axonloop board` and `axonloop train` as processes, with the node that a file names."""
    pytest.importorskip("pythondata_cpu_picorv32")
    sizes = {name: getattr(NODE, name) for name in ("neurons", "classes", "lanes", "program")}
    file = tmp_path / "board.json"
    board_table = {"processor": True, "node": sizes}
    tables = {"board": board_table, "task": {"ticks": 12}, "objective": {"burn_in": 3}}
    file.write_text(json.dumps(tables))
    settings = ["--layers", "16", "--limit", "3", "--epochs", "1", "--loss", "integer"]
    settings += ["--processor", "chip", "--config", str(file)]
    found = []
    with board_process(file, "--layers", "16") as board:
        for device in ("golden", board.device):
            folder = tmp_path / device.partition(":")[0]
            assert ended(start_training(folder, device, *settings))[0] == 0
            found.append(json.loads((folder / "metrics.json").read_text())["weight_hash"])
        board.end(signal.SIGTERM)
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((1, 16, 16, 1024), "neurons of the node must be 2 at least, not 1: build it with another"),
        ((256, 1, 16, 1024), "classes of the node must be 2 at least, not 1"),
        ((256, 16, 16, 512), r"program of the node must be \d+ at least, not 512"),
    ],
)
def test_a_node_that_is_too_small_is_told_of(sizes: tuple[int, ...], message: str) -> None:
    with pytest.raises(DeviceError, match=message):
        check_node(CONSTANTS, NodeGeometry(*sizes))
    check_node(CONSTANTS, NodeGeometry(program=1024))


def test_a_board_without_a_node_is_told_of() -> None:
    node = ProcessingNode(CONSTANTS)
    told = "device must have a processing node, not none: build it with .board. processor = true"
    with (
        running() as board,
        SerialDevice(f"serial:{board.port}", PLAIN) as device,
        pytest.raises(DeviceError, match=told),
    ):
        device.with_nodes([(node, np.arange(2, dtype=np.int32))])
