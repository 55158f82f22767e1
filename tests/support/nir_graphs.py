"""Graphs of NIR for tests, from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

nir = pytest.importorskip("nir")  # an extra: without it the tests that need it are left out


def lif(size: int | tuple[int, ...], tau: float = 0.02, **changes: float) -> Any:
    given = {"r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changes
    return nir.LIF(tau=np.full(size, tau), **{k: np.full(size, v) for k, v in given.items()})


def cuba_lif(size: int, **changes: float) -> Any:
    given = {"tau_syn": 0.005, "tau_mem": 0.02, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}
    return nir.CubaLIF(**{k: np.full(size, v) for k, v in (given | changes).items()})


def integrate(size: int) -> Any:
    return nir.IF(r=np.ones(size), v_threshold=np.ones(size))


def weights(random: np.random.Generator, targets: int, sources: int, gain: float) -> Any:
    """Weights with a sum that excites a little: `(targets, sources)`."""
    return random.normal(gain / sources, gain / np.sqrt(sources), (targets, sources))


def chain(*nodes: Any, inputs: Any = (20,)) -> Any:
    """Nodes one after the other, between an Input and an Output, unchecked."""
    named = {f"n{k}": node for k, node in enumerate(nodes)}
    names = ["input", *named, "output"]
    both = {"input": nir.Input(np.array(inputs)), "output": nir.Output(np.array([1]))}
    edges = list(zip(names, names[1:], strict=False))
    return nir.NIRGraph(both | named, edges, type_check=False)


def feed_forward(seed: int = 0, kind: str = "lif", gain: float = 60.0) -> Any:
    """20 -> 30 -> 10 neurons, the first with a bias."""
    random = np.random.default_rng(seed)
    make = {"lif": lif, "cuba": cuba_lif, "if": integrate}[kind]
    first = nir.Affine(weights(random, 30, 20, gain), random.normal(0, gain / 30, 30))
    return chain(first, make(30), nir.Linear(weights(random, 10, 30, gain)), make(10))


def recurrent(seed: int = 0, kind: str = "lif", gain: float = 60.0) -> Any:
    """20 -> 30 neurons that hear themselves, as a subgraph, -> 10."""
    random = np.random.default_rng(seed)
    make = {"lif": lif, "cuba": cuba_lif}[kind]
    nodes = {
        "input": nir.Input(np.array([30])),
        "lif": make(30),
        "w_rec": nir.Affine(weights(random, 30, 30, gain / 6), random.normal(0, gain / 60, 30)),
        "output": nir.Output(np.array([30])),
    }
    edges = [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")]
    inner = nir.NIRGraph(nodes, edges, type_check=False)
    first, last = (nir.Linear(weights(random, *shape, gain)) for shape in ((30, 20), (10, 30)))
    return chain(first, inner, last, make(10))


def convolutional(seed: int = 0) -> Any:
    """2 x 8 x 9 -> convolution in two groups -> LIF -> pooling -> flat -> 10 LIF."""
    random = np.random.default_rng(seed)
    kernel, bias = random.normal(8, 30, (4, 1, 3, 3)), random.normal(0, 2, 4)
    two = np.array([2, 2])
    return chain(
        nir.Conv2d((8, 9), kernel, (2, 1), (1, 0), (1, 2), 2, bias),
        lif((4, 4, 5)),
        nir.AvgPool2d(two, two, 0 * two),
        nir.Flatten(np.array([4, 2, 2]), start_dim=0),
        nir.Linear(weights(random, 10, 16, 120)),
        lif(10),
        inputs=(2, 8, 9),
    )
