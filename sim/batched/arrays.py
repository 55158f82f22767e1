"""The arrays in which the copies of a chip keep their state: dtype, size, shape of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from axonloop.models.config import ChipConfig, Geometry
from axonloop.models.protocol import Owner, Region

NARROW_STATE = 19
"""Up to so many state bits a state word times a decay factor fits into 32 bits."""


def dtype_of(region: Region) -> np.dtype[Any]:
    """The dtype of a state array: bool for single bits, uint8 for two of them, else int32."""
    narrow: dict[int | str, np.dtype[Any]] = {1: np.dtype(np.bool_), 2: np.dtype(np.uint8)}
    return narrow.get(region.bits, np.dtype(np.int32))


def values_of(region: Region, chip: ChipConfig) -> int:
    """The values of a state array in one copy of a chip; 0 if the build lacks the region."""
    if not region.built(chip.geometry):
        return 0
    slots = chip.geometry.delay_slots * chip.axons
    return {Owner.AXON: chip.axons, Owner.NEURON: chip.neurons, Owner.SLOT: slots}[region.owner]


def weight_dtype(geometry: Geometry) -> np.dtype[Any]:
    """The narrowest integers that hold a weight: int8 or int16."""
    return np.dtype(np.int8 if geometry.weight_container_bits == 8 else np.int16)


def new_state(region: Region, chip: ChipConfig, copies: int, device: torch.device) -> Tensor:
    """The state array of a region after power-up, zeros `(copies, n)`.

    PENDING is `(delay_slots, copies, axons)`. Without the region n is 0.
    """
    shape: tuple[int, ...] = (copies, values_of(region, chip))
    if region.owner is Owner.SLOT:
        shape = (chip.geometry.delay_slots, copies, chip.axons)
    return torch.zeros(shape, dtype=as_torch(dtype_of(region)), device=device)


def new_weights(chip: ChipConfig, memories: int, device: torch.device) -> Tensor:
    """Weight memories without any synapse: `(memories, axons, neurons of a core)`."""
    geometry = chip.geometry
    shape, dtype = (
        (memories, chip.weight_rows, geometry.weight_columns),
        as_torch(weight_dtype(geometry)),
    )
    return torch.full(shape, geometry.no_synapse, dtype=dtype, device=device)


def as_torch(dtype: np.dtype[Any]) -> torch.dtype:
    """The dtype of torch that a dtype of NumPy is."""
    return torch.from_numpy(np.empty(0, dtype)).dtype
