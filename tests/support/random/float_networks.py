"""Networks in float64 of the float references, their inputs, and the comparison of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from axonloop.models.reference import Chain, Lif, LifConstants, TickLoss

FULL = LifConstants(steepness=1.0, through_reset=True)
"""Gradients go through everything, and far: the surrogate is wide."""


class Draw:
    """Random tensors in float64 from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._random, dtype=torch.float64)

    def spikes(self, ticks: int, columns: int, rate: float) -> Tensor:
        return (torch.rand((ticks, columns), generator=self._random) < rate).double()


def chain_of(
    draw: Draw,
    sizes: Sequence[int],
    constants: LifConstants = FULL,
    recurrent: bool = True,
    scale: float = 0.6,
) -> Chain:
    """Layers of `sizes[1:]` neurons, busy enough for gradients."""
    return Chain(
        [
            Lif(
                scale * draw.normal(a, b), 0.4 * draw.normal(b, b) if recurrent else None, constants
            )
            for a, b in pairwise(sizes)
        ]
    )


def squared(wanted: Tensor) -> TickLoss:
    """Half the squared distance to wanted spikes `(ticks, neurons)`."""
    return lambda tick, spikes: (spikes - wanted[tick]).square().sum() / 2


def apart(found: Tensor | Sequence[Tensor], wanted: Tensor | Sequence[Tensor]) -> float:
    """The largest difference, in units of the largest entry of its tensor."""
    if isinstance(found, Tensor) or isinstance(wanted, Tensor):
        assert isinstance(found, Tensor)
        assert isinstance(wanted, Tensor)
        found, wanted = [found], [wanted]
    assert all(float(y.abs().max()) > 0 for y in wanted)
    return max(
        float((x - y).abs().max() / y.abs().max()) for x, y in zip(found, wanted, strict=True)
    )
