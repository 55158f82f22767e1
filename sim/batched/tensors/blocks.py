"""Blocks of a chip's weights: all rows of a core that visit the same groups."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from axonloop.models.config import ChipConfig
from axonloop.sim.batched.tables import row_parts


@dataclass(frozen=True)
class Block:
    """Axons `start..end - 1` of the blocks' order visit neurons `first..last - 1` of a core."""

    core: int
    start: int
    end: int
    first: int
    last: int

    @property
    def size(self) -> int:
        """Synapses of the block in one memory."""
        return (self.end - self.start) * (self.last - self.first)


def blocks_of(chip: ChipConfig) -> tuple[list[int], list[Block]]:
    """The axons in the order of the blocks, and these; rows without groups are in none."""
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
    """The largest magnitude that the sum over a block can have; with a mask in parts of 256.

    In cores with convolutions: the sum over the rows of a kernel.
    """
    if chip.geometry.convolutions:
        rows = (shape.rows for core in chip.cores for shape in core.convolutions)
        return max(rows, default=0) * chip.geometry.weight_max
    order, blocks = blocks_of(chip)
    parts = row_parts(chip)[order] if chip.geometry.mask else np.ones(len(order), np.int64)
    sums = (int(parts[each.start : each.end].sum()) for each in blocks)
    return max(sums, default=0) * chip.geometry.weight_max
