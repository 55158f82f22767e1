"""Learning of all copies (docs/contract.md, section 5, learn).

Only what is not 0 is touched: for each term the pairs of copy and neuron with a coefficient (with
shared weights: the neurons with one in any copy), times the rows with a factor in any copy. For
the plain rule the coefficient is the error E, and the factor Pq.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from axonloop.models.config import AxonFactor, ChipConfig, NeuronFactor, ThirdFactor
from axonloop.sim.batched.tensors.arithmetic import choose, require_exact
from axonloop.sim.batched.tensors.neurons import Neurons
from axonloop.sim.batched.tensors.noise import (
    TickWords,
    Word,
    axon_codes,
    neuron_words,
    synapse_words,
)
from axonloop.sim.batched.tensors.parameters import neuron_register
from axonloop.sim.batched.tensors.passes import Pass, passes_of
from axonloop.sim.batched.tensors.synapses import WORK, SynapseBlock, Synapses
from axonloop.sim.batched.tensors.traces import Traces

NARROW_PRODUCT = (1 << 31) - (1 << 21)
"""Sums of products up to here are rounded in 32 bits."""


@dataclass(frozen=True)
class _Lines:
    """The columns that learn: line k is neuron `neuron[k]` of weight memory `memory[k]`.

    `values` are their coefficients: int32 `(lines,)`, or `(copies, lines)` where copies share
    the memory. `half`, `mask` and `shift` `(lines,)` are for rounding, and so are `words`, what
    all axons of a line share of the hash; None if nothing is stochastic.
    """

    memory: Tensor
    neuron: Tensor
    values: Tensor
    half: Tensor
    mask: Tensor
    shift: Tensor
    words: Word | None


class Learning:
    """`gated`, `ungated`: error sums int32 `(copies, neurons)`. `waiting`: some may not be 0.

    `modulation`: M of each copy, int32 `(copies,)`. `idle`: nothing learns while there are no
    errors. `visits` and `updates` count per copy and core: int64 `(copies, cores)`.
    """

    def __init__(
        self, chip: ChipConfig, copies: int, shared: bool, device: torch.device, arithmetic: str
    ) -> None:
        geometry = chip.geometry
        self.geometry, self._shared, self._device = geometry, shared, device
        self._first = chip.first
        self._sums = torch.zeros((2, copies, chip.neurons), dtype=torch.int32, device=device)
        self.gated, self.ungated = self._sums.unbind(0)
        self.waiting = False
        self.modulation = torch.zeros(copies, dtype=torch.int32, device=device)
        self._one = torch.ones((1, 1), dtype=torch.int32, device=device).expand(copies, 1)
        self.visits, self.updates = torch.zeros(
            (2, copies, chip.mesh.cores), dtype=torch.int64, device=device
        ).unbind(0)
        self._codes = axon_codes(geometry.axons, device)
        largest = copies * geometry.error_max * geometry.pq_max
        self._factor = choose(arithmetic, largest, device) if shared else torch.int32
        self._product = torch.int32 if largest < NARROW_PRODUCT else torch.int64
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over terms, eta_shift, z_shift and rounding of the groups' parameter sets."""
        self._z_shift = neuron_register(chip, "z_shift", self._device)
        self._passes = passes_of(chip, self._device)
        self.idle = all(each.needs_errors for each in self._passes)

    def clear(self) -> None:
        """Forget all errors, and the modulation."""
        self.modulation.zero_()
        self._forget()

    def _forget(self) -> None:
        if self.waiting:
            self._sums.zero_()
        self.waiting = False

    def errors(self, box: Tensor) -> Tensor:
        """E of every neuron from the sums and the boxcar: int32 `(copies, neurons)`."""
        limit = self.geometry.error_max
        gated, ungated = self._sums.clamp(-limit, limit).unbind(0)
        gated *= box
        gated += ungated
        return gated.clamp_(-limit, limit)

    def apply(
        self, synapses: Synapses, neurons: Neurons, traces: Traces, seeds: Sequence[int], tick: int
    ) -> None:
        """Learn once and zero the sums; `tick` is the one that the state belongs to."""
        if self.idle and not self.waiting:
            return
        errors = self.errors(neurons.box)
        due = [each for each in self._passes if self.waiting or not each.needs_errors]
        self._forget()
        if self._factor is torch.float32:
            require_exact(self._device)
        words = TickWords(seeds, tick, self._first, self._device)
        for each in due:
            values = each.coefficients(
                lambda kind: self._neuron_factor(kind, neurons),
                lambda kind: self._third_factor(kind, errors),
                self.geometry.error_max,
            )
            factors = _axon_factor(each.axon, traces)
            self._pass(each, synapses, values, factors, words)

    def _neuron_factor(self, kind: NeuronFactor, neurons: Neurons) -> Tensor:
        """What a term takes of every neuron; broadcasts to `(copies, neurons)`."""
        if kind == NeuronFactor.Z:
            return (neurons.z >> self._z_shift).clamp_(max=self.geometry.error_max)
        flags = {NeuronFactor.SPIKE: neurons.spike, NeuronFactor.BOX: neurons.box}
        return flags.get(kind, self._one)

    def _third_factor(self, kind: ThirdFactor, errors: Tensor) -> Tensor:
        """What a term takes from outside; broadcasts to `(copies, neurons)`."""
        if kind == ThirdFactor.MODULATION:
            return self.modulation[:, None]
        return errors if kind == ThirdFactor.ERROR else self._one

    def _pass(
        self, each: Pass, synapses: Synapses, values: Tensor, factors: Tensor, words: TickWords
    ) -> None:
        """One term, by coefficients `(copies, neurons)` and factors of axons `(copies, axons)`."""
        active = (factors != 0).any(0)
        for region in synapses.regions:
            axons = region.axons[active[region.axons]]
            if not len(axons):
                continue
            lines = self._lines(region, values, each, words)
            if len(lines.neuron):
                for some in torch.split(axons, max(1, WORK // len(lines.neuron))):
                    self._update(synapses, region.core, some, lines, factors[:, some])

    def _lines(self, region: SynapseBlock, values: Tensor, each: Pass, words: TickWords) -> _Lines:
        """The columns of a region with a coefficient, of those of all neurons."""
        start = region.core * self.geometry.neurons
        here = values[:, start + region.first : start + region.last]
        if self._shared:
            neuron = (here != 0).any(0).nonzero()[:, 0]
            memory, found = torch.zeros_like(neuron), here[:, neuron].to(self._factor)
        else:
            memory, neuron = here.nonzero().unbind(1)
            found = here[memory, neuron]
        neuron = neuron + region.first
        register, own = start + neuron, None
        if each.noisy:
            low, high = words.of(region.core)
            own = neuron_words((low[memory], high[memory]), neuron, each.number)
        rounding = each.half[register], each.mask[register], each.shift[register]
        return _Lines(memory, neuron, found, *rounding, own)

    def _products(self, lines: _Lines, factors: Tensor) -> Tensor:
        """Products `(rows, lines)` with `factors` `(copies, rows)`; sums where copies share."""
        if self._shared:
            return (factors.t().to(self._factor) @ lines.values).to(self._product)
        return factors.index_select(0, lines.memory).t() * lines.values

    def _update(
        self, synapses: Synapses, core: int, axons: Tensor, lines: _Lines, factors: Tensor
    ) -> None:
        """Learn in some rows of a core: `axons` of the chip with `factors` `(copies, rows)`."""
        products = self._products(lines, factors)
        steps = products + lines.half
        if lines.words is not None:
            rows = axons - core * self.geometry.axons
            codes = self._codes[0][rows], self._codes[1][rows]
            steps += synapse_words(lines.words, codes).bitwise_and_(lines.mask)
        steps >>= lines.shift
        visited, changed = synapses.subtract(lines.memory, axons, lines.neuron, steps)
        visited &= products != 0
        self._count(self.visits[:, core], lines, visited)
        self._count(self.updates[:, core], lines, changed)

    def _count(self, counts: Tensor, lines: _Lines, found: Tensor) -> None:
        if self._shared:
            counts += found.sum()
        else:
            counts.index_add_(0, lines.memory, found.sum(0))


def _axon_factor(kind: AxonFactor, traces: Traces) -> Tensor:
    """What a term takes of every axon: int32 `(copies, axons)`."""
    if kind == AxonFactor.P:
        return traces.pq
    if kind == AxonFactor.Q:
        return traces.qq
    bits = traces.mark & 1 if kind == AxonFactor.ONE else traces.mark >> 1
    return bits.to(torch.int32)
