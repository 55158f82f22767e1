"""Error-triggered learning of all copies (docs/contract.md, section 5, learn).

Only what is not 0 is touched: the pairs of copy and neuron with an error (with shared weights:
the neurons with an error in any copy), times the rows with a factor in any copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from axonloop.models.chip import ChipConfig
from axonloop.models.config import Rounding
from axonloop.sim.batched.noise import Word, axon_codes, neuron_words, synapse_words, tick_words
from axonloop.sim.batched.parameters import neuron_register
from axonloop.sim.batched.precision import choose, require_exact
from axonloop.sim.batched.synapses import WORK, Region, Synapses

NARROW_PRODUCT = (1 << 31) - (1 << 21)
"""Sums of products up to here are rounded in 32 bits."""


@dataclass(frozen=True)
class _Lines:
    """The columns that learn: line k is neuron `neuron[k]` of weight memory `memory[k]`.

    `error` is E: int32 `(lines,)`, or `(copies, lines)` where copies share the memory.
    """

    memory: Tensor
    neuron: Tensor
    error: Tensor


class Learning:
    """`gated`, `ungated`: error sums int32 `(copies, neurons)`. `waiting`: some may not be 0.

    `visits` and `updates` count per copy and core: int64 `(copies, cores)`.
    """

    def __init__(
        self, chip: ChipConfig, copies: int, shared: bool, device: torch.device, arithmetic: str
    ) -> None:
        geometry = chip.geometry
        self.geometry, self._shared, self._device = geometry, shared, device
        self._first = chip.first
        self._sums = torch.zeros((2, copies, chip.neurons), dtype=torch.int32, device=device)
        self.gated, self.ungated = self._sums.unbind(0)
        self.waiting = False
        self.visits, self.updates = torch.zeros(
            (2, copies, chip.mesh.cores), dtype=torch.int64, device=device
        ).unbind(0)
        self._codes = axon_codes(geometry.axons, device)
        largest = copies * geometry.error_max * geometry.pq_max
        self._factor = choose(arithmetic, largest, device) if shared else torch.int32
        self._product = torch.int32 if largest < NARROW_PRODUCT else torch.int64
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over eta_shift and rounding of the groups' parameter sets."""
        self._shift = neuron_register(chip, "eta_shift", self._device)
        nearest = neuron_register(chip, "rounding", self._device) == Rounding.NEAREST
        power = 1 << self._shift
        self._half = (power >> 1) * nearest
        self._mask = (power - 1) * ~nearest
        self._noisy = not bool(nearest.all())

    def clear(self) -> None:
        """Forget all errors."""
        if self.waiting:
            self._sums.zero_()
        self.waiting = False

    def errors(self, box: Tensor) -> Tensor:
        """E of every neuron from the sums and the boxcar: int32 `(copies, neurons)`."""
        limit = self.geometry.error_max
        gated, ungated = self._sums.clamp(-limit, limit).unbind(0)
        gated *= box
        gated += ungated
        return gated.clamp_(-limit, limit)

    def apply(
        self, synapses: Synapses, box: Tensor, pq: Tensor, seeds: Sequence[int], tick: int
    ) -> None:
        """Learn once and zero the sums; `tick` is the one that `box` and `pq` belong to."""
        if not self.waiting:
            return
        errors = self.errors(box)
        self.clear()
        if self._factor is torch.float32:
            require_exact(self._device)
        active = (pq != 0).any(0)
        for region in synapses.regions:
            axons = region.axons[active[region.axons]]
            lines = self._lines(region, errors)
            if len(axons) and len(lines.neuron):
                words = self._words(region.core, lines, seeds, tick) if self._noisy else None
                for some in torch.split(axons, max(1, WORK // len(lines.neuron))):
                    self._update(synapses, region.core, some, lines, pq[:, some], words)

    def _lines(self, region: Region, errors: Tensor) -> _Lines:
        """The columns of a region with an error, from E `(copies, neurons)`."""
        start = region.core * self.geometry.neurons
        here = errors[:, start + region.first : start + region.last]
        if self._shared:
            neuron = (here != 0).any(0).nonzero()[:, 0]
            memory, error = torch.zeros_like(neuron), here[:, neuron].to(self._factor)
        else:
            memory, neuron = here.nonzero().unbind(1)
            error = here[memory, neuron]
        return _Lines(memory, neuron + region.first, error)

    def _words(self, core: int, lines: _Lines, seeds: Sequence[int], tick: int) -> Word:
        """What all axons of a line share of the rounding hash."""
        low, high = tick_words(seeds, tick, self._first + core, self._device)
        return neuron_words((low[lines.memory], high[lines.memory]), lines.neuron)

    def _products(self, lines: _Lines, pq: Tensor) -> Tensor:
        """E Pq `(rows, lines)` of rows with `pq` `(copies, rows)`; sums where copies share."""
        if self._shared:
            return (pq.t().to(self._factor) @ lines.error).to(self._product)
        return pq.index_select(0, lines.memory).t() * lines.error

    def _update(
        self,
        synapses: Synapses,
        core: int,
        axons: Tensor,
        lines: _Lines,
        pq: Tensor,
        words: Word | None,
    ) -> None:
        """Learn in some rows of a core, `axons` of the chip with `pq` `(copies, rows)`."""
        register = core * self.geometry.neurons + lines.neuron
        products = self._products(lines, pq)
        steps = products + self._half[register]
        if words is not None:
            rows = axons - core * self.geometry.axons
            codes = self._codes[0][rows], self._codes[1][rows]
            steps += synapse_words(words, codes).bitwise_and_(self._mask[register])
        steps >>= self._shift[register]
        visited, changed = synapses.subtract(lines.memory, axons, lines.neuron, steps)
        visited &= products != 0
        self._count(self.visits[:, core], lines, visited)
        self._count(self.updates[:, core], lines, changed)

    def _count(self, counts: Tensor, lines: _Lines, found: Tensor) -> None:
        if self._shared:
            counts += found.sum()
        else:
            counts.index_add_(0, lines.memory, found.sum(0))
