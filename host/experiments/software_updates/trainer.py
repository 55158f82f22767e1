"""Software updates with chips in the loop (Cramer et al. 2022; Göltz et al. 2021).

Every batch runs on the chips. Their spikes and states replace, tick by tick, those of the model's
forward pass; backpropagation through time takes its derivatives at these values. Adam changes float
weights, which are rounded and written to the chips for the next batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from axonloop.host.processing import Flags
from axonloop.host.training import Copies, SurrogateTrainer
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import Rounding
from axonloop.models.protocol import Region
from axonloop.sim.surrogate import FLOAT, Recorded

STATES = (Region.CURRENT, Region.MEMBRANE, Region.RESET, Region.COUNTDOWN)
"""What is read after each tick, beside the spikes."""


@dataclass(kw_only=True)
class SoftwareUpdates(SurrogateTrainer):
    """Trains the network of `settings` on `copies`, which may be other chips than its model.

    The samples of a batch go to the copies, as many at a time as there are; all have the same
    weights. Accuracy is that of the chips. Raises ValueError unless the chips have the rows and
    columns of the model, and the descent is exact and rounds to the nearest, as the chips' weights.
    """

    copies: Copies

    def __post_init__(self) -> None:
        super().__post_init__()
        own, chips = self.program.config, self.copies.config
        require(own.geometry == chips.geometry, "geometry of the chips", "the model's", chips)
        good = self.descent.exact and self.descent.rounding == Rounding.NEAREST
        require(good, "descent with chips in the loop", "exact, rounding to nearest", self.descent)

    def spikes(self, raster: Flags) -> torch.Tensor:
        """Those of the chips, `(ticks, samples, neurons)`, with derivatives of the model's."""
        self.write_weights()
        recorded = self.record(raster)
        if not torch.is_grad_enabled():
            return torch.stack([tick.spike for tick in recorded])
        spikes: torch.Tensor = self.module(torch.from_numpy(raster), recorded)
        return spikes

    def write_weights(self) -> None:
        """Round the weights and write them to all chips."""
        weights = self.module.integer_weights()
        self.copies.load_weights(np.repeat(weights[None], self.copies.count, axis=0))

    def record(self, raster: Flags) -> list[Recorded]:
        """What the chips do, each sample from a cleared chip, with `(ticks, samples, axons)`."""
        samples, count = raster.shape[1], self.copies.count
        parts = [self._run(raster[:, at : at + count]) for at in range(0, samples, count)]
        whole = (np.concatenate(ticks, axis=1) for ticks in zip(*parts, strict=True))
        return [Recorded(*torch.from_numpy(tick).to(FLOAT)) for tick in whole]

    def _run(self, raster: Flags) -> list[Int32Array]:
        """The arrays of `Recorded` of each tick, joined; at most a sample for each copy."""
        samples = raster.shape[1]
        silent = self.copies.count - samples
        self.copies.clear()
        found = []
        for arriving in np.pad(raster, ((0, 0), (0, silent), (0, 0))):
            spikes = self.copies.tick(arriving)
            states = [*(self.copies.read(region) for region in STATES), spikes.astype(np.int32)]
            found.append(np.stack(states)[:, :samples])
        return found
