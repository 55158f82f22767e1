"""What a page shows of a network: a layer, and some of its neurons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.host.network import Program
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require

MOST = 8
"""Neurons that are shown at a time."""


@dataclass(frozen=True)
class Choice:
    """Neurons of the population `layer`, by their numbers in it, at most MOST."""

    program: Program
    layer: str
    neurons: tuple[int, ...]

    @classmethod
    def parse(cls, program: Program, layer: str, text: str) -> Choice:
        """A choice from numbers by commas; ValueError, for the person who typed them."""
        parts = [part.strip() for part in text.split(",") if part.strip()]
        size = len(program.neurons[layer])
        told = f"whole numbers in 0..{size - 1} by commas, as 0,1,2"
        require(all(part.isdecimal() for part in parts), "neurons", told, text)
        numbers = tuple(dict.fromkeys(int(part) for part in parts))
        require(all(number < size for number in numbers), "neurons", told, text)
        require(0 < len(numbers) <= MOST, "neurons", f"1 to {MOST} of them", text)
        return cls(program, layer, numbers)

    @property
    def size(self) -> int:
        """Neurons of the layer."""
        return len(self.program.neurons[self.layer])

    @property
    def on_chip(self) -> Int32Array:
        """The numbers that the chosen neurons have on the chip."""
        return self.program.neurons[self.layer][list(self.neurons)]

    def of_layer(self, pairs: Int32Array) -> Int32Array:
        """Those rows whose second column is a neuron of the layer, numbered in it."""
        number = np.full(self.program.config.neurons, -1, np.int32)
        number[self.program.neurons[self.layer]] = np.arange(self.size)
        own = pairs.copy()
        own[:, 1] = number[pairs[:, 1]]
        return own[own[:, 1] >= 0]
