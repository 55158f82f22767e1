"""The learning channel: what crosses a domain, and what must be there and is not."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    draw_channel,
    learning_channel,
)
from axonloop.host.network.channel import Domain, learning_populations
from axonloop.models.config import ParameterSet


def network(report: bool = True, upper_plastic: bool = True) -> Network:
    def weights(sources: int, targets: int) -> np.ndarray:
        return np.zeros((sources, targets), dtype=np.int64)

    return Network(
        (Source("in", 4),),
        (
            Population("one", 8, ParameterSet(), report=report),
            Population("two", 6, ParameterSet()),
        ),
        (
            Projection("in", "one", weights(4, 8)),
            Projection("one", "two", weights(8, 6), plastic=upper_plastic),
            Projection("two", "two", weights(6, 6), delay=1),
        ),
    )


SPIKES, ERRORS = {"one": 0.25, "two": 0.5}, {"one": 0.125, "two": 1.0}


def test_local_readouts_hear_every_layer() -> None:
    channel = learning_channel(network(), "local", SPIKES, ERRORS)
    costs = {(e.variable.symbol, e.variable.owner): e.bytes_per_tick for e in channel.edges}
    expected = {("S", "one"): 8, ("E", "one"): 4, ("S", "two"): 12, ("E", "two"): 24}
    assert costs == expected
    assert channel.bytes_per_tick == 48


def test_direct_feedback_hears_the_last_layer_only() -> None:
    channel = learning_channel(network(report=False), "direct", SPIKES, ERRORS)
    crossing = {(edge.variable.symbol, edge.variable.owner) for edge in channel.edges}
    assert crossing == {("E", "one"), ("S", "two"), ("E", "two")}


@pytest.mark.parametrize(("strategy", "losses"), [("local", 2), ("direct", 1), ("symmetric", 1)])
def test_the_picture_names_what_crosses(strategy: str, losses: int) -> None:
    own = network(upper_plastic=strategy != "symmetric")
    channel = learning_channel(own, strategy, SPIKES, ERRORS)
    picture = draw_channel(own, channel, "mse")
    (axes,) = picture.axes
    texts = [text.get_text() for text in axes.texts]
    crossing = [f"{edge.variable.symbol} {edge.events:.2g}" for edge in channel.edges]
    assert sorted(text for text in texts if text[:2] in ("S ", "E ")) == sorted(crossing)
    assert texts.count("L") == texts.count("G") == texts.count("mse") == losses
    assert texts.count("dN") == sum(edge.variable.symbol == "E" for edge in channel.edges)
    assert {"4", "8", "6", "in", "one", "two"} < set(texts)
    assert f"{channel.bytes_per_tick:.1f} bytes" in str(picture.get_suptitle())


def test_weights_traces_and_boxes_never_cross() -> None:
    channel = learning_channel(network(), "local", SPIKES, ERRORS)
    for variable in channel.variables:
        crosses = Domain.PROCESSING in (variable.home, variable.used_in)
        assert crosses == (variable.symbol in ("S", "E"))


def test_symmetric_feedback_needs_weights_that_do_not_change() -> None:
    with pytest.raises(ValueError, match=r"W \(one -> two\) must be in the processing core for s"):
        learning_channel(network(), "symmetric", SPIKES, ERRORS)
    channel = learning_channel(network(upper_plastic=False), "symmetric", SPIKES, ERRORS)
    mirrored = [v for v in channel.variables if v.symbol == "W" and v.home == Domain.PROCESSING]
    assert [variable.owner for variable in mirrored] == ["one -> two"]


def test_spikes_that_are_not_reported_are_named() -> None:
    with pytest.raises(ValueError, match=r"S \(one\) must be in the processing core for the rea"):
        learning_channel(network(report=False), "local", SPIKES, ERRORS)


def test_unknown_strategy_is_refused() -> None:
    message = "feedback between layers must be one of local, direct, symmetric, not 'magic'"
    with pytest.raises(ValueError, match=message):
        learning_channel(network(), "magic", SPIKES, ERRORS)


def test_populations_without_plastic_synapses_do_not_learn() -> None:
    fixed = Network(
        (Source("in", 2),),
        (Population("one", 2, ParameterSet()),),
        (Projection("in", "one", np.ones((2, 2), dtype=np.int64), plastic=False),),
    )
    assert learning_populations(fixed) == []


def test_text_lists_every_variable_and_the_sum() -> None:
    channel = learning_channel(network(), "local", SPIKES, ERRORS)
    lines = channel.text().splitlines()
    assert len(lines) == 2 + len(channel.variables) + 1
    assert "neuron -> processing core" in channel.text()
    assert "48.0" in lines[-1]
