"""The kernels of all copies, and the exact sums over them (docs/contract.md, section 12).

Images are unfolded into the columns that the kernel sees at every position, and multiplied: so
every sum is one of whole numbers. Convolutions of libraries are not: they may take a transform
with fractions (Winograd, Fourier).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import fold, unfold

from axonloop.models.config import ChipConfig, Convolution, Purpose
from axonloop.sim.batched.arrays import new_weights
from axonloop.sim.batched.tensors.arithmetic import choose, require_exact
from axonloop.sim.batched.tensors.blocks import largest_sum
from axonloop.sim.batched.tensors.noise import (
    TickWords,
    Word,
    axon_codes,
    neuron_words,
    synapse_words,
)
from axonloop.sim.batched.tensors.passes import Pass

HASHED_ROWS = 2048
"""Kernel rows that the hash tells apart by its axon; its neuron tells which so many they are."""


@dataclass(frozen=True)
class _Kernel:
    """A convolution of core `core`, whose axons and neurons begin at those of the chip.

    `rows` are its rows in the weights of all cores, `addends` its weights as summands.
    """

    shape: Convolution
    core: int
    axon: int
    neuron: int
    rows: slice
    addends: Tensor

    @property
    def block(self) -> tuple[slice, slice, slice]:
        """Where its weights lie in all memories."""
        return slice(None), self.rows, slice(0, self.shape.out_channels)

    def columns(self, of_axons: Tensor, dtype: torch.dtype) -> Tensor:
        """What each row joins to each position, of `(copies, axons)`: `(copies, rows, positions)`.

        It is 0 where the kernel leaves the image.
        """
        shape = self.shape
        mine = of_axons[:, self.axon : self.axon + shape.axons].to(dtype)
        image = mine[:, : shape.pixels].reshape(
            len(mine), shape.in_channels, shape.in_height, shape.in_width
        )
        found = unfold(image, shape.kernel, padding=shape.padding, stride=shape.stride)
        if not shape.bias:
            return found
        bias = mine[:, shape.pixels :, None].expand(-1, -1, shape.positions)
        return torch.cat([found, bias], 1)

    def by_position(self, of_neurons: Tensor, dtype: torch.dtype) -> Tensor:
        """The part of `(copies, neurons)` that is its own: `(copies, positions, channels)`."""
        mine = of_neurons[:, self.neuron : self.neuron + self.shape.neurons].to(dtype)
        return mine.reshape(len(mine), self.shape.positions, self.shape.out_channels)


def reached_neurons(chip: ChipConfig) -> list[int]:
    """How many neurons each axon of the chip reaches."""
    found = torch.zeros(chip.axons, dtype=torch.int64)
    for index, core in enumerate(chip.cores):
        for shape in core.convolutions:
            first = index * chip.geometry.axons + shape.first_axon
            kernels = torch.ones((1, shape.in_channels * shape.kernel**2, shape.positions))
            size = (shape.in_height, shape.in_width)
            positions = fold(
                kernels, size, shape.kernel, padding=shape.padding, stride=shape.stride
            )
            counts = positions.reshape(-1).to(torch.int64) * shape.out_channels
            found[first : first + shape.pixels] = counts
            found[first + shape.pixels : first + shape.axons] = shape.neurons
    values: list[int] = found.tolist()
    return values


class Kernels:
    """`weights`: int8 or int16 `(1 or copies, kernel rows of the chip, kernel columns)`.

    Before any are loaded there is no synapse. The weights of cores with convolutions, in the place
    of one for every axon and neuron.
    """

    def __init__(
        self, chip: ChipConfig, copies: int, shared: bool, device: torch.device, arithmetic: str
    ) -> None:
        geometry = chip.geometry
        self._device, self._arithmetic, self._shared = device, arithmetic, shared
        self._copies, self._neurons = copies, chip.neurons
        self.no_synapse, self._limit = geometry.no_synapse, geometry.weight_max
        self._largest_pair = geometry.error_max * geometry.pq_max * (copies if shared else 1)
        self._codes = axon_codes(HASHED_ROWS, device)
        self.weights = new_weights(chip, 1 if shared else copies, device)
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the descriptors of the convolutions."""
        geometry, memories = chip.geometry, len(self.weights)
        self._dtype = choose(self._arithmetic, largest_sum(chip))
        self._kernels = []
        for index, core in enumerate(chip.cores):
            for shape in core.convolutions:
                row = index * geometry.weight_rows + shape.first_row
                addends = torch.zeros((memories, shape.rows, shape.out_channels), dtype=self._dtype)
                kernel = _Kernel(
                    shape,
                    index,
                    index * geometry.axons + shape.first_axon,
                    index * geometry.neurons + shape.first_group * geometry.lanes,
                    slice(row, row + shape.rows),
                    addends.to(self._device),
                )
                self._kernels.append(kernel)
        self._refresh()

    def load(self, weights: Tensor) -> None:
        """Replace all weights: `(1 or copies, kernel rows, kernel columns)`."""
        self.weights.copy_(weights)
        self._refresh()

    def _refresh(self) -> None:
        for kernel in self._kernels:
            self._take_addends(kernel)

    def _take_addends(self, kernel: _Kernel) -> None:
        weights = self.weights[kernel.block]
        kernel.addends.copy_(weights.to(self._dtype).mul_(weights != self.no_synapse))

    def integrate(self, spikes: Tensor, seeds: Word, tick: int) -> Tensor:
        """ACC of every neuron, int32 `(copies, neurons)`, for spikes bool `(copies, axons)`."""
        if self._dtype is torch.float32:
            require_exact(self._device)
        acc = spikes.new_zeros((len(spikes), self._neurons), dtype=torch.int32)
        for kernel in self._kernels:
            seen = kernel.columns(spikes, self._dtype).transpose(1, 2)
            addends = kernel.addends[0] if self._shared else kernel.addends
            mine = acc[:, kernel.neuron : kernel.neuron + kernel.shape.neurons]
            mine += (seen @ addends).to(torch.int32).view(mine.shape)
        return acc

    def learn(
        self, each: Pass, values: Tensor, factors: Tensor, words: TickWords
    ) -> list[tuple[int, Tensor, Tensor]]:
        """W -= round(X) of every kernel: of coefficients `(copies, neurons)`, factors of axons.

        Returns, for every kernel, its core, the pairs visited and the weights changed, int64
        `(1 or copies,)`.
        """
        return [self._learn(kernel, each, values, factors, words) for kernel in self._kernels]

    def _learn(
        self, kernel: _Kernel, each: Pass, values: Tensor, factors: Tensor, words: TickWords
    ) -> tuple[int, Tensor, Tensor]:
        dtype = choose(self._arithmetic, self._largest_pair * kernel.shape.positions)
        if dtype is torch.float32:
            require_exact(self._device)
        a = kernel.columns(factors, dtype)
        c = kernel.by_position(values.expand(self._copies, -1), dtype)
        if self._shared:
            a = a.transpose(0, 1).reshape(1, kernel.shape.rows, -1)
            c = c.reshape(1, -1, kernel.shape.out_channels)
        total = torch.bmm(a, c).to(torch.int64)
        pairs = torch.bmm((a != 0).to(dtype), (c != 0).to(dtype)).to(torch.int64)
        old = self.weights[kernel.block].to(torch.int64)
        present = old != self.no_synapse
        stepped = (old - self._round(kernel, each, total, words)).clamp_(-self._limit, self._limit)
        new = torch.where(present & (total != 0), stepped, old)
        self.weights[kernel.block] = new.to(self.weights.dtype)
        self._take_addends(kernel)
        return kernel.core, (pairs * present).sum((1, 2)), (new != old).sum((1, 2))

    def _round(self, kernel: _Kernel, each: Pass, total: Tensor, words: TickWords) -> Tensor:
        """The steps: sums `(memories, rows, channels)`, rounded by the sets of position 0."""
        mine = slice(kernel.neuron, kernel.neuron + kernel.shape.out_channels)
        steps = total + each.half[mine]
        if each.noisy:
            steps += self._noise(kernel, each.number, words).bitwise_and_(each.mask[mine])
        steps >>= each.shift[mine]
        return steps

    def _noise(self, kernel: _Kernel, number: int, words: TickWords) -> Tensor:
        """h of every weight: int32 `(memories, rows, channels)`."""
        low, high = words.of(kernel.core)
        channel = torch.arange(kernel.shape.out_channels, device=self._device)
        spread = low[:, None].expand(-1, len(channel)), high[:, None].expand(-1, len(channel))
        first, found = kernel.shape.first_row, []
        rows = range(first, first + kernel.shape.rows)
        for part in range(rows[0] // HASHED_ROWS, rows[-1] // HASHED_ROWS + 1):
            own = neuron_words(spread, channel + HASHED_ROWS * part, Purpose.TERM + number)
            start = HASHED_ROWS * part
            here = range(max(rows[0], start), min(rows[-1] + 1, start + HASHED_ROWS))
            mine = slice(here[0] - start, here[-1] + 1 - start)
            codes = self._codes[0][mine], self._codes[1][mine]
            drawn = synapse_words((own[0].reshape(-1), own[1].reshape(-1)), codes)
            found.append(drawn.view(len(here), len(low), len(channel)))
        return torch.cat(found).transpose(0, 1)
