"""Layers in a chain: what each says, the next one hears in the same tick."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from axonloop.models.reference.lif import Lif, LifState


class Chain:
    """Layers from the lowest on; each may be recurrent."""

    def __init__(self, layers: Sequence[Lif]) -> None:
        self.layers = tuple(layers)

    def rest(self) -> list[LifState]:
        """Silence in all layers."""
        return [layer.rest() for layer in self.layers]

    def step(self, states: Sequence[LifState], arriving: Tensor) -> list[LifState]:
        """Run a tick of all layers with `(inputs,)`."""
        after: list[LifState] = []
        for layer, state in zip(self.layers, states, strict=True):
            after.append(layer.step(state, after[-1].spikes if after else arriving))
        return after
