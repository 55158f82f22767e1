"""The float simulator beside loops written out for each tool, and beside torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.nir import import_nir
from axonloop.host.nir.nodes import Kind
from axonloop.host.nir.shapes import output_shape
from axonloop.host.nir.simulator import _Still
from axonloop.host.nir.unrolled import unrolled
from tests.support.nir_graphs import chain, cuba_lif, lif, nir, weights

STEPS, DT = 120, 1e-3


def loop(x: Any, kind: str, dialect: str) -> Any:
    """Spikes of one layer of default neurons, step by step, of inputs `(steps, neurons)`."""
    a, b = DT / 0.02, DT / 0.005  # of tau (or tau_mem), of tau_syn
    v, i, last = (np.zeros(x.shape[1]) for _ in range(3))
    spikes = []
    for now in x:
        if dialect == "snntorch":
            i = (1 - b) * i + b * now if kind == "cuba" else now
            v = (1 - a) * v + a * i - last
            last = (v > 1).astype(float)
            spikes.append(last)
            continue
        if dialect == "norse":
            i = i + now  # the membrane sees the jump at once, and the current decays after it
        v = v + a * (-v + (i if kind == "cuba" else now))
        i = (1 - b) * i if dialect == "norse" else i - b * i + b * now
        z = v > 1
        v = np.where(z, 0, v)
        spikes.append(z.astype(float))
    return np.array(spikes)


@pytest.mark.parametrize("dialect", ["nir", "norse", "snntorch"])
@pytest.mark.parametrize("kind", ["lif", "cuba"])
def test_two_layers_are_the_tools_own_steps(kind: str, dialect: str) -> None:
    """All layers take a step at once, as in the tools; ours are the same, `offset` ticks late."""
    random = np.random.default_rng(8)
    first, second = weights(random, 30, 20, 60), weights(random, 10, 30, 60)
    make = {"lif": lif, "cuba": cuba_lif}[kind]
    graph = chain(nir.Linear(first), make(30), nir.Linear(second), make(10))
    found = import_nir(graph, dialect, DT)
    spikes = random.random((STEPS, 20)) < 0.2
    one = loop(spikes @ first.T, kind, dialect)
    two = loop(one @ second.T, kind, dialect)
    chip, ours = found.run(spikes), found.simulate(spikes)
    for name, wanted in (("n1", one), ("n3", two)):
        late = found.offsets[name]
        assert wanted.sum() > 50
        assert np.array_equal(ours.spikes[name][late : late + STEPS], wanted)
        assert (chip.spikes[name][late : late + STEPS] == wanted).mean() > 0.99
    assert found.latency == (0 if kind == "cuba" and dialect == "nir" else 1)


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [
        (1, 0, 1, 1),
        (2, 1, 1, 1),
        ((2, 1), (0, 2), (1, 2), 2),
        (1, "same", 2, 1),
        (1, "valid", 1, 2),
    ],
)
def test_convolutions_are_those_of_torch(
    stride: Any, padding: Any, dilation: Any, groups: int
) -> None:
    random = np.random.default_rng(9)
    weight, bias = random.normal(size=(4, 4 // groups, 3, 2)), random.normal(size=4)
    node = nir.Conv2d((7, 8), weight, stride, padding, dilation, groups, bias)
    x = random.random((4, 7, 8))
    wanted = torch.conv2d(
        torch.tensor(x)[None],
        torch.tensor(weight),
        torch.tensor(bias),
        stride,
        padding,
        dilation,
        groups,
    )[0].numpy()
    _agree(node, x, wanted)


def test_a_convolution_in_one_dimension_is_that_of_torch() -> None:
    random = np.random.default_rng(10)
    weight, bias = random.normal(size=(3, 2, 4)), random.normal(size=3)
    node = nir.Conv1d(11, weight, 2, 1, 2, 1, bias)
    x = random.random((2, 11))
    wanted = torch.conv1d(torch.tensor(x)[None], torch.tensor(weight), torch.tensor(bias), 2, 1, 2)[
        0
    ]
    _agree(node, x, wanted.numpy())


@pytest.mark.parametrize("kind", [nir.AvgPool2d, nir.SumPool2d])
def test_pooling_is_that_of_torch(kind: Any) -> None:
    x = np.random.default_rng(11).random((2, 7, 6))
    node = kind(np.array([3, 2]), np.array([2, 2]), np.array([1, 0]))
    wanted = torch.nn.functional.avg_pool2d(torch.tensor(x)[None], (3, 2), (2, 2), (1, 0))[0]
    _agree(node, x, wanted.numpy() * (6 if kind is nir.SumPool2d else 1))


def _agree(node: Any, x: Any, wanted: Any) -> None:
    """Unrolled, and slid by the simulator, a node computes what torch does."""
    assert output_shape("n", node, x.shape) == wanted.shape
    matrix, bias = unrolled("n", node, x.shape)
    assert np.allclose(x.ravel() @ matrix + bias, wanted.ravel())
    slid = _Still("n", node, x.shape, Kind.SYNAPSES, DT).apply(x, 0)
    assert np.allclose(slid.reshape(wanted.shape), wanted)
