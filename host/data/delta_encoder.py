"""Series into spikes: temporal contrast. Nothing is random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.spike_encoders import SpikeEncoder
from axonloop.models.checks import require, require_range


@dataclass(frozen=True)
class DeltaEncoder(SpikeEncoder):
    """Spikes where a series rises or falls: temporal contrast (Lichtsteiner et al. 2008).

    The series is `(ticks, channels)` with values in 0..white, one step a tick. Every channel has a
    base, at first its value at tick 0. At each later tick t: if x(t) - base >= `threshold`, channel
    c spikes and base grows by threshold; if base - x(t) >= threshold, channel C + c spikes and base
    falls by threshold; C is the number of the series' channels. So there is at most one spike of a
    channel per tick (step-forward encoding; Petro, Kasabov & Kiss 2020), none at tick 0, and after
    slow changes base is within one threshold of the series. Raster: `(ticks, 2 C)`.
    """

    threshold: int = 1
    rank: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        require_range("threshold", self.threshold, 1, self.white)

    def _raster(self, image: NDArray[Any], random: np.random.Generator) -> NDArray[np.bool_]:
        """The steps up, then the steps down."""
        steps, channels = image.shape
        require(steps == self.ticks, "steps of the series", f"{self.ticks}, one a tick", steps)
        raster = np.zeros((steps, 2, channels), dtype=bool)
        base = image[0].copy()
        for tick in range(1, steps):
            change = image[tick] - base
            raster[tick] = change >= self.threshold, -change >= self.threshold
            base += self.threshold * (raster[tick, 0].astype(base.dtype) - raster[tick, 1])
        return raster.reshape(steps, 2 * channels)
