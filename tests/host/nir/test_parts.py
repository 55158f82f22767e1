"""Neurons that differ, several spikes in a step, counts, and the start of late layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.nir import import_nir
from tests.support.nir_graphs import chain, cuba_lif, integrate, lif, nir, weights

STEPS = 120


def varied(size: int, *taus: float) -> Any:
    node = lif(size)
    node.tau = np.resize(taus, size)
    return node


def test_neurons_of_three_time_constants_are_three_populations() -> None:
    random = np.random.default_rng(1)
    first, second = weights(random, 12, 20, 60), weights(random, 5, 12, 60)
    node = varied(12, 0.01, 0.02, 0.04)
    graph = chain(nir.Linear(first), node, nir.Linear(second), lif(5))
    found = import_nir(graph, "nir", 1e-3)
    assert [part.name for part in found.parts["n1"]] == ["n1/0", "n1/1", "n1/2"]
    assert [part.index.tolist() for part in found.parts["n1"]][0] == [0, 3, 6, 9]
    assert len({found.populations[f"n1/{k}"].parameters.alpha_n for k in range(3)}) == 3
    spikes = found.generated_inputs(STEPS)
    compared = found.compare(spikes)
    assert [layer.name for layer in compared.layers] == ["n1", "n3"]
    assert compared.agreement > 0.99
    assert all(layer.membrane <= layer.bound for layer in compared.layers)
    chip = found.run(spikes).spikes["n1"]
    for neuron in range(12):  # each alone does the same
        alone = chain(nir.Linear(first[neuron : neuron + 1]), varied(1, node.tau[neuron]))
        own = import_nir(alone, "nir", 1e-3).simulate(spikes).spikes["n1"][:, 0]
        assert (own == chip[: len(own), neuron]).mean() > 0.98


def test_a_population_of_one_kind_is_not_split() -> None:
    found = import_nir(
        chain(nir.Linear(np.ones((4, 20))), varied(4, 0.02, 0.020000001)), "nir", 1e-3
    )
    assert [part.name for part in found.parts["n1"]] == ["n1"]


def test_a_neuron_sends_as_many_spikes_as_thresholds_fit() -> None:
    """An integrator that gains 2.5 thresholds per step: 2, 3, 2, 3, ... spikes."""
    graph = chain(nir.Linear(np.array([[2.5]])), integrate(1), inputs=(1,))
    found = import_nir(graph, "sinabs")
    assert found.run(np.ones((6, 1))).spikes["n1"][:, 0].tolist() == [2, 3, 2, 3, 2, 3]
    assert found.compare(np.ones((6, 1))).agreement == 1.0
    single = import_nir(graph, "sinabs", spikes=1)
    assert single.run(np.ones((6, 1))).spikes["n1"][:, 0].all()
    assert single.run(np.ones((6, 1))).spikes["n1"].dtype == np.bool_


def test_a_graph_that_never_spikes_on_generated_inputs() -> None:
    graph = chain(nir.Linear(np.array([[-1.0]])), integrate(1), inputs=(1,))
    found = import_nir(graph, "sinabs")
    assert found.compare(np.ones((6, 1))).layers[0].chip_spikes == 0
    told = "ImportedGraph of dialect sinabs, dt 1: Program of input 1 -> n1 1 on 1x1 cores of "
    assert repr(found).startswith(told)


def test_what_is_more_than_asked_for_comes_later() -> None:
    """2.5 thresholds, then nothing: with 2 copies 2 spikes; with 1 copy they come one by one."""
    graph = chain(nir.Linear(np.array([[2.5]])), integrate(1), inputs=(1,))
    once = np.array([[1], [0], [0], [0]])
    for spikes, wanted in ((2, [2, 0, 0, 0]), (1, [1, 1, 0, 0])):
        found = import_nir(graph, "sinabs", spikes=spikes)
        assert found.run(once).spikes["n1"][:, 0].tolist() == wanted


def test_a_filtered_current_gives_thresholds_back() -> None:
    """CubaLIF of rockpool: what a spike takes passes the current and must not stay in it."""
    tau, dt = np.full(6, 0.005), 1e-3
    r = tau / dt * np.exp(-dt / tau)
    node = nir.CubaLIF(tau_syn=tau, tau_mem=tau, r=r, v_leak=0 * tau, v_threshold=0 * tau + 1)
    random = np.random.default_rng(2)
    found = import_nir(chain(nir.Linear(weights(random, 6, 20, 1.0)), node), "rockpool")
    assert found.dt == pytest.approx(1e-3)
    inputs = found.generated_inputs(STEPS)
    compared = found.compare(inputs)
    assert found.simulate(inputs).spikes["n1"].max() > 2
    assert compared.agreement > 0.97
    assert compared.layers[0].membrane <= compared.layers[0].bound


def test_inputs_may_be_counts() -> None:
    graph = chain(nir.Linear(np.array([[0.4, -0.1]])), integrate(1), inputs=(2,))
    found = import_nir(graph, "sinabs", counts=3)
    inputs = np.array([[3, 0], [0, 2], [1, 3], [3, 0]])
    assert found.run(inputs).spikes["n1"][:, 0].tolist() == [1, 0, 0, 1]  # 1.2, 0, 0.1, 1.3
    with pytest.raises(ValueError, match="^inputs of 'input' must be whole numbers in 0..3, not 4"):
        found.run(inputs + 1)


@pytest.mark.parametrize("make", [lif, cuba_lif])
def test_a_bias_acts_from_the_layers_first_step_on(make: Any) -> None:
    """Three layers, without input: each neuron does what a single layer with its bias does."""
    few, bias = np.full((3, 3), 2e-5), np.array([1.5, 4.0, 9.0]) * (5 if make is cuba_lif else 1)
    one, more = nir.Affine(few, bias), []
    for _ in range(3):
        more += [one, make(3)]
    found = import_nir(chain(*more, inputs=(3,)), "snntorch", 1e-3)
    chip, first = found.run(np.zeros((STEPS, 3))), None
    for name, late in found.offsets.items():
        spikes = chip.spikes[name][late : late + STEPS]
        first = spikes if first is None else first
        assert not chip.spikes[name][:late].any()
        assert np.array_equal(spikes, first)
    assert first is not None
    assert first.any(axis=0).all()


def test_norse_starts_at_v_leak() -> None:
    node = lif(2, v_leak=0.8)
    found = import_nir(chain(nir.Linear(np.zeros((2, 2)) + 1e-3), node, inputs=(2,)), "norse")
    chip = found.run(np.zeros((5, 2))).membranes["n1"]
    assert np.allclose(chip, 0.8, atol=1e-3)
    other = import_nir(chain(nir.Linear(np.zeros((2, 2)) + 1e-3), node, inputs=(2,)), "nir", 1e-3)
    assert np.allclose(other.run(np.zeros((1, 2))).membranes["n1"], 0.04, atol=1e-3)


def test_norses_time_constants_are_multiplied_by_dt() -> None:
    """1e-5, as norse 1.1 writes 10 ms, and 10 ms itself are the same graph."""
    random = np.random.default_rng(3)
    linear = nir.Linear(weights(random, 5, 20, 60))
    written = import_nir(chain(linear, lif(5, tau=1e-5)), "norse")
    seconds = import_nir(chain(linear, lif(5, tau=1e-2)), "norse")
    assert written.populations["n1"].parameters == seconds.populations["n1"].parameters


def test_graphs_of_an_exporter_itself() -> None:
    """Tensors with gradients, parameters without a shape, a sample's batch, names of digits."""

    def scalar(value: float) -> Any:
        return torch.tensor(value, requires_grad=True)

    random = np.random.default_rng(4)
    weight = torch.tensor(weights(random, 5, 20, 6), requires_grad=True)
    given = {"tau": 20.0, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
    node = nir.LIF(**{name: scalar(value) for name, value in given.items()})
    nodes = {
        "output": nir.Output(np.array([7, 5])),
        "1": node,
        "0": nir.Affine(weight, torch.zeros(5)),
        "input": nir.Input(np.array([7, 20])),
    }
    graph = nir.NIRGraph(nodes, [("1", "output"), ("0", "1"), ("input", "0")], type_check=False)
    found = import_nir(graph, "sinabs")
    assert found.graph.shapes["1"] == (5,)
    assert found.notes[0] == "leading sides (7,) of the Input are taken for batch or time"
    assert found.compare(found.generated_inputs(STEPS)).agreement > 0.98


def test_a_lif_that_never_fires_is_a_readout() -> None:
    random = np.random.default_rng(5)
    silent = lif(3, v_threshold=np.inf)
    graph = chain(
        nir.Linear(weights(random, 6, 20, 60)), lif(6), nir.Linear(np.ones((3, 6))), silent
    )
    found = import_nir(graph, "spikingjelly", 1e-3)
    assert list(found.steps) == ["n1"]
    inputs = found.generated_inputs(STEPS)
    outputs = found.simulate(inputs, found.run(inputs).spikes).outputs["output"]
    assert outputs.max() > 1


@pytest.mark.parametrize(
    ("dialect", "r", "fires"),
    [("nir", 1e3, False), ("norse", 1, False), ("sinabs", 1, True), ("spikingjelly", 1e3, True)],
)
def test_a_membrane_at_its_threshold(dialect: str, r: float, fires: bool) -> None:
    """One threshold in the first step: some tools fire at it, others only above."""
    node = nir.IF(r=np.array([r]), v_threshold=np.ones(1))
    found = import_nir(chain(nir.Linear(np.ones((1, 1))), node, inputs=(1,)), dialect, 1e-3)
    assert found.run(np.ones((1, 1))).spikes["n1"].all() == fires
    assert found.simulate(np.ones((1, 1))).spikes["n1"].all() == fires
