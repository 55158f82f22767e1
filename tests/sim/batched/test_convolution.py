"""Batched cores with convolutions: beside golden chips, and copies that learn together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.models.config import ChipConfig, Convolution, CoreConfig, Mesh
from axonloop.models.golden import Chip
from axonloop.models.protocol import Counter, Region
from axonloop.sim.batched import BatchedChip
from axonloop.sim.stimulus import CONVOLUTIONS, random_chip, random_chip_weights
from tests.support.oracles.convolution import NaiveConvolutionCore
from tests.support.random.batches import Batch
from tests.support.random.convolutions import (
    beyond_the_hash,
    far_core,
    large_core,
    loud_core,
    loudest_core,
    wide_core,
)

Rng = np.random.Generator
EXAMPLE = random_chip(np.random.default_rng(3), CONVOLUTIONS["conv"])


def beside(rng: Rng, config: ChipConfig, copies: int, shared: bool, arithmetic: str) -> Batch:
    """Copies with weights and seeds of their own, unless shared, and a golden chip for each."""
    memories = 1 if shared else copies
    seeds = rng.integers(0, 2**32, memories).tolist()
    batched = BatchedChip(config, copies, shared, seeds=seeds, arithmetic=arithmetic)
    weights = np.stack([random_chip_weights(rng, config) for _ in range(memories)])
    batched.load_weights(weights[0] if shared else weights)
    batched.tick_register = int(rng.choice([0, 2**32 - 3]))
    golden = [Chip(config) for _ in range(copies)]
    for copy, chip in enumerate(golden):
        chip.load_weights(weights[0 if shared else copy])
        chip.seed, chip.tick_register = seeds[0 if shared else copy], batched.tick_register
    return Batch(batched, golden, arithmetic)


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("seed", range(2), ids="seed{}".format)
def test_every_copy_equals_a_golden_chip(seed: int, name: str, copies: int) -> None:
    rng = np.random.default_rng([seed, copies, len(name)])
    mesh = Mesh(2, 1) if seed else Mesh()
    config = random_chip(rng, CONVOLUTIONS[name], mesh)
    beside(rng, config, copies, copies == 1, "auto").live(rng, 6)


@pytest.mark.usefixtures("each_way")
def test_kernel_rows_beyond_those_that_the_hash_knows_draw_noise_as_golden_chips_do() -> None:
    rng = np.random.default_rng(6)
    batch = beside(rng, ChipConfig.of(beyond_the_hash()), 2, False, "auto")
    batch.live(rng, 10)
    assert batch.golden[0].counters()[Counter.UPDATES] > 50


@pytest.mark.parametrize("core", [wide_core, far_core])
def test_channels_and_positions_of_any_number_are_summed_by_compiled_code(
    core: Callable[[], CoreConfig],
) -> None:
    rng = np.random.default_rng(7)
    batch = beside(rng, ChipConfig.of(core()), 2, False, "compiled")
    batch.live(rng, 6)
    assert batch.golden[0].counters()[Counter.UPDATES] > 200


@pytest.mark.parametrize("arithmetic", ["compiled", "float64"])
def test_copies_that_share_kernels_run_as_golden_chips_do(arithmetic: str) -> None:
    rng = np.random.default_rng(5)
    beside(rng, EXAMPLE, 4, True, arithmetic).live(rng, 12, errors=False)


@pytest.mark.parametrize("arithmetic", ["compiled", "float64"])
def test_the_last_units_of_the_largest_core_equal_those_of_golden_chips(arithmetic: str) -> None:
    """Axons and neurons up to 65,535, kernel rows up to 8,191, two copies with their own."""
    rng = np.random.default_rng(8)
    batch = beside(rng, ChipConfig.of(large_core()), 2, False, arithmetic)
    before = batch.golden[0].weights
    for tick in range(4):
        batch.send_traffic(rng)
        batch.tick(rng)
        batch.send_errors(rng.integers(-60, 61, (2, 65536)), ungated=tick < 2)
        batch.learn()
        batch.check(f"tick {tick}")
    changed = (batch.golden[0].weights != before).sum(1)
    assert changed[6140:6159].sum() > 20
    assert changed[8176:].sum() > 20
    assert batch.golden[0].counters()[Counter.SPIKES] > 100


def learned(config: CoreConfig, copies: int, arithmetic: str) -> BatchedChip:
    """Copies that have learned together, from errors of one sign."""
    rng = np.random.default_rng(copies)
    chip = BatchedChip(config, copies, shared=True, arithmetic=arithmetic)
    chip.load_weights(random_chip_weights(rng, chip.config))
    limit = chip.geometry.error_max
    for _ in range(3):
        chip.tick(rng.random((copies, chip.config.axons)) < 0.4)
        values = rng.integers(limit // 2, limit + 1, (copies, chip.config.neurons))
        chip.send_errors(values, ungated=True)
        chip.learn()
    return chip


@pytest.mark.parametrize(
    ("core", "copies"),
    [(wide_core, 9), (loud_core, 40), pytest.param(loudest_core, 2, marks=pytest.mark.slow)],
)
def test_sums_over_many_copies_are_those_of_torch(
    core: Callable[[], CoreConfig], copies: int
) -> None:
    """The sums of 40 copies of 3,600 positions, and of 2 of 65,025, go beyond 32 bits."""
    compiled, judge = (learned(core(), copies, way) for way in ("compiled", "float64"))
    assert judge.read_weights().tolist() == compiled.read_weights().tolist()
    assert judge.counter_table().tolist() == compiled.counter_table().tolist()
    assert judge.counters()[0, Counter.UPDATES] > 0


@pytest.mark.usefixtures("each_way")
@pytest.mark.parametrize("name", ["conv", "conv-terms"])
@pytest.mark.parametrize("seed", range(3), ids="seed{}".format)
def test_copies_that_share_kernels_learn_by_one_sum(seed: int, name: str) -> None:
    """Pairs of all copies, one sum, one rounding: each weight by a naive core."""
    rng, copies = np.random.default_rng([seed, len(name)]), 3
    config = random_chip(rng, CONVOLUTIONS[name])
    core = config.cores[0]
    chip = BatchedChip(config, copies, shared=True)
    chip.load_weights(random_chip_weights(rng, config))
    for _ in range(3):
        chip.tick(rng.random((copies, config.axons)) < 0.4)
        limit = chip.geometry.error_max
        values = rng.integers(-limit, limit + 1, (copies, config.neurons))
        chip.send_errors(values, ungated=True)
        naive = NaiveConvolutionCore(core)
        naive.weights = chip.read_weights().tolist()
        before = chip.counter_table()[0, 0]
        learn_naively(naive, chip, values.tolist())
        chip.learn()
        assert chip.read_weights().tolist() == naive.weights
        counted = (chip.counter_table() - before)[:, 0, [Counter.VISITS, Counter.UPDATES]]
        expected = [naive.counters["visits"], naive.counters["updates"]]
        assert counted.tolist() == [expected] * copies
    assert before[Counter.UPDATES] > 0


def learn_naively(naive: NaiveConvolutionCore, chip: BatchedChip, errors: list[list[int]]) -> None:
    """The page's rule of kernels, with the pairs of every copy in the sums."""
    state = {
        region.key: chip.read(region).tolist()
        for region in Region
        if region.key in naive.state and region.built(chip.geometry)
    }
    for (r, o), pairs in naive.pairs.items():
        p = naive.neuron_set(pairs[0][1])
        words = [p.register(f"term_{k}") for k in range(naive.geometry.terms)]
        plain = not any(word & 7 for word in words)
        for k, word in enumerate([p.eta_shift << 11 | 4] if plain else words):
            factors = []
            for copy in range(chip.copies):
                naive.state.update({name: values[copy] for name, values in state.items()})
                for j, i in pairs:
                    error = errors[copy][i]
                    c = error if plain else naive.term_of_neuron(i, word, error)
                    factors.append((c, naive.term_of_axon(j, word)))
            if word & 7:
                naive.move(
                    (r, o), factors, word >> 11 & 31, p.rounding, chip.seeds[0],
                    chip.tick_register - 1, k,
                )  # fmt: skip


def test_weights_outside_of_kernels_are_refused() -> None:
    chip = BatchedChip(EXAMPLE, 1, shared=True)
    weights = torch.zeros((128, 8), dtype=torch.int32)
    with pytest.raises(ValueError, match="outside of every kernel, must be -128"):
        chip.load_weights(weights)


def test_sums_that_float32_may_miss_are_refused() -> None:
    """Here 16-bit weights in 600 rows of a kernel can sum to more than 2^24."""
    shape = Convolution(600, 1, 1, 1, 8)
    sizes = {"axons": 600, "kernel_rows": 600, "weight_bits": 16}
    core = CoreConfig(replace(EXAMPLE.geometry, **sizes), convolutions=(shape,))
    with pytest.raises(ValueError, match="arithmetic must be wider than float32"):
        BatchedChip(core, 1, shared=True, arithmetic="float32")
    BatchedChip(core, 1, shared=True, arithmetic="float64")
