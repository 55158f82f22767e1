"""Pools of neurons, of which the largest U alone keeps its box (docs/contract.md, section 12)."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig, Convolution


def _members(shape: Convolution, first: int) -> Tensor:
    """The neurons of every pool from neuron `first` on, ascending: `(pools, pool * pool)`."""
    side, channels = shape.pool, shape.out_channels
    count = shape.out_height // side, shape.out_width // side
    image = first + torch.arange(shape.neurons).view(shape.out_height, shape.out_width, channels)
    whole = image[: count[0] * side, : count[1] * side]
    apart = whole.reshape(count[0], side, count[1], side, channels)
    return apart.permute(0, 2, 4, 1, 3).reshape(-1, side * side)


class Pools:
    """Where the boxes of a chip count; `any` says whether it has pools."""

    def __init__(self, chip: ChipConfig, device: torch.device) -> None:
        self._free = torch.ones(chip.neurons, dtype=torch.bool, device=device)
        found: dict[int, Tensor] = {}
        for index, core in enumerate(chip.cores):
            for shape in core.convolutions:
                if shape.pool > 1:
                    first = index * chip.geometry.neurons
                    first += shape.first_group * chip.geometry.lanes
                    self._free[first : first + shape.neurons] = False
                    found[first] = _members(shape, first).to(device)
        self._members = list(found.values())
        self.any = bool(found)

    def largest(self, potential: Tensor) -> Tensor:
        """The neurons whose `potential`, `(copies, neurons)`, is the first largest of its pool.

        Neurons that know no pools are among them: bool, of the same shape.
        """
        found = self._free.expand(potential.shape).clone()
        for members in self._members:
            best = potential[:, members].argmax(2, keepdim=True)
            winners = members.expand(len(potential), -1, -1).gather(2, best)[..., 0]
            found.scatter_(1, winners, True)
        return found
