"""The weight memories of all copies and the exact sums over them (section 5, step 2).

Weights lie in the narrowest integers that hold them. Beside them stands a table of addends in
the arithmetic of the sums, 0 where there is no synapse. The table is made of blocks: all rows of
a core that visit the same groups. Weights outside of the groups that their row visits are not in
the table, so no time and no memory goes into them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.sim.batched.arrays import new_weights
from axonloop.sim.batched.tables import column_parts, row_parts
from axonloop.sim.batched.tensors.arithmetic import choose, chooses, require_exact
from axonloop.sim.batched.tensors.blank_out import BlankOut
from axonloop.sim.batched.tensors.blocks import Block, blocks_of, largest_sum
from axonloop.sim.batched.tensors.noise import TickWords, Word

WORK = 1 << 18
"""Elements of a weight memory that a CPU works on at a time, for its caches; a GPU takes more."""
GPU_WORK = 16
"""Times as many a GPU takes: its operations have to be long."""
SPARSE = 0.12
"""Up to this share of axons that spike, shared weights are summed row by row on a CPU."""


def work(device: torch.device) -> int:
    """Elements of a weight memory that are worked on at a time."""
    return WORK if chooses(device) else GPU_WORK * WORK


@dataclass(frozen=True)
class SynapseBlock:
    """A part of the weights in which there may be synapses.

    It is made of `axons` (of the chip) and of neurons `first..last - 1` of core `core`. The blocks
    of a chip do not overlap, and outside of them there is no synapse.
    """

    core: int
    axons: Tensor
    first: int
    last: int


@dataclass(frozen=True)
class Places:
    """Places of the weights of some rows, `axons` of the chip, and of n neurons.

    Neuron k is number `neurons[k]` of its core in memory `memory[k]`. `where` they lie in all
    memories, their `old` weights, int32, and where there is a synapse, `present`: `(rows, n)`.
    """

    memory: Tensor
    axons: Tensor
    neurons: Tensor
    where: Tensor
    old: Tensor
    present: Tensor


class Synapses:
    """`weights`: int8 or int16 `(1 or copies, axons, neurons of a core)`, contiguous.

    Before any are loaded there is no synapse. `table` holds the addends of one block after the
    other, `(1 or copies, rows, neurons)` each, and one spare element. `plastic` are the blocks in
    which there are synapses that may learn.
    """

    def __init__(
        self,
        chip: ChipConfig,
        memories: int,
        device: torch.device,
        arithmetic: str,
    ) -> None:
        geometry = chip.geometry
        self._device, self._arithmetic = device, arithmetic
        self._own, self._cores, self._first_core = memories > 1, chip.mesh.cores, chip.first
        self.no_synapse = geometry.no_synapse
        self._blank_out = BlankOut(chip, device)
        self._whole = torch.int64 if geometry.mask else torch.int32
        self.weights = new_weights(chip, memories, device)
        self.plastic: list[SynapseBlock] = []
        self._lay_out(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the row descriptors, and which rows drop spikes.

        Synapses outside of the groups that their row visits now stay, and learn.
        """
        self._blank_out.configure(chip)
        self._lay_out(chip)
        self._refresh()

    def _synapse_block(self, block: Block) -> SynapseBlock:
        return SynapseBlock(
            block.core, self._order[block.start : block.end], block.first, block.last
        )

    def _lay_out(self, chip: ChipConfig) -> None:
        """Find the blocks; `table` is zeroed."""
        device, memories = self._device, len(self.weights)
        self.dtype = choose(self._arithmetic, largest_sum(chip))
        self._row_parts = self._column_parts = None
        if chip.geometry.mask:
            self._row_parts = torch.as_tensor(row_parts(chip), device=device)
            self._column_parts = torch.as_tensor(column_parts(chip), device=device)
        order, self._blocks = blocks_of(chip)
        self._order = torch.tensor(order, device=device)
        self._sorted = order == sorted(order)
        size = sum(block.size for block in self._blocks)
        self.table = torch.zeros(memories * size + 1, dtype=self.dtype, device=device)
        spans = torch.zeros((4, len(order)), dtype=torch.int64, device=device)
        self._addends, start = [], 0
        for block in self._blocks:
            shape = (memories, block.end - block.start, block.last - block.first)
            end = start + memories * block.size
            self._addends.append(self.table[start:end].view(shape))
            axons = self._order[block.start : block.end]
            rows = torch.arange(len(axons), device=device) * shape[2] + (start - block.first)
            spans[0, axons] = rows
            for line, value in enumerate((block.size, block.first, block.last), 1):
                spans[line, axons] = value
            start = end
        self._start, self._stride, self._first, self._last = spans[:, :, None].unbind(0)

    def load(self, weights: Tensor) -> None:
        """Replace all weights: `(1 or copies, axons, neurons of a core)`."""
        self.weights.copy_(weights)
        self._refresh()

    def _refresh(self) -> None:
        """Make the table anew from the weights, some memories at a time, and find `plastic`."""
        visited = torch.zeros((), dtype=torch.int64, device=self._device)
        for block, table in zip(self._blocks, self._addends, strict=True):
            rows = self._order[block.start : block.end]
            some = max(1, work(self._device) // block.size)
            pairs = zip(torch.split(self.weights, some), torch.split(table, some), strict=True)
            for weights, addends in pairs:
                part = weights[:, :, block.first : block.last].index_select(1, rows)
                present = part != self.no_synapse
                visited += present.sum()
                addends.copy_(part.to(self.dtype).mul_(present))
                if self._row_parts is not None:
                    addends.mul_(self._row_parts[rows, None])
        more = bool(self._present() > visited)
        blocks = self._whole_cores() if more else self._blocks
        self.plastic = [self._synapse_block(block) for block in blocks]

    def _present(self) -> Tensor:
        """Synapses of all memories."""
        some = max(1, work(self._device) // self.weights[0].numel())
        counts = [(each != self.no_synapse).sum() for each in torch.split(self.weights, some)]
        return torch.stack(counts).sum()

    def _whole_cores(self) -> list[Block]:
        _, axons, width = self.weights.shape
        each = axons // self._cores
        return [Block(k, k * each, (k + 1) * each, 0, width) for k in range(self._cores)]

    def integrate(self, spikes: Tensor, seeds: Word, tick: int) -> Tensor:
        """ACC of every neuron, int32 `(copies, neurons)`, for spikes bool `(copies, axons)`.

        `seeds` (one per weight memory) and `tick` decide which synapses drop them.
        """
        if self.dtype is torch.float32:
            require_exact(self._device)
        if not self._sorted:
            spikes = spikes.index_select(1, self._order)
        words = TickWords(seeds, tick, self._first_core)
        width = self.weights.shape[2]
        acc = spikes.new_zeros((len(spikes), self._cores * width), dtype=self._whole)
        for block, table in zip(self._blocks, self._addends, strict=True):
            start = block.core * width
            part = self._sum(table, spikes[:, block.start : block.end])
            if part is not None:
                acc[:, start + block.first : start + block.last] += part
            if self._blank_out.any:
                here = spikes[:, block.start : block.end]
                lost = self._lost(block, table, here, words.of(block.core))
                acc[:, start + block.first : start + block.last] -= lost
        return acc if self._column_parts is None else self._masked(acc, self._column_parts)

    @staticmethod
    def _masked(sums: Tensor, parts: Tensor) -> Tensor:
        """ACC of exact sums in parts of 256, int64, of which the columns leave `parts` of 256."""
        sums *= parts
        sums += 1 << 15
        sums >>= 16
        return sums.to(torch.int32)

    def _lost(self, block: Block, table: Tensor, spikes: Tensor, words: Word) -> Tensor:
        """The part of the sum over a block that was dropped: `(copies, neurons)`."""
        axons = self._order[block.start : block.end]
        lost = spikes.new_zeros((len(spikes), table.shape[2]), dtype=self._whole)
        some = max(1, work(self._device) // table.shape[2])
        for copy, memory, rows in self._dropping(spikes & self._blank_out.rows[axons], some):
            kept = self._blank_out.kept(words, memory, axons[rows], block.first, block.last)
            addends = table[memory, rows].mul_(~kept)
            if copy is None:
                lost += (spikes[:, rows].to(self.dtype) @ addends).to(self._whole)
            else:
                lost.index_add_(0, copy, addends.to(self._whole))
        return lost

    def _dropping(
        self, spikes: Tensor, some: int
    ) -> Iterator[tuple[Tensor | None, Tensor, Tensor]]:
        """Rows that spike, `some` at a time, as copy, weight memory and row; no copy if shared."""
        if self._own:
            pairs = (torch.split(part, some) for part in spikes.nonzero().unbind(1))
            for copy, rows in zip(*pairs, strict=True):
                yield copy, copy, rows
        else:
            for rows in torch.split(spikes.any(0).nonzero()[:, 0], some):
                yield None, torch.zeros_like(rows), rows

    def _sum(self, table: Tensor, spikes: Tensor) -> Tensor | None:
        """The sum over the rows of a block, `(copies, neurons)`; None if no row spikes."""
        if chooses(self._device):
            where = spikes.nonzero()
            if not len(where):
                return None
            if self._own or len(where) <= SPARSE * spikes.numel():
                return self._gather(table, where, spikes)
        factors = spikes.to(self.dtype)
        if self._own:
            return torch.bmm(factors[:, None], table)[:, 0].to(self._whole)
        return torch.mm(factors, table[0]).to(self._whole)

    def _gather(self, table: Tensor, where: Tensor, spikes: Tensor) -> Tensor:
        """The sum row by row: `where` lists copy and row of every spike, in order."""
        copies, rows = spikes.shape
        chosen = where[:, 1].contiguous()
        if self._own:
            chosen += where[:, 0] * rows
        starts = torch.zeros(copies, dtype=torch.int64)
        if copies > 1:
            torch.cumsum(spikes[:-1].sum(1), 0, out=starts[1:])
        flat = table.view(-1, table.shape[2])
        return torch.embedding_bag(flat, chosen, starts, False, 0)[0].to(self._whole)

    def places(self, memory: Tensor, axons: Tensor, neurons: Tensor) -> Places:
        """The weights of `axons` and of n neurons, number `neurons[k]` in memory `memory[k]`."""
        _, rows, width = self.weights.shape
        where = axons[:, None] * width + (memory * (rows * width) + neurons)
        old = self.weights.take(where).to(torch.int32)
        return Places(memory, axons, neurons, where, old, old != self.no_synapse)

    def subtract(self, places: Places, steps: Tensor) -> Tensor:
        """Take `steps` `(rows, n)` off the weights, saturating; where they changed, bool."""
        old, limit = places.old, -self.no_synapse - 1
        change = (old - steps).clamp_(-limit, limit).sub_(old).mul_(places.present)
        new = change + old
        self.weights.put_(places.where, new.to(self.weights.dtype))
        self._put(places, new.mul_(places.present))
        return change != 0

    def _put(self, places: Places, values: Tensor) -> None:
        """Write addends; those of neurons that a row does not visit go to the spare element."""
        axons, neurons = places.axons, places.neurons
        if self._row_parts is not None:
            values = values * self._row_parts[axons, None]
        where = self._start[axons] + neurons
        if self._own:
            where += self._stride[axons] * places.memory
        visited = (neurons >= self._first[axons]) & (neurons < self._last[axons])
        where -= len(self.table) - 1
        where *= visited
        where += len(self.table) - 1
        self.table.put_(where, values.to(self.dtype))
