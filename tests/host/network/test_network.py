"""Networks and their mistakes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from axonloop.host.network import Network, Population, Projection, Source, uniform_weights
from axonloop.host.network.network import sparse_synapses
from axonloop.models.config import ParameterSet


def network(**changes) -> Network:
    """in (3) -> a (4) -> b (2), a -> a a tick late."""
    ones = {"in": 3, "a": 4, "b": 2}

    def project(source: str, target: str, **more) -> Projection:
        return Projection(source, target, np.ones((ones[source], ones[target]), int), **more)

    parts = {
        "sources": (Source("in", 3),),
        "populations": (Population("a", 4, ParameterSet()), Population("b", 2, ParameterSet())),
        "projections": (project("in", "a"), project("a", "b"), project("a", "a", delay=1)),
    }
    return Network(**(parts | changes))


def test_network_finds_its_parts() -> None:
    found = network()
    assert found.population("b").size == 2
    assert found.projection("a", "a", 1) is found.projections[2]
    assert str(found.projections[2]) == "a -> a (delay 1)"
    assert found.projections[0].synapses.all()
    assert not found.projections[0].weights.flags.writeable


ONES = np.ones((3, 4), int)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Source("", 3), "name of a source must be a text, not ''"),
        (lambda: Source("in", 0), "size of source 'in' must be a whole number, at least 1, not 0"),
        (
            lambda: Population("a", -4, ParameterSet()),
            "size of population 'a' must be a whole number, at least 1, not -4",
        ),
        (
            lambda: Population("a", 4, ParameterSet(theta=0)),
            "theta of population 'a' must be at least 1, not 0",
        ),
        (
            lambda: Population("a", 4, ParameterSet(), drives=(1, 2)),
            "drives of population 'a' must be 4 or none, not (2,)",
        ),
        (
            lambda: Population("a", 2, ParameterSet(), drives=(1.5, 2.0)),
            "drives of population 'a' must be whole numbers of an integer dtype, not float64",
        ),
        (
            lambda: Population("a", 1, ParameterSet(), bias=False, first_biases=(1,)),
            "first_biases of population 'a' must be none without bias, not 'given'",
        ),
        (
            lambda: Projection("in", "a", np.ones((3, 4))),
            "weights of in -> a must be whole numbers of an integer dtype, not float64",
        ),
        (
            lambda: Projection("in", "a", np.ones(3, int)),
            "weights of in -> a must be of two dimensions, not 1",
        ),
        (
            lambda: Projection("in", "a", ONES, delay=15),
            "delay of in -> a (delay 15) must be a whole number in 0..14, not 15",
        ),
        (
            lambda: Projection("in", "a", ONES, present=ONES),
            "present of in -> a must be of dtype bool, not dtype('int64')",
        ),
        (
            lambda: Projection("in", "a", ONES, present=np.ones((4, 3), bool)),
            "present of in -> a must be of shape (3, 4), not (4, 3)",
        ),
        (
            lambda: Projection("in", "a", ONES, present=np.zeros((3, 4), bool)),
            "synapses of in -> a must be at least 1, not 0",
        ),
        (
            lambda: network(populations=()),
            "populations must be at least one, not 0",
        ),
        (lambda: network(sources=(Source("a", 3),)), "name must be given once, not 'a'"),
        (lambda: network(seed=-1), "seed must be a whole number in 0..4294967295, not -1"),
        (
            lambda: network(sources=(Source("other", 3),)),
            "source of in -> a must be one of other, a, b, not 'in'",
        ),
        (
            lambda: network(projections=(Projection("a", "in", ONES.T),)),
            "target of a -> in must be one of the populations a, b, not 'in'",
        ),
        (
            lambda: network(projections=(Projection("in", "a", ONES.T),)),
            "weights of in -> a must be of shape (3, 4), not (4, 3)",
        ),
        (
            lambda: network(projections=(*network().projections, Projection("in", "a", ONES))),
            "projection in -> a must be given once, not 'twice'",
        ),
        (
            lambda: network(sources=(Source("in", 3), Source("idle", 1))),
            "source 'idle' must be the start of a projection, not 'unused'",
        ),
        (
            lambda: network(projections=(Projection("in", "a", ONES),)),
            "population 'b' must be reached from a source, not 'cut off'",
        ),
        (lambda: network().population("c"), "population must be one of a, b, not 'c'"),
        (
            lambda: network().projection("a", "a"),
            "projection must be one of in -> a, a -> b, a -> a (delay 1), not ('a', 'a', 0)",
        ),
        (
            lambda: sparse_synapses(np.random.default_rng(0), 3, 4, 0.0),
            "density must be above 0 and at most 1, not 0.0",
        ),
    ],
)
def test_mistakes_in_networks(make, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


def test_a_ring_that_no_source_reaches_is_cut_off() -> None:
    """b feeds itself, which is not enough."""
    ring = Projection("b", "b", np.ones((2, 2), int))
    with pytest.raises(ValueError, match=r"^population 'b' must be reached from a source"):
        network(projections=(network().projections[0], ring))


def test_weights_and_synapses_are_drawn_as_asked() -> None:
    random = np.random.default_rng(1)
    weights = uniform_weights(random, 50, 40, 3)
    assert weights.shape == (50, 40)
    assert set(weights.ravel().tolist()) == {-3, -2, -1, 0, 1, 2, 3}
    present = sparse_synapses(random, 50, 40, 0.25)
    assert present.shape == (50, 40)
    assert 400 < present.sum() < 600
