"""SpikeProp (Bohte, Kok & La Poutre 2002): the gradient of spike times, in continuous time.

Every neuron spikes once, where its potential first reaches theta. A synapse from i to j has several
delays d_k with a weight each; with t the spike times and e a postsynaptic potential of height 1,

    u_j(t)    = sum over i, k of w_ijk e(t - t_i - d_k)       e(s) = s/tau exp(1 - s/tau),  s > 0
    u_j(t_j)  = theta
    dt_j/dw   = -e(t_j - t_i - d_k) / u'_j(t_j)
    dt_j/dt_i = sum over k of w_ijk e'(t_j - t_i - d_k) / u'_j(t_j)

so that, with D_j = dL/dt_j / u'_j(t_j), the paper's delta but for its sign,

    dL/dw_ijk = -D_j e(t_j - t_i - d_k)
    dL/dt_i   = sum over j, k of D_j w_ijk e'(t_j - t_i - d_k)

A neuron that never reaches theta has the time infinity, and no gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

_HALVINGS = 60
"""Of a step of the search: to the last bit of float64."""


class SpikeProp:
    """Layers of `weights` `(below, layer, delays)`; `delays` `(delays,)`, in units of time.

    Spikes are looked for from 0 to `horizon`, first in steps: a potential that is above theta for
    less than `step` may be missed.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        delays: Tensor,
        tau: float,
        theta: float,
        horizon: float,
        step: float,
    ) -> None:
        self.weights, self.delays = list(weights), delays
        self.tau, self.theta = tau, theta
        self.grid = torch.arange(0, horizon + step, step, dtype=delays.dtype)

    def run(self, times: Tensor) -> list[Tensor]:
        """The spike times of all layers, `(layer,)` each, the inputs' `times` first."""
        found = [times]
        for weights in self.weights:
            found.append(self._first_crossing(weights, found[-1]))
        return found

    def potential(self, weights: Tensor, times: Tensor, at: Tensor) -> Tensor:
        """u of a layer's neurons `(..., layer)` at times `at`, of the same shape."""
        return torch.einsum("...ijk,ijk->...j", self._kernel(self._since(times, at)), weights)

    def gradients(self, times: Sequence[Tensor], errors: Tensor) -> list[Tensor]:
        """dL/dw of all layers from dL/dt of the last one, at the `times` of `run`."""
        found = []
        for weights, below, own in reversed(
            list(zip(self.weights, times[:-1], times[1:], strict=True))
        ):
            since = self._since(below, own)
            rises = weights * self._kernel_slope(since)
            spiked = own.isfinite()
            slope = torch.where(spiked, rises.sum((0, 2)), 1)
            share = torch.where(spiked, errors, 0) / slope
            found.append(-share[:, None] * self._kernel(since))
            errors = torch.einsum("j,ijk->i", share, rises)
        return found[::-1]

    def _since(self, times: Tensor, at: Tensor) -> Tensor:
        """Time since arrivals `(..., below, layer, delays)`; 0 before, and of what is silent."""
        known = torch.where(at.isfinite(), at, 0)[..., None, :, None]
        return (known - times[:, None, None] - self.delays).clamp(min=0)

    def _kernel(self, since: Tensor) -> Tensor:
        scaled = since / self.tau
        return scaled * torch.exp(1 - scaled)

    def _kernel_slope(self, since: Tensor) -> Tensor:
        scaled = since / self.tau
        return torch.where(since > 0, (1 - scaled) * torch.exp(1 - scaled) / self.tau, 0)

    def _first_crossing(self, weights: Tensor, times: Tensor) -> Tensor:
        neurons = weights.shape[1]
        rising = self.potential(weights, times, self.grid[:, None].expand(-1, neurons))
        above = rising >= self.theta
        first = above.int().argmax(0).clamp(min=1)
        low, high = self.grid[first - 1], self.grid[first]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            over = self.potential(weights, times, middle) >= self.theta
            low, high = torch.where(over, low, middle), torch.where(over, middle, high)
        return torch.where(above.any(0), high, torch.inf)
