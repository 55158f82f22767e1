"""The neuron sweep of all copies and cores at once (docs/contract.md, section 5, step 3)."""

from __future__ import annotations

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig, Purpose, ResetMode
from axonloop.models.protocol import Region
from axonloop.sim.batched.arrays import NARROW_STATE, new_state
from axonloop.sim.batched.tables import LOGISTIC
from axonloop.sim.batched.tensors.convolution import Pools
from axonloop.sim.batched.tensors.noise import TickWords, Word, neuron_words, synapse_words
from axonloop.sim.batched.tensors.parameters import Constants, neuron_register


def decay(x: Tensor, factor: Tensor, number: Constants) -> Tensor:
    """x times `factor` / 4096, toward zero; int32, |x| * 4096 below 2^31."""
    product = x * factor
    low = product >> number.sign
    low &= number.fraction
    product += low
    product >>= number.twelve
    return product


def decay_wide(x: Tensor, factor: Tensor, number: Constants) -> Tensor:
    """`decay` for words of up to 24 bits: high and low part apart, so int32 is enough."""
    size = x.abs()
    product = (size & number.fraction) * factor
    product >>= number.twelve
    size >>= number.twelve
    product += size * factor
    product *= x.sign()
    return product


class ThresholdNoise:
    """Noise at the thresholds of builds with it, by the neurons' temperatures."""

    def __init__(self, chip: ChipConfig, device: torch.device) -> None:
        self._first, self._cores = chip.first, chip.mesh.cores
        self._temperature = neuron_register(chip, "temperature", device)
        self._neuron = torch.arange(chip.geometry.neurons, device=device)
        self._logistic = torch.tensor(LOGISTIC, dtype=torch.int32, device=device)
        zero = torch.zeros(1, dtype=torch.int32, device=device)
        self._code = zero, zero

    def draw(self, seeds: Word, tick: int) -> Tensor:
        """N of every neuron in tick `tick`: int32 `(seeds, neurons)`, by weight memory."""
        words, drawn = TickWords(seeds, tick, self._first), []
        for core in range(self._cores):
            low, high = words.of(core)
            spread = low[:, None], high[:, None]
            own = neuron_words(spread, self._neuron, Purpose.THRESHOLD)
            drawn.append(synapse_words(own, self._code) & 0xFF)
        return self._temperature * self._logistic[torch.cat(drawn, 1)] >> 5


class Neurons:
    """State `(copies, neurons)`: `current`, `membrane`, `reset`, `countdown` int32, flags bool.

    The flags are `box` and `spike`; builds with terms have the neuron trace `trace_z`, int32.
    `spikes` and `clips` count, per neuron, the spikes and the clipped state words since they were
    last zeroed: uint8, at most 4 more in a tick. All tensors are contiguous.
    """

    def __init__(self, chip: ChipConfig, copies: int, device: torch.device) -> None:
        self._device, self._number = device, Constants(device)
        shape = (copies, chip.neurons)
        self._state = torch.zeros((3, *shape), dtype=torch.int32, device=device)
        self.current, self.membrane, self.reset = self._state.unbind(0)
        self.countdown = new_state(Region.COUNTDOWN, chip, copies, device)
        self.trace_z = new_state(Region.TRACE_Z, chip, copies, device)
        self.box = new_state(Region.BOX, chip, copies, device)
        self.spike = new_state(Region.SPIKE, chip, copies, device)
        self.spikes = torch.zeros(shape, dtype=torch.uint8, device=device)
        self.clips = torch.zeros(shape, dtype=torch.uint8, device=device)
        self._flags = torch.zeros(shape, dtype=torch.bool, device=device)
        self._noisy = bool(chip.geometry.threshold_noise)
        self._spike_bytes, self._flag_bytes = (
            self.spike.view(torch.uint8),
            self._flags.view(torch.uint8),
        )
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over the groups' parameter sets, the bias and the pools."""
        self._pools = Pools(chip, self._device)
        geometry = chip.geometry
        self._limit = geometry.state_max
        self._decay = decay if geometry.state_bits <= NARROW_STATE else decay_wide

        def register(name: str) -> Tensor:
            return neuron_register(chip, name, self._device)

        self._factors = torch.stack([register(k) for k in ("beta_n", "alpha_n", "gamma")])[:, None]
        self._rho, self._theta, self._box_width = (register(k) for k in ("rho", "theta", "box"))
        self._gain = 1 << register("w_exp")
        self._most = self._accumulator_bound(chip)
        self._i_shift, self._refractory = register("i_shift"), register("refractory")
        mode = register("reset_mode")
        self._forget = -(mode == ResetMode.ZERO).to(torch.int32)
        self._subtract = self._theta * (mode == ResetMode.SUBTRACT)
        self._zeta, self._z_inc = register("zeta"), register("z_inc")
        self._terms, self._trace_limit = geometry.terms > 0, geometry.trace_max
        bias = [value for core in chip.cores for value in core.bias]
        self._bias = torch.tensor(bias, dtype=torch.int32, device=self._device)

    def _accumulator_bound(self, chip: ChipConfig) -> Tensor | None:
        """Bounds of ACC beyond which I is clipped anyway; None if ACC << w_exp fits 32 bits."""
        geometry = chip.geometry
        largest = geometry.axons << (geometry.weight_bits - 1)
        if (largest << 7) + (1 << geometry.state_bits) < 1 << 31:
            return None
        return (1 << geometry.state_bits) // self._gain

    def step(self, acc: Tensor, noise: Tensor | None = None) -> None:
        """Run one tick with the sums `acc`, int32 `(copies, neurons)`, which is overwritten.

        `noise`: N, for builds with noise at the threshold; broadcasts to that shape. Masks are
        words of all ones or zeros: faster than flags where words are to be chosen.
        """
        number = self._number
        current, membrane, reset = self._decay(self._state, self._factors, number).unbind(0)
        if self._most is not None:
            torch.clamp(acc, -self._most, self._most, out=acc)
        current += acc.mul_(self._gain)
        self._saturate(current, self.current)
        membrane += self.current >> self._i_shift
        membrane += self._bias
        self.countdown -= number.one
        free = self.countdown >> number.sign
        self.countdown -= free
        self._take_membrane(membrane, free)
        above = self.membrane - self.reset
        above -= self._theta
        fires = above.bitwise_not() if noise is None else (above + noise).bitwise_not_()
        fires >>= number.sign
        fires &= free
        torch.ne(fires, number.zero, out=self.spike)
        largest = self._pools.largest(above) if self._pools.any else None
        torch.lt(above.abs_(), self._box_width, out=self.box)
        if largest is not None:
            self.box &= largest
        clipped = self._flags.clone() if self._noisy else None
        reset += self._rho & fires
        self._saturate(reset, self.reset)
        self._after_spike(fires, clipped)
        self.spikes += self._spike_bytes
        if self._terms:
            self._step_trace()

    def _saturate(self, raised: Tensor, state: Tensor) -> None:
        torch.clamp(raised, -self._limit, self._limit, out=state)
        torch.ne(raised, state, out=self._flags)
        self.clips += self._flag_bytes

    def _take_membrane(self, raised: Tensor, free: Tensor) -> None:
        """V1: the clipped sum where the neuron is free, else as it was."""
        clipped = raised.clamp(-self._limit, self._limit)
        raised -= clipped
        raised &= free
        torch.ne(raised, self._number.zero, out=self._flags)
        self.clips += self._flag_bytes
        clipped -= self.membrane
        clipped &= free
        self.membrane += clipped

    def _after_spike(self, fires: Tensor, clipped: Tensor | None) -> None:
        """V and countdown where a neuron fires: V less itself, less theta, or as it is.

        V less theta is in range even where the host wrote a negative R: U >= theta, so it is at
        least R. Nothing can wrap. With noise at the threshold it may leave the range; `clipped` is
        where V is already counted.
        """
        less = self.membrane & self._forget
        less += self._subtract
        less &= fires
        self.membrane -= less
        if clipped is not None:
            low = (self.membrane < -self._limit) & self.spike
            self.clips += (low & ~clipped).view(torch.uint8)
            self.membrane.masked_fill_(low, -self._limit)
        fires &= self._refractory
        self.countdown += fires

    def _step_trace(self) -> None:
        """The neuron trace Z, from the spikes of this tick."""
        raised = self.trace_z * self._zeta
        raised >>= self._number.twelve
        raised += self._z_inc * self.spike
        torch.clamp(raised, max=self._trace_limit, out=self.trace_z)
        torch.ne(raised, self.trace_z, out=self._flags)
        self.clips += self._flag_bytes
