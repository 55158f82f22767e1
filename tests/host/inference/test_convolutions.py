"""A network with convolutions is profiled on the chip, and refused where kernels are not known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from axonloop.host.inference import profile
from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Program,
    Source,
    compile_network,
    smallest_geometry,
    uniform_kernel,
)
from axonloop.host.nir import export_nir
from axonloop.models.config import ParameterSet


@pytest.fixture
def program() -> Program:
    random, neuron = np.random.default_rng(1), ParameterSet(theta=60, w_exp=2)
    network = Network(
        (Source.image("in", (1, 6, 6)),),
        (
            Population.image("a", (4, 6, 6), neuron, pool=2),
            Population.image("b", (4, 2, 2), neuron, bias=False),
        ),
        (
            Convolution("in", "a", uniform_kernel(random, 4, 1, 3, 20), padding=1),
            Convolution("a", "b", uniform_kernel(random, 4, 4, 2, 20)),
        ),
    )
    return compile_network(network, smallest_geometry(network, lanes=4))


def test_synops_of_layers_are_those_that_the_chip_counts(program: Program) -> None:
    raster = np.random.default_rng(2).random((12, 36)) < 0.4
    found: Any = profile(program, {"in": raster})
    assert sum(layer.synops for layer in found.layers) == found.synops > 0
    assert found.layers[1].spikes > 0
    assert "kernels of convolutions" in found.without


def test_kernels_are_not_written_as_nir(program: Program, tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="network must be without convolutions and pools"):
        export_nir(program, tmp_path / "a.nir")
