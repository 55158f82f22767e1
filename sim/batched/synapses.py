"""The weight memories of all copies and the exact sums over them (section 5, step 2).

Weights lie in the narrowest integers that hold them. Beside them stands a table of addends in
the arithmetic of the sums: 0 where there is no synapse or the row does not visit the neuron. Its
rows are ordered so that all rows of a core that visit the same groups form one block: what the
blocks leave out of the table costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from axonloop.models.chip import ChipConfig
from axonloop.sim.batched.precision import Arithmetic, choose, require_exact

WORK = 1 << 18
"""Elements of a weight memory that are worked on at a time."""
SPARSE = 0.12
"""Up to this share of axons that spike, shared weights are summed row by row on a CPU."""


@dataclass(frozen=True)
class Block:
    """Rows `start..end - 1` of the table; all visit neurons `first..last - 1` of core `core`."""

    core: int
    start: int
    end: int
    first: int
    last: int


def blocks_of(chip: ChipConfig) -> tuple[list[int], list[Block]]:
    """The order of the axons in the table, and its blocks; rows without groups are in none."""
    geometry = chip.geometry
    spans = [
        (core, row.first_group, row.groups)
        for core, config in enumerate(chip.cores)
        for row in config.rows
    ]
    order = sorted(range(len(spans)), key=lambda axon: spans[axon])
    blocks, start = [], 0
    for (core, first, groups), axons in groupby(order, key=lambda axon: spans[axon]):
        end, lanes = start + len(list(axons)), geometry.lanes
        if groups:
            blocks.append(Block(core, start, end, first * lanes, (first + groups) * lanes))
        start = end
    return order, blocks


def largest_sum(chip: ChipConfig) -> int:
    """The largest magnitude that the sum over a block can have."""
    rows = max((block.end - block.start for block in blocks_of(chip)[1]), default=0)
    return rows * chip.geometry.weight_max


def weight_dtype(chip: ChipConfig) -> torch.dtype:
    """The narrowest integers that hold a weight."""
    return torch.int8 if chip.geometry.weight_container_bits == 8 else torch.int16


class Synapses:
    """`weights`: int8 or int16 `(1 or copies, axons, neurons of a core)`, contiguous.

    Before any are loaded there is no synapse. `table` is the addends, of the same shape.
    """

    def __init__(
        self,
        chip: ChipConfig,
        memories: int,
        device: torch.device,
        arithmetic: str = Arithmetic.AUTO,
    ) -> None:
        geometry = chip.geometry
        shape = (memories, chip.axons, geometry.neurons)
        self._device, self._arithmetic = device, arithmetic
        self._own, self._cores = memories > 1, chip.mesh.cores
        self.no_synapse = geometry.no_synapse
        dtype = weight_dtype(chip)
        self.weights = torch.full(shape, self.no_synapse, dtype=dtype, device=device)
        self._configure(chip)
        self.table = torch.zeros(shape, dtype=self.dtype, device=device)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the row descriptors."""
        self._configure(chip)
        self.table = self.table.to(self.dtype)
        self.refresh()

    def _configure(self, chip: ChipConfig) -> None:
        lanes, device = chip.geometry.lanes, self._device
        self.dtype = choose(self._arithmetic, largest_sum(chip), device)
        order, self.blocks = blocks_of(chip)
        self._order = torch.tensor(order, device=device)
        self._sorted = order == sorted(order)
        self.place = torch.empty_like(self._order)
        self.place[self._order] = torch.arange(len(order), device=device)
        rows = [row for core in chip.cores for row in core.rows]
        self.first = torch.tensor([row.first_group * lanes for row in rows], device=device)
        self.last = torch.tensor(
            [(row.first_group + row.groups) * lanes for row in rows], device=device
        )

    def load(self, weights: Tensor) -> None:
        """Replace all weights: `(1 or copies, axons, neurons of a core)`."""
        self.weights.copy_(weights)
        self.refresh()

    def refresh(self) -> None:
        """Make the table anew from the weights, block by block, some memories at a time."""
        self.table.zero_()
        for block in self.blocks:
            rows = self._order[block.start : block.end]
            size = (block.end - block.start) * (block.last - block.first)
            some = max(1, WORK // size)
            pairs = zip(self.weights.split(some), self._view(block).split(some), strict=True)
            for weights, addends in pairs:
                part = weights[:, :, block.first : block.last].index_select(1, rows)
                addends.copy_(part.to(self.dtype).mul_(part != self.no_synapse))

    def _view(self, block: Block) -> Tensor:
        """The addends of a block, `(1 or copies, rows, neurons)`."""
        return self.table[:, block.start : block.end, block.first : block.last]

    def integrate(self, spikes: Tensor) -> Tensor:
        """ACC of every neuron, int32 `(copies, neurons)`, for spikes bool `(copies, axons)`."""
        if self.dtype is torch.float32:
            require_exact(self._device)
        if not self._sorted:
            spikes = spikes.index_select(1, self._order)
        width = self.table.shape[2]
        acc = spikes.new_zeros((len(spikes), self._cores * width), dtype=torch.int32)
        for block in self.blocks:
            start = block.core * width
            part = self._sum(block, spikes[:, block.start : block.end])
            if part is not None:
                acc[:, start + block.first : start + block.last] += part
        return acc

    def _sum(self, block: Block, spikes: Tensor) -> Tensor | None:
        """The sum over the rows of a block, int32 `(copies, neurons)`; None if no row spikes."""
        if self._device.type == "cpu" and self.dtype is not torch.int32:
            where = spikes.nonzero()
            if not len(where):
                return None
            if self._own or len(where) <= SPARSE * spikes.numel():
                return self._gather(block, where, spikes)
        factors = spikes.to(self.dtype)
        if self._own:
            return torch.bmm(factors[:, None], self._view(block))[:, 0].to(torch.int32)
        return torch.mm(factors, self._view(block)[0]).to(torch.int32)

    def _gather(self, block: Block, where: Tensor, spikes: Tensor) -> Tensor:
        """The sum row by row: `where` lists copy and row of every spike, in order."""
        copies, axons = len(spikes), self.table.shape[1]
        rows = where[:, 1] + block.start
        if self._own:
            rows += where[:, 0] * axons
        starts = torch.zeros(copies, dtype=torch.int64)
        if copies > 1:
            torch.cumsum(spikes[:-1].sum(1), 0, out=starts[1:])
        table = self.table.view(-1, self.table.shape[2])[:, block.first : block.last]
        return torch.embedding_bag(table, rows, starts, False, 0)[0].to(torch.int32)

    def subtract(
        self, memory: Tensor, axons: Tensor, neurons: Tensor, steps: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Take `steps` `(rows, lines)` off the weights of `axons` and the lines, saturating.

        Line k is neuron `neurons[k]` (of its core) in memory `memory[k]`. Returns where there is
        a synapse and where the weight changed, bool `(rows, lines)`.
        """
        _, rows, width = self.weights.shape
        line = memory * (rows * width) + neurons
        where = axons[:, None] * width + line
        old = self.weights.take(where).to(torch.int32)
        present = old != self.no_synapse
        limit = -self.no_synapse - 1
        change = (old - steps).clamp_(-limit, limit).sub_(old).mul_(present)
        self.weights.put_(where, (old + change).to(self.weights.dtype))
        if not self._sorted:
            where = self.place[axons][:, None] * width + line
        visited = (neurons >= self.first[axons][:, None]) & (neurons < self.last[axons][:, None])
        self.table.put_(where, (old + change).mul_(present & visited).to(self.dtype))
        return present, change != 0
