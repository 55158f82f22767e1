"""The rounding hash: the contract's vectors, the axon code's distance, bias and correlation.

Bounds: with N fair independent samples the number of ones (or of agreements between two bits)
has mean N / 2 and standard deviation sqrt(N) / 2; |z| > 5.5 has probability 3.8e-8, and each
test below looks at fewer than 5,000 numbers, so a fair hash fails with probability below 2e-4
(and, the seeds being fixed, always or never).
"""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.models.golden import codewords
from axonloop.models.golden.arithmetic.hash import (
    CODE_COLUMNS,
    neuron_words,
    noise,
    synapse_words,
    tick_word,
)
from tests.support import naive
from tests.support.contract import PAGE, table

Z_BOUND = 5.5


def z_of_bits(words: np.ndarray, bits: int = 32) -> np.ndarray:
    """z of the number of ones in each of the low bits over all words."""
    flat = np.ascontiguousarray(words, dtype="<u4").reshape(-1)
    ones = np.unpackbits(flat.view(np.uint8), bitorder="little").reshape(-1, 32).sum(axis=0)
    return ((ones - flat.size / 2) / (np.sqrt(flat.size) / 2))[:bits]


def block(seed: int, tick: int) -> np.ndarray:
    return noise(seed, tick, 3, np.arange(256), np.arange(256))


@pytest.mark.parametrize("row", table("seed", "tick", "core"), ids=lambda row: row[-1])
def test_vectors_of_the_contract(row: list[str]) -> None:
    seed, tick, core, neuron, axon, purpose, expected = (int(cell, 0) for cell in row)
    assert noise(seed, tick, core, neuron, axon, purpose).tolist() == [[expected]]
    assert naive.h(seed, tick, core, neuron, axon, purpose) == expected


@pytest.mark.parametrize("seed", range(5))
def test_arrays_equal_the_scalar_hash(seed: int) -> None:
    rng = np.random.default_rng(seed)
    word, tick = (int(value) for value in rng.integers(0, 2**32, 2))
    core, purpose = int(rng.integers(0, 256)), int(rng.integers(0, 16))
    neurons, axons = rng.integers(0, 2048, 7), rng.integers(0, 2048, 5)
    found = noise(word, tick, core, neurons, axons, purpose).tolist()
    assert found == [
        [naive.h(word, tick, core, int(i), int(j), purpose) for i in neurons] for j in axons
    ]


def test_code_columns_are_the_contracts() -> None:
    text = " ".join(f"0x{column:08X}" for column in CODE_COLUMNS)
    assert f"    {text}   (b = 0..10)" in PAGE.read_text()


def test_any_two_codewords_differ_in_at_least_12_bits() -> None:
    """The code is linear: its distance is the least weight of the 2047 words but 0."""
    words = codewords(np.arange(2048))
    assert len(np.unique(words)) == 2048
    axons = np.arange(2048)
    assert (codewords(axons ^ 1365) == words ^ words[1365]).all()
    weights = [int(word).bit_count() for word in words[1:]]
    assert min(weights) == 12


@pytest.mark.parametrize("seed", [0, 1, 0xDEADBEEF])
def test_every_bit_is_fair(seed: int) -> None:
    words = np.stack([block(seed, tick) for tick in range(16)])
    assert np.abs(z_of_bits(words)).max() < Z_BOUND


@pytest.mark.parametrize("seed", [1, 7])
def test_neighbours_are_uncorrelated(seed: int) -> None:
    """Low 16 bits of axons, neurons, ticks and seeds that differ in any one bit."""
    blocks = np.stack([block(seed, tick) for tick in range(16)])
    index = np.arange(256)
    for bit in range(8):
        assert np.abs(z_of_bits(~(blocks ^ blocks[:, index ^ 1 << bit]), 16)).max() < Z_BOUND
        assert np.abs(z_of_bits(~(blocks ^ blocks[:, :, index ^ 1 << bit]), 16)).max() < Z_BOUND
    for other in (seed ^ 1, seed ^ 1 << 31):
        others = np.stack([block(other, tick) for tick in range(16)])
        assert np.abs(z_of_bits(~(blocks ^ others))).max() < Z_BOUND
    for step in (1, 2, 8):
        assert np.abs(z_of_bits(~(blocks[step:] ^ blocks[:-step]))).max() < Z_BOUND


def test_the_bounds_can_fail() -> None:
    """Without the last four rounds axons differ by constants, and the statistic says so."""
    words = neuron_words(tick_word(1, 0, 3), np.arange(256))
    raw = words[0].astype(np.uint32)[None] ^ codewords(np.arange(256))[:, None]
    difference = ~(raw ^ raw[np.arange(256) ^ 1])
    assert np.abs(z_of_bits(difference, 16)).max() > 100
    assert synapse_words(words, codewords(np.arange(4))).shape == (4, 256)
