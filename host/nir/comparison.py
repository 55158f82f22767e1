"""Chip and float graph side by side: how many spikes agree, where they part, how far off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from axonloop.host.nir.run import ChipTrace
from axonloop.host.nir.simulator import FloatTrace


@dataclass(frozen=True)
class LayerComparison:
    """One layer of `Comparison`.

    `agreement`: share of neuron-ticks with the same spike (or none) on both sides, each running
    on its own. `first`: the first tick and neuron at which they part; None: never. `membrane`:
    the largest distance of membranes, in thresholds, where the float layer hears and resets by
    the chip's spikes: what `bound` bounds. `beside`: the share of neuron-ticks with the same
    spike then, which is the layer's own share in what went wrong.
    """

    name: str
    agreement: float
    beside: float
    first: tuple[int, int] | None
    chip_spikes: int
    float_spikes: int
    membrane: float
    bound: float


@dataclass(frozen=True)
class Comparison:
    """All layers, in order, over `ticks` ticks; `saturations`: clipped state words of the chip."""

    layers: tuple[LayerComparison, ...]
    ticks: int
    saturations: int

    @property
    def agreement(self) -> float:
        """The smallest agreement of a layer."""
        return min(layer.agreement for layer in self.layers)

    @property
    def first(self) -> tuple[str, int, int] | None:
        """Layer, tick and neuron where chip and float part first; None: nowhere."""
        found = [(layer.first[0], layer) for layer in self.layers if layer.first]
        if not found:
            return None
        layer = min(found, key=lambda entry: entry[0])[1]
        assert layer.first is not None
        return (layer.name, *layer.first)


def compared(
    chip: ChipTrace, alone: FloatTrace, beside: FloatTrace, bounds: Mapping[str, float]
) -> Comparison:
    """The layers of a chip's run beside the float graph, `alone` and hearing the chip's spikes."""
    layers = []
    for name, spikes in chip.spikes.items():
        parted = np.argwhere(spikes != alone.spikes[name])
        far = np.abs(chip.membranes[name] - beside.membranes[name])
        layers.append(
            LayerComparison(
                name,
                float((spikes == alone.spikes[name]).mean()),
                float((spikes == beside.spikes[name]).mean()),
                (int(parted[0][0]), int(parted[0][1])) if len(parted) else None,
                int(spikes.sum()),
                int(alone.spikes[name].sum()),
                float(far.max()),
                bounds[name],
            )
        )
    return Comparison(tuple(layers), len(next(iter(chip.spikes.values()))), chip.saturations)
