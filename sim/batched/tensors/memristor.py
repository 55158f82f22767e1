"""Terms that see the weight that they change, or change it by pulses (section 5, learn).

In tables by polarity the words for weights that fall come first, then those for weights that rise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig, Purpose, Rounding
from axonloop.sim.batched.tables import gain_shifts, gains, shares
from axonloop.sim.batched.tensors.noise import TickWords, Word, neuron_words, synapse_words
from axonloop.sim.batched.tensors.parameters import neuron_register
from axonloop.sim.batched.tensors.passes import Pass

MOST_PARTS = 255
"""The parts of a pulse are clipped here."""


@dataclass(frozen=True)
class Pulses:
    """Writes by n learning neurons: parts of a pulse become a share of the headroom.

    `share`: int32 `(512,)` by polarity. `pulsed`, `nearest` bool, `cycle`, `device` int32 `(n,)`:
    who writes, and the neurons' registers. `writes`, `devices`: the neurons' words of the hash.
    """

    share: Tensor
    pulsed: Tensor
    nearest: Tensor
    cycle: Tensor
    device: Tensor
    writes: Word
    devices: Word

    def steps(
        self, moved: Tensor, up: Tensor, headroom: Tensor, codes: Word
    ) -> tuple[Tensor, Tensor]:
        """What to subtract instead of `moved`, int32 `(rows, n)`, and where that is a write."""
        drawn = synapse_words(self.writes, codes)
        parts = moved.abs().clamp_(max=MOST_PARTS)
        parts = (parts * self._spread(drawn, up, codes) + 128 >> 8).clamp_(max=MOST_PARTS)
        fraction = torch.where(self.nearest, 1 << 11, drawn & 0xFFF)
        change = headroom * self.share[up * 256 + parts] + fraction >> 12
        steps = torch.where(self.pulsed, torch.where(up, -change, change), moved)
        return steps, self.pulsed & (parts > 0)

    def _spread(self, drawn: Tensor, up: Tensor, codes: Word) -> Tensor:
        """v: how strongly a pulse acts, in parts of 256."""
        fixed = synapse_words(self.devices, codes)
        factor = 256 + (self.cycle * _signed(drawn >> 12) >> 7)
        factor += self.device * _signed(torch.where(up, fixed, fixed >> 8)) >> 7
        return factor.clamp_(min=0)


@dataclass(frozen=True)
class Sight:
    """What n learning neurons of a core do by the weights that they change.

    `gain`: int64 `(512,)`, `gain_shift`: int32 `(2,)`, by polarity. `weighted` and `nearest`, bool,
    and `shift`, int32, are the neurons', `(n,)`. `most`: the largest weight; a word of `gain` is
    for 2^`coarse` weights.
    """

    most: int
    coarse: int
    gain: Tensor
    gain_shift: Tensor
    weighted: Tensor
    nearest: Tensor
    shift: Tensor
    pulses: Pulses | None

    def steps(
        self, products: Tensor, old: Tensor, noise: Tensor | None, codes: Word
    ) -> tuple[Tensor, Tensor]:
        """What products x take off the weights `old`, and which of that are writes: `(rows, n)`.

        `noise`: a word of the hash for each, None if all rounding is to nearest. `codes`: the
        codewords of the rows' axons.
        """
        up = products < 0
        headroom = torch.where(up, self.most - old, self.most + old).clamp_(min=0)  # absent: any
        moved = self._moved(products, up, headroom, noise)
        if self.pulses is None:
            return moved, torch.zeros_like(up)
        steps, writes = self.pulses.steps(moved, up, headroom, codes)
        visited = products != 0
        return steps * visited, writes & visited

    def _moved(
        self, products: Tensor, up: Tensor, headroom: Tensor, noise: Tensor | None
    ) -> Tensor:
        """m, clipped where the weight is clipped all the same: int32."""
        side = up.to(torch.int64)
        gain = self.gain[side * 256 + (headroom >> self.coarse)]
        total = products * torch.where(self.weighted, gain, 1)
        shift = self.shift + torch.where(self.weighted, self.gain_shift[side], 0)
        power = torch.ones_like(total) << shift
        half = power >> 1
        total += half if noise is None else torch.where(self.nearest, half, noise & power - 1)
        limit = max(2 * self.most, MOST_PARTS)
        return (total >> shift).clamp_(-limit, limit).to(torch.int32)


class Memristors:
    """Tables and registers of all cores; `see` picks what learning neurons need."""

    def __init__(self, chip: ChipConfig, device: torch.device) -> None:
        geometry = chip.geometry
        self._most, self._coarse = geometry.weight_max, geometry.weight_bits - 8
        cores = chip.mesh.cores
        self._gain = torch.as_tensor(gains(chip), dtype=torch.int64, device=device).view(cores, 512)
        self._gain_shift = torch.as_tensor(gain_shifts(chip), device=device)
        self._nearest = neuron_register(chip, "rounding", device) == Rounding.NEAREST
        self._pulses = geometry.memristor == 2
        if self._pulses:
            self._share = torch.as_tensor(shares(chip), device=device).view(cores, 512)
            self._cycle = neuron_register(chip, "cycle_to_cycle", device)
            self._device = neuron_register(chip, "device_to_device", device)

    def see(
        self,
        each: Pass,
        core: int,
        register: Tensor,
        own: tuple[Tensor, Tensor],
        words: tuple[TickWords, TickWords],
    ) -> Sight:
        """For neurons number `register[k]` of the chip that learn by `each`.

        `own`: memory and number in the core of each; `words`: of the tick and of tick 0.
        """
        return Sight(
            self._most,
            self._coarse,
            self._gain[core],
            self._gain_shift[core],
            each.weighted[register],
            self._nearest[register],
            each.shift[register],
            self._write(each, core, register, own, words) if each.pulses else None,
        )

    def _write(
        self,
        each: Pass,
        core: int,
        register: Tensor,
        own: tuple[Tensor, Tensor],
        words: tuple[TickWords, TickWords],
    ) -> Pulses:
        memory, neuron = own
        purposes = Purpose.PULSE + each.number, Purpose.PATTERN
        drawn = []
        for ticks, purpose in zip(words, purposes, strict=True):
            low, high = ticks.of(core)
            drawn.append(neuron_words((low[memory], high[memory]), neuron, purpose))
        return Pulses(
            self._share[core],
            each.pulsed[register],
            self._nearest[register],
            self._cycle[register],
            self._device[register],
            *drawn,
        )


def _signed(words: Tensor) -> Tensor:
    """The lowest 8 bits, signed."""
    return ((words & 0xFF) ^ 0x80) - 0x80
