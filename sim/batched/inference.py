"""Any number of samples through shared weights, as many at a time as fit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from axonloop.models.checks import require_range
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.sim.batched.checks import check_device, check_flags
from axonloop.sim.batched.chip import BatchedChip
from axonloop.sim.batched.memory import fitting_copies, free_memory


def infer(
    config: ChipConfig | CoreConfig,
    weights: Any,
    raster: Any,
    device: str = "cpu",
    copies: int | None = None,
) -> Tensor:
    """Run every sample on a chip that starts cleared, without learning.

    `weights` int `(axons, neurons of a core)`; `raster` bool `(ticks, samples, axons)`. Returns
    the reported spikes, bool `(ticks, samples, neurons)`, on the CPU. At most `copies` samples
    run at a time; by default as many as fill half of the free memory.
    """
    chip = ChipConfig.of(config)
    flags = raster if isinstance(raster, Tensor) else torch.as_tensor(raster)
    shape = (*flags.shape[:2], chip.axons)
    flags = check_flags("raster", flags, shape, flags.device)
    if copies is None:
        free = free_memory(check_device(device)) // 2
        copies = max(1, fitting_copies(chip, True, free))
    most = require_range("copies", copies, 1, 1 << 31)
    reported = [_run(chip, weights, samples, device) for samples in torch.split(flags, most, dim=1)]
    return torch.cat(reported, dim=1)


def _run(chip: ChipConfig, weights: Any, raster: Tensor, device: str) -> Tensor:
    batch = BatchedChip(chip, raster.shape[1], shared=True, device=device)
    batch.load_weights(weights)
    return batch.run(raster).cpu()
