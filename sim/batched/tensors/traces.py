"""The axons' traces of all copies and cores at once (docs/contract.md, section 5, step 4)."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region
from axonloop.sim.batched.arrays import new_state
from axonloop.sim.batched.tensors.parameters import Constants, axon_register, row_flag


class Traces:
    """State `(copies, axons)`: `trace_q`, `trace_p`, `trace_pq`, int32.

    Builds with terms also have `trace_qq`, int32, and `mark`, uint8.
    `clips` counts, per axon, the clipped words since it was last zeroed: uint8, at most 2 more in
    a tick. All tensors are contiguous.
    """

    def __init__(self, chip: ChipConfig, copies: int, device: torch.device) -> None:
        self._device, self._number = device, Constants(device)
        shape = (copies, chip.axons)
        self._state = torch.zeros((2, *shape), dtype=torch.int32, device=device)
        self.trace_q, self.trace_p = self._state.unbind(0)
        self.trace_pq = new_state(Region.TRACE_PQ, chip, copies, device)
        self.trace_qq = new_state(Region.TRACE_QQ, chip, copies, device)
        self.mark = new_state(Region.MARK, chip, copies, device)
        self.clips = torch.zeros(shape, dtype=torch.uint8, device=device)
        self._flags = torch.zeros((2, *shape), dtype=torch.bool, device=device)
        self._flag_bytes = self._flags.view(torch.uint8).unbind(0)
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the rows' parameter sets and whether they learn."""
        self._limit, self._pq_max = chip.geometry.trace_max, chip.geometry.pq_max

        def register(name: str) -> Tensor:
            return axon_register(chip, name, self._device)

        self._factors = torch.stack([register("beta_p"), register("alpha_p")])[:, None]
        self._q_inc, self._p_shift = register("q_inc"), register("p_shift")
        self._pq_shift, self._qq_shift = register("pq_shift"), register("qq_shift")
        plastic = row_flag(chip, "plastic", self._device)
        always_on = row_flag(chip, "always_on", self._device)
        self._follow = -(plastic & ~always_on).to(torch.int32)
        self._fixed = register("pq_on") * (plastic & always_on)
        self._plastic, self._terms = plastic.to(torch.uint8), chip.geometry.terms > 0

    def step(self, spikes: Tensor) -> None:
        """Run one tick with the axons' `spikes`, bool `(copies, axons)`."""
        raised = self._state * self._factors
        raised >>= self._number.twelve
        q, p = raised.unbind(0)
        q += spikes.to(torch.int32).mul_(self._q_inc)
        torch.clamp(q, max=self._limit, out=self.trace_q)
        p += self.trace_q >> self._p_shift
        torch.clamp(p, max=self._limit, out=self.trace_p)
        torch.ne(raised, self._state, out=self._flags)
        for flags in self._flag_bytes:
            self.clips += flags
        self._take_factor(self.trace_p, self._pq_shift, self.trace_pq)
        if self._terms:
            self._take_factor(self.trace_q, self._qq_shift, self.trace_qq)
            torch.add(spikes.view(torch.uint8), spikes.view(torch.uint8), out=self.mark)
            self.mark += self._number.one
            self.mark *= self._plastic

    def _take_factor(self, trace: Tensor, shift: Tensor, factor: Tensor) -> None:
        """Write Pq or Qq to `factor`: the shifted `trace`, or by the row 0 or pq_on."""
        torch.bitwise_right_shift(trace, shift, out=factor)
        factor.clamp_(max=self._pq_max)
        factor &= self._follow
        factor += self._fixed
