"""`bench convolution`: a small batch on both sides, and the table."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from axonloop.host.bench import convolution as bench
from axonloop.host.bench.images import PAPER, SMALL
from axonloop.host.bench.peers import layer_by_layer
from axonloop.host.bench.sides import ChipInference, Contender
from axonloop.host.order import Order
from axonloop.models.golden import Chip
from axonloop.models.protocol import Region
from axonloop.sim.batched import BatchedChip
from tests.support.random.batches import Batch


def test_the_chip_runs_the_images_as_the_golden_model_does() -> None:
    task = bench.make_images(2, 12)
    ours = ChipInference(task)
    found, raster, golden = ours.run(), ours.raster(), Chip(task.program.config)
    golden.load_weights(task.program.weights)
    for arrived, *layers in zip(raster[:, 1], *found, strict=True):
        golden.send_spikes(np.flatnonzero(arrived))
        spikes = np.zeros(task.program.config.neurons, bool)
        spikes[golden.tick()] = True
        for layer, mine in zip(task.layers, layers, strict=True):
            assert mine[1].tolist() == spikes[layer].tolist()
    assert all(spikes.any() for spikes in found)


def test_float_spikes_as_the_chip_does_but_for_rounding() -> None:
    task = bench.make_images(4, 20)
    theirs = layer_by_layer(bench.float_images(task))(bench.images_of(task))
    assert [own.shape[2:] for own in theirs] == [(16, 12, 12), (32, 6, 6), (64, 3, 3)]
    names = task.program.neurons.values()
    spikes = ChipInference(task).chip.run(ChipInference(task).raster())
    same = []
    for late, (neurons, own) in enumerate(zip(names, theirs, strict=True)):
        ours = spikes[late : late + len(own), :, torch.from_numpy(neurons).long()]
        same.append(float((ours == own.flatten(2).bool()).float().mean()))
    assert same[0] > 0.98
    assert min(same) > 0.9, same  # what differs once, differs on


def test_both_sides_learn_from_pools() -> None:
    task = bench.make_images(4, 10)
    chip = bench.ChipImages(task)
    chip.run()
    assert not np.array_equal(chip.chip.read_weights()[0].numpy(), task.program.weights)
    errors = chip.errors(torch.ones((4, task.program.config.neurons), dtype=torch.bool))
    for name in task.program.neurons:
        own = errors[:, torch.from_numpy(task.program.units_of(name)).long()]
        assert (own == own[..., :1]).all()
    network = bench.float_images(task)
    loop = bench.DecolleImages(network, task)
    first = loop.run()
    assert [own.shape[2:] for own in first] == [(16, 6, 6), (32, 3, 3), (64, 3, 3)]
    changed = [(a != b).any() for a, b in zip(loop._network.weights, network.weights, strict=True)]
    assert all(changed)
    loop.prepare()
    again = loop.run()
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # of norse
def test_the_table_has_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    def timed(sides: list[Contender], repeats: int) -> list[bench.Timing]:
        return [bench.Timing(own.name, 1.0 + k, (0.05,)) for k, own in enumerate(sides)]

    monkeypatch.setattr(bench, "time_all", timed)
    monkeypatch.setattr(bench, "SIZES", (SMALL,))
    rows = bench.measure(Order(), lambda *told: None)["rows"]
    ours = [row for row in rows if row.peer]
    assert [row.ratio for row in ours] == [2.0, 2.0]
    assert [row.bar for row in ours] == [
        "at most 1.5 x torch, layer by layer",
        "at most 1.5 x torch, DECOLLE by autograd",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("arithmetic", ["compiled", "float64"])
def test_decolles_network_of_the_paper_runs_and_learns_as_the_golden_model_does(
    arithmetic: str,
) -> None:
    """94,720 neurons on three cores: all state, weights and counters, tick by tick."""
    task, rng = bench.make_images(1, 8, size=PAPER), np.random.default_rng(1)
    config, axons = task.program.config, task.program.axons["input"][:, 0]
    assert [len(own) for own in task.program.neurons.values()] == [57600, 21632, 15488]
    batch = Batch(BatchedChip(config, 1, True, arithmetic=arithmetic), [Chip(config)], arithmetic)
    batch.batched.load_weights(task.program.weights)
    batch.golden[0].load_weights(task.program.weights)
    spiked = np.zeros(config.neurons, bool)
    for tick, arrived in enumerate(task.spikes.numpy()):
        spikes = np.zeros((1, config.axons), int)
        spikes[:, axons] = arrived
        batch.send_spikes(spikes, 0)
        batch.batched.tick(np.zeros((1, config.axons), bool))
        batch.golden[0].tick()
        batch.check(f"tick {tick}")
        spiked |= batch.golden[0].array(Region.SPIKE)
        chosen = rng.random((1, config.neurons)) < 0.1
        batch.send_errors(rng.integers(-60, 61, (1, config.neurons)) * chosen, ungated=tick < 3)
        batch.learn()
        batch.check(f"tick {tick} learned")
    share = (batch.golden[0].weights != task.program.weights).mean(1)
    rows = config.geometry.weight_rows
    for core, count in enumerate((98, 3136, 6272)):
        assert share[core * rows :][:count].mean() > 0.001
    assert [int(spiked[own].sum()) > 500 for own in task.program.neurons.values()] == [True] * 3
