"""A golden chip with nodes beside a naive chip with naive nodes: samples, learned alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.models.config import ChipConfig, Mesh
from axonloop.models.golden import Chip
from axonloop.models.golden.processing import NodeChip, NodeConstants, ProcessingNode
from tests.support.naive import NaiveChip
from tests.support.oracles.node import NaiveNode
from tests.support.random.chips import Pair, random_chip
from tests.support.random.nodes import PLAIN, naive_of, plain, random_constants
from tests.support.tiny_chips import TINY

Rng = np.random.Generator


def reporting(config: ChipConfig) -> ChipConfig:
    """The chip with all groups reported."""
    cores = [
        replace(core, groups=tuple(replace(each, report=True) for each in core.groups))
        for core in config.cores
    ]
    return replace(config, cores=tuple(cores))


def node_for(rng: Rng, heard: np.ndarray, limit: int) -> NodeConstants:
    """A node that hears so many neurons, and errs often."""
    own = random_constants(rng, loss=0, threshold=4096, limit=limit, burn_in=1)
    classes = int(rng.integers(2, 5))
    readout, feedback = (rng.integers(-9, 10, (classes, len(heard))) for _ in range(2))
    return replace(own, readout=readout, feedback=feedback)


def learn_naively(
    chip: NaiveChip, nodes: list[tuple[NaiveNode, list[int]]], axons: list[int], size: int, of: int
) -> bool:
    """A tick of section 13's sample; were there errors?"""
    first = min(chip.cores)
    for axon in axons:
        chip.send_spike(first + axon // of, axon % of)
    spiked = [(core - first) * size + neuron for core, neuron in chip.tick()]
    taught = False
    for node, heard in nodes:
        for i, error in node.tick([heard.index(n) for n in spiked if n in heard]):
            core, neuron = divmod(heard[i], size)
            chip.send_error(first + core, neuron, error, False)
            taught = True
    if taught:
        chip.learn()
    return taught


@pytest.mark.parametrize("mesh", ["1x1", "2x1"])
@pytest.mark.parametrize("seed", range(6))
def test_samples_are_learned_as_the_page_says(seed: int, mesh: str) -> None:
    rng = np.random.default_rng([seed, len(mesh), mesh == "1x1"])
    config = reporting(random_chip(rng, Mesh.parse(mesh)))
    pair = Pair.loaded(rng, config)
    neurons, axons = config.neurons, config.axons
    halves = np.array_split(np.arange(neurons), min(neurons, int(rng.integers(1, 3))))
    limit = config.geometry.error_max
    every = [node_for(rng, heard, int(rng.integers(1, min(limit, 127) + 1))) for heard in halves]
    golden = NodeChip(
        pair.golden,
        [(ProcessingNode(each), heard) for each, heard in zip(every, halves, strict=True)],
    )
    naive = [(naive_of(each), heard.tolist()) for each, heard in zip(every, halves, strict=True)]
    taught = 0
    for sample in range(3):
        trains = [np.flatnonzero(rng.random(axons) < 0.5) for _ in range(6)]
        targets: list[Any] = [int(rng.integers(each.classes)) for each in every]
        golden.learn_sample(trains, targets)
        pair.naive.clear()
        for (node, _), target in zip(naive, targets, strict=True):
            node.begin(target)
        sizes = config.geometry.neurons, config.geometry.axons
        for train in trains:
            taught += learn_naively(pair.naive, naive, train.tolist(), *sizes)
        pair.check(f"sample {sample}")
        for node, (other, _) in zip(golden.nodes, naive, strict=True):
            assert plain(node.state()) == other.state()
    assert taught > 3


@pytest.mark.parametrize(
    ("heard", "limit", "message"),
    [
        ([0, 1, 2], 1, r"neurons of a node must be 2 numbers, ascending, not \[0, 1, 2\]"),
        ([1, 0], 1, r"neurons of a node must be 2 numbers, ascending, not \[1, 0\]"),
        ([1, 4], 1, "neurons of a node must be in 0..3, not 4"),
        ([1, 3], 2, "limit must be at most 1, which error_bits hold, not 2"),
    ],
)
def test_nodes_that_do_not_fit_are_refused(heard: list[int], limit: int, message: str) -> None:
    config = random_chip(np.random.default_rng(1), Mesh(1, 1), replace(TINY, error_bits=2))
    with pytest.raises(ValueError, match=message):
        NodeChip(Chip(config), [(ProcessingNode(replace(PLAIN, limit=limit)), heard)])
