"""Registers of the parameter sets and tables as vectors over all neurons or axons of a chip."""

from __future__ import annotations

import numpy as np
import torch

from axonloop.models.config import ChipConfig
from axonloop.models.golden import per_axon, per_neuron


class Constants:
    """Integers as tensors without dimensions, which a short tick reads faster than Python's."""

    def __init__(self, device: torch.device) -> None:
        numbers = torch.tensor([0, 1, 12, 31, 4095], dtype=torch.int32, device=device)
        self.zero, self.one, self.twelve, self.sign, self.fraction = numbers.unbind(0)


def neuron_register(chip: ChipConfig, name: str, device: torch.device) -> torch.Tensor:
    """Register `name` of every neuron: int32 `(neurons,)`."""
    values = np.concatenate([per_neuron(core, name) for core in chip.cores])
    return torch.as_tensor(values, dtype=torch.int32, device=device)


def axon_register(chip: ChipConfig, name: str, device: torch.device) -> torch.Tensor:
    """Register `name` of every axon: int32 `(axons,)`."""
    values = np.concatenate([per_axon(core, name) for core in chip.cores])
    return torch.as_tensor(values, dtype=torch.int32, device=device)


def row_flag(chip: ChipConfig, name: str, device: torch.device) -> torch.Tensor:
    """A field of every row's descriptor, `plastic` or `always_on`: bool `(axons,)`."""
    values = [getattr(row, name) for core in chip.cores for row in core.rows]
    return torch.tensor(values, dtype=torch.bool, device=device)
