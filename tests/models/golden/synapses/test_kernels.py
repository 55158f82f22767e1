"""Cores with convolutions: the golden chip against the naive one, and against dense cores."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from axonloop.models.config import (
    ChipConfig,
    Convolution,
    ConvolutionGeometry,
    CoreConfig,
    Geometry,
    Mesh,
    Rounding,
    Row,
)
from axonloop.models.golden import Chip
from axonloop.models.golden.synapses.synapses import visited
from axonloop.models.protocol import Counter, Region, state_regions
from axonloop.sim.stimulus import CONVOLUTIONS, random_chip, random_chip_weights
from tests.support.oracles.convolution import NaiveConvolutionChip
from tests.support.random.chips import Pair
from tests.support.random.convolutions import LANES, LIVELY, PLAIN, beyond_the_hash, large_core


def pair_of(config: ChipConfig, rng: np.random.Generator) -> Pair:
    golden, naive = Chip(config), NaiveConvolutionChip(config, Random(1))
    weights = random_chip_weights(rng, config)
    golden.load_weights(weights)
    for core, share in zip(naive.cores.values(), np.split(weights, len(naive.cores)), strict=True):
        core.weights = share.tolist()
    golden.tick_register = naive.t = int(rng.choice([0, 5, 2**32 - 3]))
    return Pair(golden, naive)


@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)], ids=str)
@pytest.mark.parametrize("name", ["conv", "conv-terms"])
@pytest.mark.parametrize("seed", range(5))
def test_golden_equals_the_naive_one(seed: int, name: str, mesh: Mesh) -> None:
    rng = np.random.default_rng([seed, mesh.cores, len(name)])
    pair = pair_of(random_chip(rng, CONVOLUTIONS[name], mesh), rng)
    for tick in range(6):
        pair.send_traffic(rng)
        pair.tick()
        pair.check(f"tick {tick}")
        pair.send_traffic(rng)
        pair.learn()
        pair.check(f"tick {tick} learned")


def core_of(shape: Convolution, rounding: Rounding = Rounding.STOCHASTIC) -> CoreConfig:
    """A core that is this convolution and no more; every axon learns, that of the bias always."""
    axons = -(-shape.axons // LANES) * LANES
    columns = shape.out_channels
    geometry = ConvolutionGeometry(
        axons=axons, neurons=shape.neurons, kernel_rows=shape.rows, kernel_columns=columns, **PLAIN
    )
    rows = tuple(
        Row(plastic=True, always_on=bool(shape.bias) and axon == shape.pixels)
        for axon in range(axons)
    )
    sets = (replace(LIVELY, rounding=rounding),)
    return CoreConfig(geometry, sets, rows=rows, convolutions=(shape,))


def dense_core(core: CoreConfig, reached: int) -> CoreConfig:
    """The core without convolutions whose first `reached` axons reach all neurons."""
    old = core.geometry
    geometry = Geometry(axons=old.axons, neurons=old.neurons, **PLAIN)
    rows = tuple(
        replace(row, groups=geometry.groups if axon < reached else 0)
        for axon, row in enumerate(core.rows)
    )
    return CoreConfig(geometry, core.parameter_sets, rows=rows)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("bias", [0, 1])
def test_weights_of_one_pair_are_those_of_a_dense_core(
    bias: int, kernel: int, rounding: Rounding
) -> None:
    """1 x 1 on an image of 1 x 1, and a kernel as large as the image."""
    rng = np.random.default_rng([bias, kernel])
    shape = Convolution(10, kernel, kernel, kernel, 12, bias=bias)
    core = core_of(shape, rounding)
    shared = Chip(ChipConfig.of(core))
    dense = Chip(ChipConfig.of(dense_core(core, shape.axons)))
    weights = rng.integers(-50, 80, (shape.rows, 12)).astype(np.int32)
    weights[rng.random(weights.shape) < 0.2] = absent = core.geometry.no_synapse
    shared.load_weights(weights)
    spare = np.full((core.geometry.axons - shape.rows, 12), absent, np.int32)
    dense.load_weights(np.concatenate([weights, spare]))
    for _ in range(40):
        for chip, seed in ((shared, dense.tick_register), (dense, dense.tick_register)):
            stir(chip, np.random.default_rng(seed))
        for region in state_regions(core.geometry):
            assert shared.array(region).tolist() == dense.array(region).tolist(), region
        assert shared.weights.tolist() == dense.weights[: shape.rows].tolist()
        assert shared.counters() == dense.counters()
    assert shared.counters()[Counter.UPDATES] > 100
    assert shared.counters()[Counter.SPIKES] > 20


def stir(chip: Chip, rng: np.random.Generator) -> None:
    """A tick with random spikes, and learning from random errors."""
    axons, neurons = chip.geometry.axons, chip.geometry.neurons
    chip.send_spikes(np.flatnonzero(rng.random(axons) < 0.4))
    chip.tick()
    where = rng.integers(0, neurons, neurons // 2)
    chip.send_errors(where, rng.integers(-99, 100, len(where)), bool(rng.integers(2)))
    chip.learn()


def test_kernel_rows_beyond_those_that_the_hash_knows_draw_noise_as_the_page_says() -> None:
    """Rows 2040 to 2099; from 2048 on the hash has another neuron, and axons from 0 on."""
    rng = np.random.default_rng(4)
    pair = pair_of(ChipConfig.of(beyond_the_hash()), rng)
    for tick in range(4):
        pair.send_spikes(np.arange(60), 0)
        pair.tick()
        pair.send_errors(np.arange(2), np.array([30, -40]), True)
        pair.learn()
        pair.check(f"tick {tick}")
    assert pair.golden.counters()[Counter.UPDATES] > 100


def test_the_last_units_of_a_large_core_equal_those_of_the_naive_one() -> None:
    """Axons, neurons and kernel rows up to 8,191, on both sides of row 6,144."""
    rng = np.random.default_rng(8)
    pair = pair_of(ChipConfig.of(large_core(8192)), rng)
    before = pair.golden.weights
    for tick in range(4):
        pair.send_spikes(8132 + np.flatnonzero(rng.random(40) < 0.5), 0)
        pair.tick()
        pair.send_errors(np.arange(8108, 8192), rng.integers(-60, 61, 84), tick < 2)
        pair.learn()
        pair.check(f"tick {tick}")
    changed = (pair.golden.weights != before).sum(1)
    assert [changed[rows].sum() > 5 for rows in (slice(6140, 6144), slice(6144, 6159))] == [1, 1]
    assert changed[8176:].sum() > 20


def test_the_box_of_a_pool_is_that_of_its_largest_potential() -> None:
    shape = Convolution(1, 5, 5, 1, 2, pool=2)
    core = core_of(shape)
    bias = np.zeros((5, 5, 2), int)
    bias[1, 0], bias[0, 3], bias[1, 3], bias[2, 2], bias[4, 4] = 90, 50, 70, 7, 99
    chip = Chip(ChipConfig.of(replace(core, bias=tuple(bias.ravel().tolist()))))
    chip.tick()
    box = chip.array(Region.BOX).reshape(5, 5, 2)
    assert (box[..., 0] == box[..., 1]).all()
    assert np.argwhere(box[..., 0]).tolist() == [[1, 0], [1, 3], [2, 0], [2, 2]]


def test_only_the_rows_and_columns_of_kernels_are_visited():
    config = random_chip(np.random.default_rng(1), CONVOLUTIONS["conv"]).cores[0]
    moved = replace(config.convolutions[0], first_row=5)
    within = visited(replace(config, convolutions=(moved,)))
    assert np.flatnonzero(within.any(1)).tolist() == list(range(5, 5 + moved.rows))
    assert np.flatnonzero(within.any(0)).tolist() == list(range(moved.out_channels))


def test_rows_of_no_convolution_are_not_visited() -> None:
    """Neither those before the first row of the kernels nor those behind their last one."""
    shape = Convolution(1, 2, 2, 1, 2, first_row=2, bias=1)
    sizes = {"axons": 8, "neurons": 8, "kernel_rows": 6, "kernel_columns": 4}
    config = CoreConfig(ConvolutionGeometry(**sizes, **PLAIN), convolutions=(shape,))
    expected = np.zeros((6, 4), bool)
    expected[2:4, :2] = True
    assert np.array_equal(visited(config), expected)
