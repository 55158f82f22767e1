"""Graphs on the chip beside the same graphs in float."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from axonloop.host.nir import import_nir
from axonloop.models.config import Mesh
from tests.support.nir_graphs import (
    chain,
    convolutional,
    cuba_lif,
    feed_forward,
    integrate,
    lif,
    nir,
    recurrent,
    weights,
)

STEPS = 200
GRAPHS = {
    "lif": lambda seed, _: feed_forward(seed),
    "cuba": lambda seed, dialect: feed_forward(seed, "cuba", 60 * GAINS.get(dialect, 1)),
    "if": lambda seed, dialect: feed_forward(seed, "if", 0.4 if dialect == "norse" else 400),
    "recurrent": lambda seed, _: recurrent(seed),
    "recurrent cuba": lambda seed, dialect: recurrent(seed, "cuba", 60 * GAINS.get(dialect, 1)),
    "convolutional": lambda seed, _: convolutional(seed),
}
GAINS = {"norse": 0.2}
"""norse does not scale what jumps a current by dt / tau_syn."""
CASES = [
    (graph, dialect)
    for graph in GRAPHS
    for dialect in ("nir", "norse", "snntorch")
    if (graph, dialect) != ("if", "snntorch")
]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_at_16_bits_chip_and_float_spike_alike(name: str, dialect: str, seed: int) -> None:
    found = import_nir(GRAPHS[name](seed, dialect), dialect, 1e-3, ticks=STEPS + 10)
    compared = found.compare(found.generated_inputs(STEPS, seed=seed))
    assert compared.saturations == 0
    for layer in compared.layers:
        assert layer.agreement >= 0.95, layer
        assert layer.membrane <= layer.bound, layer
        assert layer.float_spikes / STEPS / found.network.population(layer.name).size > 0.01


@pytest.mark.parametrize(("name", "dialect"), CASES)
def test_at_8_bits_membranes_keep_to_their_bound(name: str, dialect: str) -> None:
    found = import_nir(GRAPHS[name](0, dialect), dialect, 1e-3, weight_bits=8, ticks=STEPS + 10)
    assert found.program.geometry.weight_bits == 8
    compared = found.compare(found.generated_inputs(STEPS))
    for layer in compared.layers:
        assert layer.membrane <= layer.bound, layer
        assert layer.membrane > 0
        assert layer.beside >= 0.9, layer


@pytest.mark.parametrize("name", GRAPHS)
def test_golden_and_batched_spike_alike(name: str) -> None:
    found = import_nir(GRAPHS[name](0, "nir"), "nir", 1e-3, weight_bits=8)
    inputs = found.generated_inputs(50)
    golden, batched = found.run(inputs), found.run(inputs, "batched")
    for layer, spikes in golden.spikes.items():
        assert np.array_equal(spikes, batched.spikes[layer])
        assert np.array_equal(golden.membranes[layer], batched.membranes[layer])
        assert spikes.any()


def test_integers_of_an_integrator_are_exact() -> None:
    """Weights of whole thirds: no rounding, and a sum that is exactly the threshold is silent."""
    graph = chain(nir.Linear(np.array([[1.0, -1.0], [2.0, 1.0]]) / 3), integrate(2), inputs=(2,))
    found = import_nir(graph, "norse", weight_bits=8)
    assert found.populations["n1"].error.weight_max < 1e-12
    ones = np.ones((7, 2), bool)
    ones[:, 1] = False  # the second neuron gains two thirds a step, the first one third
    spikes = found.run(ones).spikes["n1"]
    assert np.flatnonzero(spikes[:, 0]).tolist() == [3]
    assert np.flatnonzero(spikes[:, 1]).tolist() == [1, 3, 5]


def test_a_short_way_waits_for_the_long_one() -> None:
    """Input -> a -> b and input -> b: b hears both of a step in one tick."""
    random = np.random.default_rng(3)
    nodes = {
        "in": nir.Input(np.array([20])),
        "wa": nir.Linear(weights(random, 20, 20, 100)),
        "a": lif(20),
        "wb": nir.Linear(weights(random, 10, 20, 60)),
        "short": nir.Linear(weights(random, 10, 20, 60)),
        "b": lif(10),
        "out": nir.Output(np.array([10])),
    }
    edges = [("in", "wa"), ("wa", "a"), ("a", "wb"), ("wb", "b"), ("in", "short")]
    graph = nir.NIRGraph(nodes, [*edges, ("short", "b"), ("b", "out")], type_check=False)
    found = import_nir(graph, "nir", 1e-3)
    delays = {str(p): p.delay for p in found.network.projections}
    assert delays == {"in -> a": 0, "in -> b (delay 1)": 1, "a -> b": 0}
    assert found.offsets == {"a": 0, "b": 1}
    assert found.compare(found.generated_inputs(STEPS)).agreement > 0.99


def test_delays_become_those_of_the_chip() -> None:
    """One Delay node with two delays: two projections, and the same spikes as in float."""
    random = np.random.default_rng(4)
    late = np.repeat([0.002, 0.005], 10)
    graph = chain(nir.Delay(late), nir.Linear(weights(random, 10, 20, 60)), lif(10))
    found = import_nir(graph, "nir", 1e-3)
    assert sorted(p.delay for p in found.network.projections) == [2, 5]
    assert found.compare(found.generated_inputs(STEPS)).agreement > 0.99


def test_scale_threshold_and_sum_pooling() -> None:
    random = np.random.default_rng(5)
    two = np.array([2, 2])
    graph = chain(
        nir.SumPool2d(two, two, 0 * two),
        nir.Scale(np.array([[[1.0, 0.5]]])),
        nir.Threshold(np.array(0.8)),
        nir.Flatten(np.array([1, 1, 2]), start_dim=0),
        nir.Linear(weights(random, 5, 2, 80)),
        lif(5),
        inputs=(1, 2, 4),
    )
    found = import_nir(graph, "nir", 1e-3)
    compared = found.compare(found.generated_inputs(STEPS, rate=0.3))
    assert [layer.agreement for layer in compared.layers] == [1.0, 1.0]
    assert compared.layers[0].float_spikes > 50


def test_thresholds_resets_and_resistances_of_each_neuron() -> None:
    """They are folded into the weights; membranes start at v_reset, and a note says so."""
    random = np.random.default_rng(6)
    node = lif(10)
    node.v_threshold, node.r = random.uniform(0.5, 3, 10), random.uniform(0.5, 2, 10)
    node.v_reset, node.v_leak = random.uniform(-1, 0.2, 10), random.uniform(-1, 1, 10)
    found = import_nir(chain(nir.Linear(weights(random, 10, 20, 90)), node), "nir", 1e-3)
    compared = found.compare(found.generated_inputs(STEPS))
    assert compared.agreement > 0.99
    assert compared.layers[0].membrane <= compared.layers[0].bound
    assert "n1: membranes start at v_reset, not at 0" in found.notes


def test_a_readout_is_computed_from_the_chips_spikes() -> None:
    """LI is a leaky sum on the host: of the same spikes it is the same."""
    random = np.random.default_rng(7)
    leaky = nir.LI(tau=np.full(3, 0.02), r=np.ones(3), v_leak=np.zeros(3))
    last = weights(random, 3, 30, 1)
    graph = chain(nir.Linear(weights(random, 30, 20, 60)), lif(30), nir.Linear(last), leaky)
    found = import_nir(graph, "nir", 1e-3)
    inputs = found.generated_inputs(STEPS)
    chip = found.run(inputs)
    read = found.simulate(inputs, chip.spikes).outputs["output"]
    v = np.zeros(3)
    for step in range(STEPS):
        v = v + 0.05 * (last @ chip.spikes["n1"][step] - v)
        assert np.allclose(read[step], v)


def test_files_and_their_graphs_are_the_same(tmp_path: Any) -> None:
    graph = recurrent()
    nir.write(tmp_path / "graph.nir", graph)
    one = import_nir(graph, "norse")
    other = import_nir(tmp_path / "graph.nir", "norse")
    assert one.dt == 1e-3
    assert one.program.config == other.program.config
    assert np.array_equal(one.program.weights, other.program.weights)


def test_a_budget_chooses_the_widths() -> None:
    graph = feed_forward()
    wide, narrow = (import_nir(graph, "nir", 1e-3, budget=b, ticks=100) for b in (0.3, 4.0))
    for found, budget in ((wide, 0.3), (narrow, 4.0)):
        assert max(p.error.bound for p in found.populations.values()) <= budget
    assert narrow.program.geometry.weight_bits < wide.program.geometry.weight_bits


def test_several_cores_spike_as_one() -> None:
    graph = feed_forward()
    one = import_nir(graph, "nir", 1e-3)
    four = import_nir(graph, "nir", 1e-3, mesh=Mesh(2, 1))
    inputs = one.generated_inputs(50)
    spikes, others = one.run(inputs).spikes, four.run(inputs).spikes
    assert all(np.array_equal(spikes[name], others[name]) for name in spikes)


def test_the_chip_parts_from_a_float_graph_that_is_another() -> None:
    """The comparison sees what it is for: weights of the chip changed by hand."""
    found = import_nir(feed_forward(), "nir", 1e-3)
    found.program.weights[found.program.weights > 0] //= 2
    compared = found.compare(found.generated_inputs(100))
    assert compared.agreement < 0.95
    assert compared.first is not None
    assert compared.first[0] == "n1"
    assert compared.layers[0].membrane > compared.layers[0].bound


def test_a_current_has_a_bias_of_its_own() -> None:
    """An Affine before CubaLIF: its bias is a weight of the always-on axon."""
    graph = chain(nir.Affine(np.zeros((4, 2)) + 1e-3, np.full(4, 8.0)), cuba_lif(4), inputs=(2,))
    found = import_nir(graph, "nir", 1e-3)
    (population,) = found.network.populations
    assert population.bias
    assert len(population.first_biases) == 4
    compared = found.compare(np.zeros((100, 2)))
    assert compared.agreement == 1.0
    assert compared.layers[0].chip_spikes > 20
