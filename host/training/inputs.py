"""What a network hears: samples as spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data import Digits, Part, SpikeEncoder
from axonloop.host.network import Program
from axonloop.host.training.from_settings import INPUT
from axonloop.host.training.settings import Settings
from axonloop.models.checks import require

Raster = NDArray[np.bool_]
"""The host's spikes of some samples, `(ticks, samples, axons)`."""


def rasters(
    program: Program, encoder: SpikeEncoder, part: Part, randoms: list[np.random.Generator]
) -> Raster:
    """The input spikes of all of a part, each sample with its own random numbers."""
    found = np.zeros((encoder.ticks, len(part), program.config.axons), dtype=bool)
    columns = program.axons[INPUT].T
    for place, (image, random) in enumerate(zip(part.images, randoms, strict=True)):
        raster = encoder.raster(image, random)
        for axons in columns:
            found[:, place, axons] = raster
    return found


def parts_of(settings: Settings, digits: Digits) -> tuple[Part, Part]:
    """What to train on, and what to score in the end; ValueError unless `inputs` fit them."""
    inputs = digits.train.images.shape[1]
    require(settings.inputs == inputs, "inputs", f"{inputs}, as the data has", settings.inputs)
    if settings.tune:
        parts = digits.train, digits.validation
    else:
        parts = digits.train.join(digits.validation), digits.test
    return parts[0].first(settings.limit), parts[1].first(settings.limit)
