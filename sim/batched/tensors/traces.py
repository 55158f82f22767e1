"""The axons' traces of all copies and cores at once (docs/contract.md, section 5, step 4)."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.sim.batched.tensors.parameters import Constants, axon_register, row_flag


class Traces:
    """State int32 `(copies, axons)`: `q`, `p`, `pq`; builds with terms have `qq` and `mark`.

    `clips` counts, per axon, the clipped words since it was last zeroed: uint8, at most 2 more in
    a tick. All tensors are contiguous.
    """

    def __init__(self, chip: ChipConfig, copies: int, device: torch.device) -> None:
        self._device, self._number = device, Constants(device)
        shape = (copies, chip.axons)
        self._state = torch.zeros((2, *shape), dtype=torch.int32, device=device)
        self.q, self.p = self._state.unbind(0)
        self.pq = torch.zeros(shape, dtype=torch.int32, device=device)
        more = shape if chip.geometry.terms else (copies, 0)
        self.qq = torch.zeros(more, dtype=torch.int32, device=device)
        self.mark = torch.zeros(more, dtype=torch.uint8, device=device)
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

    def clear(self) -> None:
        """Zero all state."""
        for state in (self._state, self.pq, self.qq, self.mark):
            state.zero_()

    def step(self, spikes: Tensor) -> None:
        """One tick with the axons' `spikes`, bool `(copies, axons)`."""
        raised = self._state * self._factors
        raised >>= self._number.twelve
        q, p = raised.unbind(0)
        q += spikes.to(torch.int32).mul_(self._q_inc)
        torch.clamp(q, max=self._limit, out=self.q)
        p += self.q >> self._p_shift
        torch.clamp(p, max=self._limit, out=self.p)
        torch.ne(raised, self._state, out=self._flags)
        for flags in self._flag_bytes:
            self.clips += flags
        self._take_factor(self.p, self._pq_shift, self.pq)
        if self._terms:
            self._take_factor(self.q, self._qq_shift, self.qq)
            torch.add(spikes.view(torch.uint8), spikes.view(torch.uint8), out=self.mark)
            self.mark += self._number.one
            self.mark *= self._plastic

    def _take_factor(self, trace: Tensor, shift: Tensor, factor: Tensor) -> None:
        """What learning takes of a trace: shortened, or 0 or pq_on by the row's descriptor."""
        torch.bitwise_right_shift(trace, shift, out=factor)
        factor.clamp_(max=self._pq_max)
        factor &= self._follow
        factor += self._fixed
