"""Images, kernels and pools that do not go together are refused, and what would do is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    explain,
    smallest_geometry,
    uniform_kernel,
)
from axonloop.host.network.kernels import image_of
from axonloop.models.config import Geometry, Mesh, ParameterSet

NEURON = ParameterSet()


def ones(*shape: int) -> Any:
    return np.ones(shape, int)


def net(
    weights: Any, source: Any = (2, 6, 6), target: Any = (4, 6, 6), pool: int = 1, **others: Any
) -> Network:
    return Network(
        (Source.image("in", source),),
        (Population.image("a", target, NEURON, pool=pool),),
        (Convolution("in", "a", weights, **others),),
    )


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: net(ones(4, 2, 3)), "of four dimensions, not 3"),
        (lambda: net(ones(4, 2, 3, 2)), r"kernel of in -> a must be a square, not \(3, 2\)"),
        (lambda: net(ones(4, 2, 3, 3), padding=3), "padding of in -> a must be .* 0..2, not 3"),
        (lambda: net(ones(4, 2, 3, 3), stride=0), "stride of in -> a must be .* 1..15, not 0"),
        (
            lambda: net(ones(4, 1, 3, 3), padding=1),
            r"in channels .* \(4, 2\), not \(4, 1\)",
        ),
        (lambda: net(ones(4, 2, 3, 3)), r"\(4, 4\), where in -> a leads, not \(6, 6\)"),
        (lambda: net(ones(4, 2, 7, 7)), "height of the image of 'in' must be .* 7..255, not 6"),
        (lambda: net(ones(4, 2, 1, 1), pool=7), "pool of population 'a' must be .* 1..6, not 7"),
        (lambda: Source.image("in", (2, 6)), r"\(channels, height, width\), as \(2, 34, 34\), not"),
        (lambda: Source("in", 7, (2, 2, 2)), "size of source 'in' must be 8, the product"),
        (
            lambda: Population.image("a", (4, 6, 6), NEURON, first_biases=(1,) * 144),
            "first_biases of population 'a' must be 4 or none",
        ),
        (
            lambda: Network(
                (Source("in", 3),),
                (Population.image("a", (1, 4, 4), NEURON, pool=2),),
                (Projection("in", "a", ones(3, 16)),),
            ),
            "target of in -> a must be an image only of convolutions",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(made: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        made()


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (
            net(ones(1, 1, 1, 1), (1, 33, 32), (1, 33, 32)),
            "positions of population 'a' must be at most 1024, as 4 channels .* not 1056",
        ),
        (
            net(ones(4, 17, 2, 2), (17, 16, 16), (4, 8, 8), stride=2),
            "inputs of in -> a must be at most 4096, the axons of a core, .* not 4352",
        ),
        (
            net(ones(4, 42, 10, 10), (42, 9, 9), (4, 1, 1), stride=2, padding=1),
            "weights of a channel of in -> a must be at most 4096, the kernel rows",
        ),
    ],
)
def test_what_two_cores_would_need_is_refused(network: Network, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        smallest_geometry(network, Mesh(2, 2), lanes=4)


def test_large_cores_are_found_only_where_asked_for() -> None:
    """DECOLLE's first layer at the paper's size: 57,600 neurons on one core."""
    network = net(ones(64, 2, 7, 7), (2, 32, 32), (64, 30, 30), pool=2, padding=2)
    told = r"positions of population 'a' must be at most 256, .* or large=True, for .*\), not 900$"
    with pytest.raises(ValueError, match=told):
        smallest_geometry(network)
    geometry = smallest_geometry(network, large=True)
    assert geometry.large
    assert (geometry.axons, geometry.neurons, geometry.weight_rows) == (2064, 57600, 99)
    assert compile_network(network, geometry).config.geometry == geometry
    small = net(ones(4, 2, 3, 3), padding=1)
    assert smallest_geometry(small, large=True) == smallest_geometry(small)


def test_a_large_core_has_limits_of_its_own() -> None:
    told = r"inputs of in -> a must be at most 65536, .* pixels would do\), not 66564$"
    with pytest.raises(ValueError, match=told):
        smallest_geometry(net(ones(4, 4, 1, 1), (4, 129, 129), (4, 129, 129)), lanes=1, large=True)
    network = net(ones(8, 1, 1, 1), (1, 129, 129), (8, 129, 129))
    with pytest.raises(
        ValueError, match=r"must be at most 65536, not 133128 .*mesh of 2 x 2 cores"
    ):
        smallest_geometry(network, lanes=2, large=True)


def test_advice_to_those_who_build_names_no_large_core() -> None:
    network = net(ones(8, 1, 1, 1), (1, 30, 30), (8, 30, 30))
    built = smallest_geometry(net(ones(4, 1, 1, 1), (1, 30, 30), (4, 30, 30)), lanes=4)
    with pytest.raises(ValueError, match=r"not 7200 .*, not 8; a mesh of 2 x 1 cores would do$"):
        compile_network(network, built)
    larger = replace(smallest_geometry(network, lanes=4, large=True), neurons=4800)
    with pytest.raises(ValueError, match="a geometry of 7200 neurons or a mesh of 2 x 1 cores"):
        compile_network(network, larger)


def test_a_dense_layer_behind_too_many_channels_is_refused_by_name() -> None:
    network = Network(
        (Source("in", 3000),),
        (Population.image("a", (1, 2, 2), NEURON, pool=2), Population("b", 4, NEURON)),
        (
            Projection("in", "b", ones(3000, 4)),
            Convolution("b", "a", ones(1, 4, 2, 2), padding=1),
        ),
    )
    with pytest.raises(ValueError, match=r"in -> b: in_channels must be .* 1..2048, not 3000"):
        smallest_geometry(network, lanes=4)


def test_neurons_above_a_core_go_on_several() -> None:
    network = net(ones(8, 1, 1, 1), (1, 30, 30), (8, 30, 30))
    with pytest.raises(ValueError, match=r"neurons of core 0 .* 4096, not 7200 .*a mesh"):
        smallest_geometry(network, lanes=4)
    mesh = Mesh(2, 1)
    geometry = smallest_geometry(network, mesh, lanes=4)
    program = compile_network(network, geometry, mesh)
    assert geometry.neurons == 3600
    lines = explain(program).splitlines()
    assert lines[-2:] == [
        f"{core}     in -> a      1 x 30 x 30  {own}      1 x 1   1       0        1"
        f"     0..900  0..1"
        for core, own in enumerate(("0..3", "4..7"))
    ]


def test_a_core_without_kernels_is_refused() -> None:
    told = r"must be one with convolutions \(smallest_geometry\(network\) .*\), not 'Geometry'"
    with pytest.raises(ValueError, match=told):
        compile_network(net(ones(4, 2, 1, 1)), Geometry())
    dense = Network(
        (Source("in", 3),),
        (Population("a", 4, NEURON),),
        (Projection("in", "a", ones(3, 4)),),
    )
    with pytest.raises(ValueError, match="must be one without convolutions"):
        compile_network(dense, smallest_geometry(net(ones(4, 2, 1, 1))))


def test_a_smaller_geometry_is_told_what_would_do() -> None:
    network = net(ones(4, 2, 3, 3), padding=1)
    small = smallest_geometry(net(ones(4, 2, 1, 1)), lanes=4)
    with pytest.raises(ValueError, match=r"kernel_rows of core 0 must .* 3, not 19 .*: 19\)"):
        compile_network(network, small)
    with pytest.raises(ValueError, match="a geometry of 19 kernel_rows would do"):
        compile_network(network, small)


def test_shapes() -> None:
    pooled = Population.image("a", (3, 7, 5), NEURON, pool=2)
    assert (pooled.size, pooled.positions, pooled.channels) == (105, 35, 3)
    assert (pooled.unit_shape, pooled.units) == ((3, 3, 2), 18)
    plain = Population("b", 9, NEURON)
    assert (plain.positions, plain.channels, plain.unit_shape, plain.units) == (1, 9, (), 9)
    assert image_of(plain) == (9, 1, 1)
    kernel = uniform_kernel(np.random.default_rng(1), 50, 4, 3, 2)
    assert kernel.shape == (50, 4, 3, 3)
    assert sorted(set(kernel.ravel().tolist())) == [-2, -1, 0, 1, 2]


def test_a_core_that_is_asked_for_may_not_be_large_unless_said() -> None:
    told = r"^kernel_rows of a core that is built must be at most 4096 \(.*\), not 5000$"
    with pytest.raises(ValueError, match=told):
        smallest_geometry(net(ones(4, 2, 1, 1)), kernel_rows=5000)
    assert smallest_geometry(net(ones(4, 2, 1, 1)), kernel_rows=5000, large=True).large
