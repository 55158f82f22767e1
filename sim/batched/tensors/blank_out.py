"""Synapses that drop spikes at random (docs/contract.md, section 5, step 2)."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig, Purpose
from axonloop.sim.batched.tensors.noise import Word, axon_codes, neuron_words, synapse_words
from axonloop.sim.batched.tensors.parameters import axon_register


class BlankOut:
    """Blank-out of all copies. `rows`: the rows that may drop a spike, bool `(axons,)`."""

    def __init__(self, chip: ChipConfig, device: torch.device) -> None:
        self._device, self._axons = device, chip.geometry.axons
        self._codes = axon_codes(chip.geometry.neurons, device)
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over `blank` of the rows' parameter sets."""
        self._blank = axon_register(chip, "blank", self._device)
        self.rows = self._blank > 0
        self.any = bool(self.rows.any())

    def kept(self, words: Word, memory: Tensor, axons: Tensor, first: int, last: int) -> Tensor:
        """The synapses that keep their spike: bool `(len(axons), last - first)`.

        `words` are the tick's words of the core. Row k is axon `axons[k]` of the chip in memory
        `memory[k]`; columns are the neurons `first..last - 1` of its core. In the hash, axon and
        neuron are exchanged.
        """
        low, high = words
        rows = neuron_words((low[memory], high[memory]), axons % self._axons, Purpose.BLANK_OUT)
        codes = self._codes[0][first:last], self._codes[1][first:last]
        drawn = synapse_words(rows, codes).t() & 0xFFFF
        return drawn >= self._blank[axons, None]
