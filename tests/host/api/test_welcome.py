"""Integers of NumPy and tensors of torch wherever numbers go in, and objects that pickle."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch

from axonloop import (
    Mesh,
    Network,
    ParameterSet,
    Population,
    Projection,
    Region,
    Settings,
    Source,
    compile_network,
    open_device,
    profile,
    run_program,
    smallest_geometry,
    train,
)
from axonloop.host.network import Program

WEIGHTS = np.random.default_rng(1).integers(-20, 20, (12, 5))
NEURON = ParameterSet(theta=200, box=400, q_inc=200, eta_shift=2)
INPUTS = np.random.default_rng(2).random((30, 12)) < 0.3
KINDS: dict[str, Any] = {
    "int": lambda value: value.tolist() if isinstance(value, np.ndarray) else int(value),
    "numpy": lambda value: np.int64(value) if np.ndim(value) == 0 else value,
    "small": lambda value: np.int8(value) if np.ndim(value) == 0 else value.astype(np.int8),
    "torch": torch.as_tensor,
}


def network_of(kind: str) -> Network:
    own = KINDS[kind]
    return Network(
        (Source("p", own(12)),),
        (
            Population("c", own(5), NEURON, first_biases=own(np.arange(5))),
            Population("d", own(2), NEURON, False, drives=own(np.arange(2))),
        ),
        (
            Projection("p", "c", own(WEIGHTS), delay=own(1)),
            Projection("c", "d", own(WEIGHTS[:5, :2])),
        ),
        own(7),
    )


def program_of(kind: str) -> Program:
    own, network = KINDS[kind], network_of(kind)
    place = {"c": own(np.array([1])), "d": own(np.array([0]))}
    mesh = Mesh(2, 1)
    return compile_network(
        network, smallest_geometry(network, mesh, lanes=4, place=place), mesh, place
    )


def used(kind: str, device: str) -> list[Any]:
    """Everything that a device is told, in numbers of a kind."""
    own, program = KINDS[kind], program_of(kind)
    with open_device(device, program.config) as chip:
        chip.load_weights(own(program.weights))
        axons = program.axons_of("p", own(np.array([1, 3, 4])), own(1))
        chip.send_spikes(own(axons), own(1))
        heard = [chip.tick(own(axons)).tolist()]
        heard += [found.tolist() for found in chip.run([own(axons), own(axons)])]
        heard += [found.tolist() for found in chip.run(own(np.stack([axons, axons])))]
        chip.send_errors(own(program.neurons["c"][:2]), own(np.array([9, -9])))
        chip.learn()
        chip.write(Region.COUNTDOWN, own(np.zeros(program.config.neurons, np.int64)))
        weights = chip.read_weights()
        spread = program.split(own(program.neurons["c"]))["c"].tolist()
        bias = program.bias_of("c", own(weights)).tolist()
        learned = program.weights_of(program.plan.network.projections[0], own(weights))
        return [heard, spread, bias, learned.tolist(), chip.read(Region.MEMBRANE).tolist()]


@pytest.mark.parametrize("device", ["golden", "batched"])
@pytest.mark.parametrize("kind", ["int", "numpy", "small", "torch"])
def test_numbers_of_every_kind(kind: str, device: str) -> None:
    expected = used("int", "golden")
    assert used(kind, device) == expected
    assert any(expected[0])


def test_sizes_become_integers_of_python() -> None:
    network = network_of("torch")
    sizes = [network.sources[0].size, network.populations[0].size, network.seed]
    assert [type(size) for size in [*sizes, network.projections[0].delay]] == [int] * 4


def test_what_is_no_whole_number_is_still_refused() -> None:
    for wrong in (True, np.True_, 3.0, np.float64(3), torch.tensor(3.5), "3", None):
        with pytest.raises(ValueError, match="size of source 'p' must be a whole number"):
            Source("p", wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weights of p -> c must be whole numbers"):
        Projection("p", "c", torch.rand(2, 2))  # type: ignore[arg-type]


def test_layers_of_settings() -> None:
    for layers in (np.array([8, 4]), torch.tensor([8, 4])):
        assert Settings().changed({"network": {"layers": layers}}).network.layers == (8, 4)


@pytest.mark.parametrize("device", ["golden", "batched"])
def test_a_pickled_program_is_the_same(device: str) -> None:
    program = program_of("int")
    again = pickle.loads(pickle.dumps(program))
    one, other = run_program(program, INPUTS), run_program(again, INPUTS, device)
    for state, array in one.states.items():
        assert np.array_equal(array, other[state])
    assert one["spike"].any()
    projection = again.plan.network.projections[0]
    assert np.array_equal(again.weights_of(projection, again.weights), WEIGHTS)
    assert again.split(again.neurons["d"])["d"].tolist() == [0, 1]
    found = pickle.loads(pickle.dumps(one))
    assert np.array_equal(found.of("c", "spike"), one.of("c", "spike"))
    report = pickle.loads(pickle.dumps(profile(program, INPUTS)))
    assert report.synops == profile(again, INPUTS).synops


def test_pickled_networks_and_settings_are_the_same() -> None:
    network = pickle.loads(pickle.dumps(network_of("int")))
    geometry = smallest_geometry(network, lanes=4)
    assert (
        compile_network(network, geometry).config
        == compile_network(network_of("int"), geometry).config
    )
    settings = Settings().changed(
        {"network": {"layers": [8]}, "task": {"limit": 3, "ticks": 14}, "run": {"epochs": 1}}
    )
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    one, other = train(settings), train(again)
    assert one["weight_hash"] == other["weight_hash"]
