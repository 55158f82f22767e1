"""The chip as a torch module: whole numbers forward, surrogate gradients backward.

The forward pass is docs/contract.md without learning, in float64: every value is a whole number
below 2^53 (a sum of weights shifted left takes at most 35 bits, a decayed state 36, a sum through
a mask 42, in parts of 2^16), so nothing is rounded but what the contract rounds, and the result
equals the golden chip's. The backward pass goes straight through truncation, floor, saturation and
the rounding of weights. The spike S = (x >= 0), x = V - R - theta, has the derivative of a fast
sigmoid instead (Zenke & Ganguli 2018; Neftci, Mostafa & Zenke 2019):

    dS/dx = 1 / (theta (1 + steepness |x| / theta)^2)

The effect of a spike on its own neuron (reset, R, refractory time) carries no gradient, as Zenke &
Vogels (2021) advise. Traces and learning are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE, ChipConfig, CoreConfig, ResetMode, Rounding
from axonloop.models.golden import FanOut, per_neuron, visited

Tensor = torch.Tensor
FLOAT = torch.float64


@dataclass
class ChipState:
    """State of `samples` copies of a chip, float64 whole numbers.

    `current`, `membrane`, `reset`, `countdown`, `spike`: `(samples, neurons)`. `pending[k]`: the
    spikes under way that arrive k ticks after the next one, `(samples, axons)`; empty where the
    chip has no fan-out.
    """

    current: Tensor
    membrane: Tensor
    reset: Tensor
    countdown: Tensor
    spike: Tensor
    pending: list[Tensor]


class Recorded(NamedTuple):
    """What was recorded of the neurons of a chip after a tick, float64 `(samples, neurons)`."""

    current: Tensor
    membrane: Tensor
    reset: Tensor
    countdown: Tensor
    spike: Tensor


class _Registers(NamedTuple):
    """Registers of every neuron, float64 `(neurons,)`; decays and shifts as factors."""

    alpha_n: Tensor
    beta_n: Tensor
    gamma: Tensor
    rho: Tensor
    theta: Tensor
    gain: Tensor
    i_scale: Tensor
    zeroes: Tensor
    subtracts: Tensor
    refractory: Tensor
    bias: Tensor


class SurrogateChip(torch.nn.Module):
    """A chip, or a lone core, that gradients go through.

    `weights` is the float64 parameter `(cores * axons, neurons of a core)`, in steps of the chip's
    weights; the forward pass rounds it and clips it to the chip's range. `first` gives its first
    values and, where it holds the code *no synapse*, which synapses are absent: they stay so.
    Rounding is to the nearest (ties to even), or stochastic with the numbers of `random` while the
    module is in training mode.

    With `exact` False it is the float twin: the same equations without any rounding, truncation or
    saturation, and without the limit of the weights.

    Raises ValueError for weights that the chip refuses, for synapses that drop spikes and for
    thresholds that vary.
    """

    weights: torch.nn.Parameter
    synapses: Tensor
    kept: Tensor
    always_on: Tensor

    def __init__(
        self,
        config: ChipConfig | CoreConfig,
        first: NDArray[Any],
        exact: bool = True,
        rounding: Rounding = Rounding.NEAREST,
        steepness: float = 5.0,
        random: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        require(0 < steepness < np.inf, "steepness", "finite and above 0", steepness)
        self.config = ChipConfig.of(config)
        count = self.config.geometry.convolutions
        require(count == 0, "convolutions", "0 off the chip, where kernels are not shared", count)
        blank = max(each.blank for core in self.config.cores for each in core.parameter_sets)
        require(blank == 0, "blank", "0 off the chip, where no synapse drops spikes", blank)
        heat = max(each.temperature for core in self.config.cores for each in core.parameter_sets)
        require(heat == 0, "temperature", "0 off the chip, where no threshold varies", heat)
        self.exact, self.rounding, self.steepness = exact, rounding, steepness
        self._random = random
        self._take_weights(np.asarray(first))
        self._take_registers()
        self._take_fanout()

    def _take_weights(self, first: NDArray[Any]) -> None:
        config, geometry = self.config, self.config.geometry
        shape = (config.axons, geometry.neurons)
        require(first.shape == shape, "weights", f"of shape {shape}", first.shape)
        present = first != geometry.no_synapse
        limit = np.abs(np.where(present, first, 0)).max(initial=0)
        high = geometry.weight_max
        require(limit <= high, "weights", f"in +-{high}, or no synapse", int(limit))
        reached = np.concatenate([visited(core) for core in config.cores])
        require(not (present & ~reached).any(), "weights", "inside their rows' groups", "outside")
        self.weights = torch.nn.Parameter(torch.tensor(np.where(present, first, 0), dtype=FLOAT))
        self.register_buffer("synapses", torch.tensor(present))
        if geometry.mask:
            kept = [
                np.outer(256 - np.array(c.row_loss), 256 - np.array(c.column_loss))
                for c in config.cores
            ]
            self.register_buffer("kept", torch.tensor(np.concatenate(kept) / 65536, dtype=FLOAT))

    def _take_registers(self) -> None:
        def each(name: str) -> Tensor:
            values = np.concatenate([per_neuron(core, name) for core in self.config.cores])
            return torch.tensor(values, dtype=FLOAT)

        mode = each("reset_mode")
        biases = [value for core in self.config.cores for value in core.bias]
        registers = _Registers(
            each("alpha_n") / DECAY_ONE,
            each("beta_n") / DECAY_ONE,
            each("gamma") / DECAY_ONE,
            each("rho"),
            each("theta"),
            2 ** each("w_exp"),
            2 ** -each("i_shift"),
            (mode == ResetMode.ZERO).to(FLOAT),
            (mode == ResetMode.SUBTRACT).to(FLOAT),
            each("refractory"),
            torch.tensor(biases, dtype=FLOAT),
        )
        for name, values in registers._asdict().items():
            self.register_buffer(name, values)
        rows = [row.always_on for core in self.config.cores for row in core.rows]
        self.register_buffer("always_on", torch.tensor(rows, dtype=FLOAT))

    def _take_fanout(self) -> None:
        fanout = FanOut(self.config)
        self._routes: list[tuple[int, Tensor, Tensor]] = []
        for delay in np.unique(fanout.delay).tolist():
            chosen = fanout.delay == delay
            neurons, axons = (torch.tensor(a[chosen]) for a in (fanout.neuron, fanout.axon))
            self._routes.append((delay, neurons, axons))

    def clear_state(self, samples: int) -> ChipState:
        """The state after `clear`."""
        zero = self.always_on.new_zeros(samples, self.config.neurons)
        slots = self.config.geometry.delay_slots - 1 if self._routes else 0
        pending = [self.always_on.new_zeros(samples, self.config.axons) for _ in range(slots)]
        return ChipState(zero, zero, zero, zero, zero, pending)

    def forward(self, raster: Tensor, recorded: Sequence[Recorded] | None = None) -> Tensor:
        """The spikes of all neurons, `(ticks, samples, neurons)`, from a cleared chip.

        `raster`: the host's spikes, 0 or 1 or bool, `(ticks, samples, axons)`. What was `recorded`
        of a chip in each tick replaces the values, but not the derivatives, of the module's own.
        """
        state, weights = self.clear_state(raster.shape[1]), self.used_weights()
        spikes = []
        for tick, arriving in enumerate(raster.to(FLOAT).unbind()):
            seen = None if recorded is None else recorded[tick]
            state = self.step(arriving, state, weights, seen)
            spikes.append(state.spike)
        return torch.stack(spikes)

    def step(
        self, arriving: Tensor, state: ChipState, weights: Tensor, seen: Recorded | None = None
    ) -> ChipState:
        """Run a tick with the host's spikes `(samples, axons)` and what `used_weights` returned.

        What was `seen` of a chip after the tick replaces the values of the new state.
        """
        events = arriving + self.always_on
        if state.pending:
            events = events + state.pending[0]
        acc = self._integrate(_Union.apply(events), weights)  # type: ignore[no-untyped-call]
        if self.exact and self.config.geometry.mask:  # rounded once; the gradient goes straight on
            acc = acc + ((acc + 0.5).floor() - acc).detach()
        registers = _Registers(*(getattr(self, name) for name in _Registers._fields))
        limit = self.config.geometry.state_max if self.exact else None
        old = state.current, state.membrane, state.reset, state.countdown
        new = _Neurons.apply(acc, *old, registers, limit, self.steepness)  # type: ignore[no-untyped-call]
        if seen is not None:
            new = [_Replace.apply(*pair) for pair in zip(new, seen, strict=True)]  # type: ignore[no-untyped-call]
        current, membrane, reset, countdown, spike = new
        pending = self._emit(spike, state.pending)
        return ChipState(current, membrane, reset, countdown, spike, pending)

    def _integrate(self, events: Tensor, weights: Tensor) -> Tensor:
        cores, geometry = self.config.mesh.cores, self.config.geometry
        if cores == 1:
            return torch.mm(events, weights)
        shares = events.view(-1, cores, geometry.axons).transpose(0, 1)
        sums = shares @ weights.view(cores, geometry.axons, geometry.neurons)
        return sums.transpose(0, 1).flatten(1)

    def _emit(self, spike: Tensor, pending: list[Tensor]) -> list[Tensor]:
        if not self._routes:
            return []
        later = [*pending[1:], torch.zeros_like(pending[0])]
        for delay, neurons, axons in self._routes:
            sent = spike.index_select(1, neurons)
            joined = later[delay].index_add(1, axons, sent)
            later[delay] = _Union.apply(joined)  # type: ignore[no-untyped-call]
        return later

    def used_weights(self) -> Tensor:
        """The weights as the forward pass uses them: `(cores * axons, neurons of a core)`.

        On a chip with a mask, what its rows and columns leave of them: in parts of 2^16.
        """
        used = self.weights * self.synapses
        if self.exact:
            noise = None
            if self.training and self.rounding == Rounding.STOCHASTIC:
                noise = torch.rand(used.shape, generator=self._random, dtype=FLOAT)
            high = self.config.geometry.weight_max
            used = _Quantise.apply(used, high, noise)  # type: ignore[no-untyped-call]
        return used * self.kept if self.config.geometry.mask else used

    def clip_weights(self) -> None:
        """Take the parameter back into the chip's range, after a step of an optimiser."""
        high = self.config.geometry.weight_max
        with torch.no_grad():
            self.weights.clamp_(-high, high)

    def integer_weights(self) -> NDArray[np.int32]:
        """The weights for `Device.load_weights`: to the nearest, clipped, with *no synapse*."""
        geometry = self.config.geometry
        rounded = self.weights.detach().round().clamp(-geometry.weight_max, geometry.weight_max)
        codes = torch.where(self.synapses, rounded, geometry.no_synapse)
        return codes.to(torch.int32).cpu().numpy()


class _Quantise(torch.autograd.Function):
    """Rounds weights to integers in +-high; the gradient goes straight through."""

    @staticmethod
    def forward(ctx: Any, weights: Tensor, high: int, noise: Tensor | None) -> Tensor:
        rounded = weights.round() if noise is None else (weights + noise).floor()
        return rounded.clamp(-high, high)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None, None


class _Replace(torch.autograd.Function):
    """A value that was recorded in place of the module's own; the gradient goes to the latter."""

    @staticmethod
    def forward(ctx: Any, own: Tensor, recorded: Tensor) -> Tensor:
        return recorded.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None


class _Union(torch.autograd.Function):
    """A spike where there is at least one; the gradient goes straight through."""

    @staticmethod
    def forward(ctx: Any, events: Tensor) -> Tensor:
        return events.clamp(max=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class _Neurons(torch.autograd.Function):
    """Step 3 of a tick; `limit` None leaves out rounding and saturation."""

    @staticmethod
    def forward(
        ctx: Any,
        acc: Tensor,
        current: Tensor,
        membrane: Tensor,
        reset: Tensor,
        countdown: Tensor,
        c: _Registers,
        limit: int | None,
        steepness: float,
    ) -> tuple[Tensor, ...]:
        exact, bound = limit is not None, np.inf if limit is None else limit

        def decay(x: Tensor, factor: Tensor) -> Tensor:
            return (x * factor).trunc_() if exact else x * factor

        def shifted(x: Tensor) -> Tensor:
            return (x * c.i_scale).floor_() if exact else x * c.i_scale

        current = (decay(current, c.beta_n) + acc * c.gain).clamp_(-bound, bound)
        free = countdown == 0
        drive = decay(membrane, c.alpha_n) + shifted(current) + c.bias
        membrane = torch.where(free, drive.clamp_(-bound, bound), membrane)
        above = membrane - reset - c.theta
        spike = ((above >= 0) & free).to(FLOAT)
        reset = (decay(reset, c.gamma) + c.rho * spike).clamp_(-bound, bound)
        countdown = torch.where(spike > 0, c.refractory, (countdown - 1).clamp_(min=0))
        kept = 1 - spike * c.zeroes
        membrane = membrane * kept - spike * c.subtracts * c.theta
        ctx.save_for_backward(above, free, kept)
        ctx.registers, ctx.steepness = c, steepness
        ctx.mark_non_differentiable(reset, countdown)
        return current, membrane, reset, countdown, spike

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        to_current, to_membrane, _, _, to_spike = gradients
        above, free, kept = ctx.saved_tensors
        c = ctx.registers
        scale = c.theta.clamp(min=1)
        slope = (above.abs() * (ctx.steepness / scale) + 1).square_().mul_(scale).reciprocal_()
        to_v = to_membrane * kept + to_spike * slope * free
        to_drive = to_v * free
        to_i = to_current + to_drive * c.i_scale
        to_old_v = torch.where(free, to_v * c.alpha_n, to_v)
        return to_i * c.gain, to_i * c.beta_n, to_old_v, None, None, None, None, None
