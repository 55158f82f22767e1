"""Networks of convolutions of two sizes, with random weights and random input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from axonloop.host.bench.sides import ACTIVITY, TARGETS, Workload
from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Source,
    compile_network,
    smallest_geometry,
    uniform_kernel,
)
from axonloop.models.config import Mesh, ParameterSet

PARAMETERS = ParameterSet(
    theta=1500, box=1500, w_exp=4, q_inc=128, pq_shift=4, eta_shift=14, alpha_n=3686, beta_n=2867
)


@dataclass(frozen=True)
class KernelLayer:
    """A layer: its kernels, its pools, and the largest of its first weights."""

    channels: int
    kernel: int
    padding: int
    pool: int
    span: int


@dataclass(frozen=True)
class Images:
    """A network's input, (channels, height, width), and its layers; and how much of it is run.

    `apart`: each layer has a core of its own, as large as it must be.
    """

    name: str
    image: tuple[int, int, int]
    layers: tuple[KernelLayer, ...]
    copies: int
    ticks: int
    lanes: int
    apart: bool = False


SMALL = Images(
    "convolutions",
    (2, 12, 12),
    (KernelLayer(16, 5, 2, 2, 30), KernelLayer(32, 3, 1, 2, 9), KernelLayer(64, 3, 1, 1, 8)),
    copies=32,
    ticks=30,
    lanes=8,
)
"""The network of `decolle-events`."""
PAPER = Images(
    "DECOLLE's network",
    (2, 32, 32),
    (KernelLayer(64, 7, 2, 2, 12), KernelLayer(128, 7, 2, 1, 2), KernelLayer(128, 7, 2, 2, 2)),
    copies=4,
    ticks=10,
    lanes=16,
    apart=True,
)
"""That of Kaiser et al. 2020, table 2: 94,720 neurons, 1,210,496 weights."""


def make_images(
    copies: int | None = None, ticks: int | None = None, seed: int = 0, size: Images = SMALL
) -> Workload:
    """A random network of a size and random input; its readout hears the pools."""
    copies, ticks = copies or size.copies, ticks or size.ticks
    rng = np.random.default_rng(seed)
    shape: tuple[int, ...] = size.image
    names, populations, kernels, readouts = ["input"], [], [], []
    for k, layer in enumerate(size.layers, 1):
        high, wide = (side + 2 * layer.padding - layer.kernel + 1 for side in shape[1:])
        own = Population.image(
            f"layer {k}", (layer.channels, high, wide), PARAMETERS, bias=False, pool=layer.pool
        )
        weights = uniform_kernel(rng, layer.channels, shape[0], layer.kernel, layer.span)
        kernels.append(Convolution(names[-1], own.name, weights, padding=layer.padding))
        names.append(own.name)
        populations.append(own)
        shape = own.unit_shape
        readouts.append(rng.standard_normal((own.units, TARGETS)) / np.sqrt(own.units * ACTIVITY))
    source = Source.image("input", size.image)
    network = Network((source,), tuple(populations), tuple(kernels))
    blocks = [torch.from_numpy(own).float() for own in readouts]
    readout: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
    target = torch.eye(TARGETS)[rng.integers(0, TARGETS, copies)].repeat(1, len(size.layers))
    spikes = torch.from_numpy(rng.random((ticks, copies, source.size)) < ACTIVITY)
    mesh, place = Mesh(), None
    if size.apart:
        mesh = Mesh(len(populations), 1)
        place = {name: (core,) for core, name in enumerate(names[1:])}
    geometry = smallest_geometry(network, mesh, size.lanes, place=place, large=size.apart)
    program = compile_network(network, geometry, mesh, place)
    return Workload(program, spikes, readout, target)
