"""The golden node beside the naive one of the contract's page, state by state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axonloop.models.config import MAX_CLASSES, MAX_HEARD, NodeEncoding, NodeGeometry
from axonloop.models.golden.processing import (
    EXPONENTIALS,
    MAX_THRESHOLD,
    NodeConstants,
    NodeLoss,
    ProcessingNode,
)
from tests.support.contract import evaluate, table
from tests.support.oracles.node import EXP, NaiveNode
from tests.support.random.nodes import PLAIN, naive_of, plain, random_constants

Rng = np.random.Generator


def random_target(rng: Rng, constants: NodeConstants, ticks: int) -> Any:
    if constants.loss == NodeLoss.CROSS_ENTROPY:
        return int(rng.integers(constants.classes))
    shape = [(constants.classes,), (ticks, constants.classes)][int(rng.integers(2))]
    return rng.integers(-32767, 32768, shape).tolist()


def compare(node: ProcessingNode, naive: NaiveNode, raster: Any) -> list[list[tuple[int, int]]]:
    """Run both over a raster, bool `(ticks, neurons)`: all that is sent and kept is the same."""
    found = []
    for spikes in np.asarray(raster, dtype=bool):
        errors = node.step(spikes)
        sent = [(i, int(errors[i])) for i in np.flatnonzero(errors).tolist()]
        assert sent == naive.tick(np.flatnonzero(spikes).tolist())
        assert node.gradient.tolist() == naive.gradient
        assert plain(node.state()) == naive.state()
        found.append(sent)
    return found


@pytest.mark.parametrize("loss", list(NodeLoss))
@pytest.mark.parametrize("encoder", list(NodeEncoding))
@pytest.mark.parametrize("seed", range(8))
def test_random_nodes_are_those_of_the_page(
    seed: int, encoder: NodeEncoding, loss: NodeLoss
) -> None:
    rng = np.random.default_rng([seed, encoder, loss])
    constants = random_constants(rng, encoder=encoder, loss=loss)
    node, naive = ProcessingNode(constants), naive_of(constants)
    for _ in range(4):
        ticks = int(rng.integers(1, 14))
        target = random_target(rng, constants, ticks)
        node.begin(target)
        naive.begin(target)
        rate = rng.choice([0, 0.05, 0.5, 1])
        compare(node, naive, rng.random((ticks, constants.neurons)) < rate)


@st.composite
def cases(draw: st.DrawFn) -> tuple[NodeConstants, Any, list[list[bool]]]:
    """A node of extremes, a target, and spikes."""
    classes, neurons = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    weight = st.sampled_from([-127, -1, 0, 1, 127])
    matrix = st.lists(
        st.lists(weight, min_size=neurons, max_size=neurons), min_size=classes, max_size=classes
    )
    ends = {
        "leak": [0, 1, 4095, 4096],
        "rise": [0, 4, 8],
        "scale": [1, 255, 65535],
        "scale_shift": [0, 1, 16],
        "loss": list(NodeLoss),
        "gain": [0, 1, 2**14, 65535],
        "burn_in": [0, 2],
        "encoder": list(NodeEncoding),
        "threshold": [1, 2, 4096, MAX_THRESHOLD],
        "limit": [1, 2, 127],
        "wanted": [0, 1, 32767],
        "slowness": [1, 15],
    }
    constants = NodeConstants(
        draw(matrix), draw(matrix), **{name: draw(st.sampled_from(v)) for name, v in ends.items()}
    )
    ticks = draw(st.integers(1, 12))
    numbers = st.lists(st.sampled_from([-32767, 0, 1, 32767]), min_size=classes, max_size=classes)
    if constants.loss == NodeLoss.CROSS_ENTROPY:
        target = draw(st.integers(0, classes - 1))
    else:
        each = st.lists(numbers, min_size=ticks, max_size=ticks)
        target = draw(st.one_of(numbers, each))
    flags = st.lists(st.booleans(), min_size=neurons, max_size=neurons)
    raster = draw(st.one_of(
        st.lists(flags, min_size=ticks, max_size=ticks),
        st.just([[True] * neurons] * ticks),
        st.just([[False] * neurons] * ticks),
    ))  # fmt: skip
    return constants, target, raster


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_ends_of_all_ranges_are_those_of_the_page(
    case: tuple[NodeConstants, Any, list[list[bool]]],
) -> None:
    constants, target, raster = case
    node, naive = ProcessingNode(constants), naive_of(constants)
    node.begin(target)
    naive.begin(target)
    compare(node, naive, raster)


def test_the_table_is_that_of_the_page() -> None:
    assert EXPONENTIALS.tolist() == [*EXP, 0]
    assert EXP[:3] == [32768, 31760, 30783]


@pytest.mark.parametrize("classes", [1, 2, 3, 10, 256])
def test_equal_levels_are_equally_likely(classes: int) -> None:
    """Without spikes an error is 4096 / C, less 4096 at the target, in thresholds of 33."""
    own = replace(
        PLAIN,
        readout=np.zeros((classes, classes), dtype=int),
        feedback=np.eye(classes, dtype=int),
        encoder=NodeEncoding.DENSE,
        threshold=33,
        limit=127,
    )
    node = ProcessingNode(own)
    node.begin(0)
    errors = node.step(np.zeros(classes, dtype=bool))
    likely = round(4096 / classes)
    assert errors[0] == -round((4096 - likely) / 33)
    assert set(errors[1:].tolist()) == ({round(likely / 33)} if classes > 1 else set())


def test_the_largest_node_saturates_as_the_page_says() -> None:
    """All of 2048 neurons spike with the largest weights: the sums are as wide as they get."""
    rng = np.random.default_rng(3)
    readout = np.full((3, 2048), 127)
    readout[1:] = -127
    own = replace(
        PLAIN,
        readout=readout,
        feedback=rng.choice([-127, 127], (3, 2048)),
        rise=8,
        encoder=NodeEncoding.SIGMA_DELTA,
        threshold=MAX_THRESHOLD,
        limit=1,
        wanted=32767,
    )
    node, naive = ProcessingNode(own), naive_of(own)
    node.begin(1)
    naive.begin(1)
    raster = np.ones((4, 2048), dtype=bool)
    raster[2] = False
    compare(node, naive, raster)
    assert node.clipped == 3 * 3  # the levels, where all spike


def test_more_neurons_than_all_are_clipped() -> None:
    """A share of 22 / 2^15 counts 1500 neurons for more than all of them."""
    weights = np.ones((2, 1500), dtype=int)
    weights[1] = -1
    own = replace(PLAIN, readout=weights, feedback=weights, wanted=1, slowness=1)
    node, naive = ProcessingNode(own), naive_of(own)
    node.begin(1)
    naive.begin(1)
    sent = compare(node, naive, np.ones((3, 1500), dtype=bool))
    assert len(sent[0]) == 1500
    assert node.encoder.control > 256


def test_a_node_that_goes_on_is_one_that_never_stopped() -> None:
    rng = np.random.default_rng(5)
    constants = random_constants(rng, wanted=7, encoder=NodeEncoding.SIGMA_DELTA, loss=0)
    first, second = ProcessingNode(constants), ProcessingNode(constants)
    raster = rng.random((20, constants.neurons)) < 0.4
    first.begin(0)
    for spikes in raster[:9]:
        first.step(spikes)
    second.begin(0)
    second.restore(first.state())
    for spikes in raster[9:]:
        assert first.step(spikes).tolist() == second.step(spikes).tolist()
    assert plain(first.state()) == plain(second.state())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 0}, "scale must be a whole number in 1..65535, not 0"),
        ({"threshold": MAX_THRESHOLD + 1}, "threshold must be a whole number in 1..4194304, not"),
        ({"readout": [[128, 0], [0, 0]]}, r"readout must be in -127..127, not 128"),
        ({"feedback": [[1, 1]]}, r"feedback must be of shape \(2, 2\), not \(1, 2\)"),
        ({"readout": [1]}, r"readout must be of shape \(classes, neurons\), not \(1,\)"),
        ({"encoder": 3}, "encoder must be one of 0 .dense., 1 .threshold., 2 .sigma_delta., not 3"),
    ],
)
def test_constants_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PLAIN, **changes)


@pytest.mark.parametrize("target", [2, -1, [0, 1]])
def test_targets_that_are_no_class_are_refused(target: Any) -> None:
    with pytest.raises(ValueError, match="target must be"):
        ProcessingNode(PLAIN).begin(target)


@pytest.mark.parametrize("target", [[0], [0, 40000], 1, [[[0, 0]]]])
def test_targets_that_are_no_numbers_are_refused(target: Any) -> None:
    with pytest.raises(ValueError, match="target must be"):
        ProcessingNode(replace(PLAIN, loss=NodeLoss.MSE)).begin(target)


RANGES = {
    row[0]: tuple(evaluate(end) for end in row[1].split(".."))
    for row in table("constant", "range", "meaning")
}


@pytest.mark.parametrize(
    "name",
    [
        *("leak", "rise", "scale", "scale_shift", "gain", "burn_in"),
        *("threshold", "limit", "wanted", "slowness"),
    ],
)
def test_the_ranges_of_constants_are_the_contracts(name: str) -> None:
    low, high = RANGES[name]
    for value in (low, high):
        assert getattr(replace(PLAIN, **{name: value}), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(ValueError, match=rf"^{name} must be .* {low}\.\.{high}, not {value}$"):
            replace(PLAIN, **{name: value})


def test_the_sizes_of_a_node_are_the_contracts() -> None:
    assert RANGES["neurons N"] == (1, MAX_HEARD)
    assert RANGES["classes C"] == (1, MAX_CLASSES)
    with pytest.raises(ValueError, match=rf"neurons .* in 1\.\.{MAX_HEARD}, not {MAX_HEARD + 1}$"):
        NodeGeometry(neurons=MAX_HEARD + 1)
