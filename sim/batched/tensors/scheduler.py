"""Pending spikes of all copies: a bitmap of delay slots by axons."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region
from axonloop.sim.batched.arrays import new_state
from axonloop.sim.batched.tensors.parameters import row_flag


class Scheduler:
    """`pending`: bool `(delay_slots, copies, axons)`; slot t mod delay_slots is that of tick t.

    `events` and `met` count, per axon, the spikes that arrived and those that found their bit
    already set, since they were last zeroed: uint8. `collided` counts spikes of the latter kind
    that came as numbers, by core: int64 `(copies, cores)`.
    """

    def __init__(self, chip: ChipConfig, copies: int, device: torch.device) -> None:
        shape, self._device = (copies, chip.axons), device
        self.slots = chip.geometry.delay_slots
        self.pending = new_state(Region.PENDING, chip, copies, device)
        self.events = torch.zeros(shape, dtype=torch.uint8, device=device)
        self.met = torch.zeros(shape, dtype=torch.uint8, device=device)
        cores = chip.mesh.cores
        self.collided = torch.zeros((copies, cores), dtype=torch.int64, device=device)
        self._core = torch.arange(cores, device=device).repeat_interleave(chip.geometry.axons)
        self._filled = [False] * self.slots
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over `always_on` of the rows."""
        self._always_on = row_flag(chip, "always_on", self._device)
        self._any_always_on = bool(self._always_on.any())

    def changed(self) -> None:
        """`pending` was written: any slot may hold spikes."""
        self._filled = [True] * self.slots

    def arrive(self, tick: int, spikes: Tensor) -> Tensor:
        """The axons that spike in `tick`, the host's `spikes` among them; the slot is then empty.

        Both are bool `(copies, axons)`.
        """
        index = tick % self.slots
        if self._filled[index]:
            slot = self.pending[index]
            self._meet(slot & spikes, slice(None))
            spikes = spikes | slot
            slot.zero_()
            self._filled[index] = False
        if self._any_always_on:
            spikes = spikes | self._always_on
        self.events += spikes.view(torch.uint8)
        return spikes

    def deliver(self, tick: int, axons: slice, sent: Tensor) -> None:
        """Spikes for `axons` in `tick` where `sent`, bool `(copies, axons.stop - axons.start)`."""
        index = tick % self.slots
        bits = self.pending[index, :, axons]
        if self._filled[index]:
            self._meet(bits & sent, axons)
        bits |= sent
        self._filled[index] = True

    def _meet(self, both: Tensor, axons: slice) -> None:
        self.met[:, axons] += both.view(torch.uint8)

    def deliver_counts(self, tick: int, axons: Tensor, counts: Tensor) -> None:
        """`counts` spikes, int `(copies, len(axons))`, for different `axons` in `tick`."""
        index = tick % self.slots
        slot, hit = self.pending[index], counts > 0
        bits = slot.index_select(1, axons)
        met = counts - (hit & ~bits).to(counts.dtype)
        self.collided.index_add_(1, self._core[axons], met.to(torch.int64))
        slot.index_copy_(1, axons, bits | hit)
        self._filled[index] = True
