"""A converted network: on devices, in float, and how often it is right after how many ticks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.conversion.balancing import BalancedStage
from axonloop.host.conversion.stages import Floats, Stage
from axonloop.host.conversion.value_code import ValueCode
from axonloop.host.devices import SpikeChain, open_device
from axonloop.host.network import Network, Program
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.protocol import Counter, Region
from axonloop.sim.batched import BatchedChip

VALUES, PULSES, OUTPUT = "values", "pulses", "output"
_COPIES = 128
"""Samples that the batched emulator runs at a time."""
Raw = tuple[NDArray[np.bool_], NDArray[np.int64], int]
"""Spikes `(ticks, samples, neurons)`, membranes `(reads, samples, neurons)`, saturations."""


@dataclass(frozen=True, eq=False)
class SpikingRun:
    """What a chip made of samples.

    `logits` `(len(ticks), samples, outputs)`: of the last population's membranes, read after each
    of `ticks`, in the units of the module; before its first spikes come they mean nothing.
    `spikes[layer]` int `(samples, neurons)`: how often a neuron spiked in all. `spike_hash` is as
    in docs/contract.md, over all samples; `saturations`: state words that were clipped.
    """

    ticks: tuple[int, ...]
    logits: Floats
    spikes: dict[str, NDArray[np.int64]]
    spike_hash: str
    saturations: int

    def accuracy(self, labels: ArrayLike) -> dict[int, float]:
        """The share, in 0..1, of samples whose largest logit is that of their label, by ticks."""
        wanted, found = np.asarray(labels), self.logits.argmax(axis=2)
        require(wanted.shape == found.shape[1:], "labels", "one per sample", wanted.shape)
        right = (found == wanted).mean(axis=1)
        return dict(zip(self.ticks, right.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class ConvertedNetwork:
    """A ReLU network as integrate-and-fire neurons.

    In tick 0 the host sends each value once, as the bits of `code`; the first population keeps the
    current. Stage k runs k ticks behind. The last population never spikes: its membranes are the
    logits. `longest`: ticks for which membranes have room. `notes` say what was rounded and
    clipped.
    """

    stages: tuple[Stage, ...]
    balanced: tuple[BalancedStage, ...]
    code: ValueCode
    shape: tuple[int, ...]
    network: Network
    program: Program
    pulse_ticks: NDArray[np.int64]
    longest: int
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Its sizes, from inputs to outputs: arrays would fill pages."""
        sizes = [len(self.stages[0].weights), *(len(stage.biases) for stage in self.stages)]
        told = "-".join(map(str, sizes))
        return f"ConvertedNetwork of {told} for at most {self.longest} ticks: {self.program!r}"

    @property
    def latency(self) -> int:
        """Ticks before the last population gets its first spikes."""
        return len(self.stages) - 1

    def float_logits(self, inputs: ArrayLike) -> Floats:
        """The module's own outputs in float64, `(samples, outputs)`."""
        x = self._flat(inputs)
        for stage in self.stages:
            x = stage.apply(x)
        return x

    def run(
        self,
        inputs: ArrayLike,
        ticks: int | Sequence[int] = 64,
        device: str = "batched",
    ) -> SpikingRun:
        """Show samples `(samples, *shape)` for `ticks` ticks, each from a cleared chip.

        With several `ticks` the logits are read after each of them. `device`: any; "batched"
        and "batched:cuda" take many samples at once. ValueError for more than `longest` ticks.
        """
        one = isinstance(ticks, int | np.integer)
        given: list[int] = [ticks] if one else list(ticks)  # type: ignore[list-item, arg-type]
        reads = sorted({require_range("ticks", tick, 1, self.longest) for tick in given})
        require(bool(reads), "ticks", "one number or more", ticks)
        values = self._flat(inputs)
        if device.partition(":")[0] == "batched":
            spikes, membranes, clipped = _batched(self, values, reads, device)
        else:
            spikes, membranes, clipped = _one_by_one(self, values, reads, device)
        chain = SpikeChain()
        for sample in range(spikes.shape[1]):
            chain.add(spikes[:, sample])
        counts = spikes.sum(axis=0)
        heard = {p.name: counts[:, self.program.neurons[p.name]] for p in self._hidden}
        logits = membranes[:, :, self.program.neurons[OUTPUT]] / self.balanced[-1].units
        heard_ticks = np.maximum(np.array(reads) - self.latency, 1)
        logits = logits / heard_ticks[:, None, None]
        if self.stages[-1].rectified:
            logits = np.maximum(logits, 0)
        return SpikingRun(tuple(reads), logits, heard, chain.hexdigest(), clipped)

    def accuracy(
        self, inputs: ArrayLike, labels: ArrayLike, ticks: int = 64, device: str = "batched"
    ) -> dict[int, float]:
        """Accuracy, in 0..1, after 1, 2, 4, ... and `ticks` ticks."""
        powers = [1 << k for k in range(ticks.bit_length()) if 1 << k < ticks]
        return self.run(inputs, [*powers, ticks], device).accuracy(labels)

    @property
    def _hidden(self) -> Iterator[Any]:
        return (population for population in self.network.populations if population.report)

    def _flat(self, inputs: ArrayLike) -> Floats:
        return flat_samples("inputs", inputs, self.shape)

    def trains(self, values: Floats, ticks: int) -> list[Int32Array]:
        """The axons that spike in each tick for one sample, `(inputs,)` flat."""
        channels = np.flatnonzero(self.code.spikes(values[None])[0])
        none = np.zeros(0, np.int32)
        found = [none] * ticks
        for tick in range(ticks if len(self.pulse_ticks) else 0):
            pulses = np.flatnonzero(self.pulse_ticks == tick)
            found[tick] = self.program.axons_of(PULSES, pulses)
        found[0] = np.concatenate([self.program.axons_of(VALUES, channels), found[0]])
        return found


def flat_samples(thing: str, given: Any, shape: tuple[int, ...]) -> Floats:
    """Samples `(samples, *shape)`, or flat ones, as float64 `(samples, values)`, all finite."""
    array = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given, np.float64)
    size = int(np.prod(shape))
    good = array.ndim >= 2 and len(array) > 0 and array.shape[1:] in (shape, (size,))
    require(good, thing, f"of shape (samples, {', '.join(map(str, shape))})", array.shape)
    require(bool(np.isfinite(array).all()), thing, "finite numbers", "NaN or infinite")
    return array.reshape(len(array), size)


def _batched(net: ConvertedNetwork, values: Floats, reads: list[int], device: str) -> Raw:
    """All samples on copies of the batched emulator, some at a time."""
    found = []
    for first in range(0, len(values), _COPIES):
        some = values[first : first + _COPIES]
        raster = np.zeros((reads[-1], len(some), net.program.config.axons), np.bool_)
        for sample, each in enumerate(some):
            for tick, axons in enumerate(net.trains(each, reads[-1])):
                raster[tick, sample, axons] = True
        place = device.partition(":")[2] or "cpu"
        chip = BatchedChip(net.program.config, len(some), shared=True, device=place)
        chip.load_weights(net.program.weights)
        spikes, membranes = [], []
        for begin, end in zip([0, *reads[:-1]], reads, strict=True):
            spikes.append(chip.run(raster[begin:end]).cpu().numpy())
            membranes.append(chip.read(Region.MEMBRANE).cpu().numpy().astype(np.int64))
        clipped = int(chip.counters()[:, Counter.SATURATIONS].sum())
        found.append((np.concatenate(spikes), np.stack(membranes), clipped))
    every, states, clips = zip(*found, strict=True)
    return np.concatenate(every, axis=1), np.concatenate(states, axis=1), sum(clips)


def _one_by_one(net: ConvertedNetwork, values: Floats, reads: list[int], device: str) -> Raw:
    """One sample after the other on any device."""
    config = net.program.config
    spikes = np.zeros((reads[-1], len(values), config.neurons), np.bool_)
    membranes = np.zeros((len(reads), len(values), config.neurons), np.int64)
    with open_device(device, config) as chip:
        chip.load_weights(net.program.weights)
        for sample, each in enumerate(values):
            chip.clear()
            for tick, axons in enumerate(net.trains(each, reads[-1])):
                spikes[tick, sample, chip.tick(axons)] = True
                if tick + 1 in reads:
                    membranes[reads.index(tick + 1), sample] = chip.read(Region.MEMBRANE)
        clipped = int(chip.counters()[Counter.SATURATIONS])
    return spikes, membranes, clipped
