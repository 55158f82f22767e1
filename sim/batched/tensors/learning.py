"""Learning of all copies (docs/contract.md, section 5, learn).

Only what is not 0 is touched: for each term the pairs of copy and neuron with a coefficient (with
shared weights: the neurons with one in any copy), times the rows with a factor in any copy. On a
GPU copies that share weights touch all, since the host would wait for the counts of these. For the
plain rule the coefficient is the error E, and the factor Pq.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from axonloop.models.config import AxonFactor, ChipConfig, NeuronFactor, Purpose, ThirdFactor
from axonloop.sim.batched.tensors.arithmetic import choose, chooses, require_exact
from axonloop.sim.batched.tensors.convolution import Kernels
from axonloop.sim.batched.tensors.memristor import Memristors, Sight
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
from axonloop.sim.batched.tensors.synapses import SynapseBlock, Synapses, work
from axonloop.sim.batched.tensors.traces import Traces

_BothWords = tuple[TickWords, TickWords]
"""Words of the hash: of the tick, and of tick 0."""
NARROW_PRODUCT = (1 << 31) - (1 << 21)
"""Sums of products up to here are rounded in 32 bits."""


@dataclass(frozen=True)
class _LearningNeurons:
    """The n neurons with a coefficient: number k is neuron `neuron[k]` of memory `memory[k]`.

    `values` are their coefficients: int32 `(n,)`, or `(copies, n)` where copies share the memory.
    `half`, `mask` and `shift` `(n,)` are for rounding, and so are `words`, the neurons' words of
    the hash; None if nothing is stochastic. `sight`: for a pass that sees the weights.
    """

    memory: Tensor
    neuron: Tensor
    values: Tensor
    half: Tensor
    mask: Tensor
    shift: Tensor
    words: Word | None
    sight: Sight | None


class Learning:
    """`gated`, `ungated`: error sums int32 `(copies, neurons)`. `waiting`: some may not be 0.

    `modulation`: M of each copy, int32 `(copies,)`. `idle`: nothing learns while there are no
    errors. `visits`, `updates` and `writes` count per copy and core: int64 `(copies, cores)`.
    `written` counts the writes of every weight, if it is there: int32, of the weights' shape.
    """

    def __init__(
        self, chip: ChipConfig, copies: int, shared: bool, device: torch.device, arithmetic: str
    ) -> None:
        geometry = chip.geometry
        self.geometry, self._shared, self._device = geometry, shared, device
        self._all, self._work = shared and not chooses(device), work(device)
        self._first = chip.first
        self._sums = torch.zeros((2, copies, chip.neurons), dtype=torch.int32, device=device)
        self.gated, self.ungated = self._sums.unbind(0)
        self.waiting = False
        self.written: Tensor | None = None
        self.modulation = torch.zeros(copies, dtype=torch.int32, device=device)
        self._one = torch.ones((1, 1), dtype=torch.int32, device=device).expand(copies, 1)
        self.visits, self.updates, self.writes = torch.zeros(
            (3, copies, chip.mesh.cores), dtype=torch.int64, device=device
        ).unbind(0)
        self._codes = axon_codes(geometry.axons, device)
        largest = copies * geometry.error_max * geometry.pq_max
        self._factor = choose(arithmetic, largest) if shared else torch.int32
        self._product = torch.int32 if largest < NARROW_PRODUCT else torch.int64
        self.configure(chip)

    def configure(self, chip: ChipConfig) -> None:
        """Take over terms, eta_shift, z_shift and rounding of the groups' parameter sets."""
        self._z_shift = neuron_register(chip, "z_shift", self._device)
        self._passes = passes_of(chip, self._device)
        self.idle = all(each.needs_errors for each in self._passes)
        self._memristors = Memristors(chip, self._device) if chip.geometry.memristor else None

    def add(self, values: Tensor, ungated: bool) -> bool:
        """Add `values`, whole numbers `(copies, neurons)`, to the sums; False if they do not fit.

        A sum must fit error_bits + 8 bits; a value may be twice as large.
        """
        sums, half = self.ungated if ungated else self.gated, 1 << self.geometry.error_sum_bits - 1
        after = sums + values
        bad = (values < -2 * half) | (values > 2 * half) | (after < -half) | (after >= half)
        if bad.any():
            return False
        sums.copy_(after)
        self.waiting = True
        return True

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
        self,
        synapses: Synapses | Kernels,
        neurons: Neurons,
        traces: Traces,
        seeds: Word,
        tick: int,
    ) -> None:
        """Learn once and zero the sums; `tick` is the one that the state belongs to."""
        if self.idle and not self.waiting:
            return
        errors = self.errors(neurons.box)
        due = [each for each in self._passes if self.waiting or not each.needs_errors]
        self._forget()
        if self._factor is torch.float32:
            require_exact(self._device)
        words = TickWords(seeds, tick, self._first)
        fixed = TickWords(seeds, 0, self._first)
        for each in due:
            values = each.coefficients(
                lambda kind: self._neuron_factor(kind, neurons),
                lambda kind: self._third_factor(kind, errors),
                self.geometry.error_max,
            )
            factors = _axon_factor(each.axon, traces)
            if isinstance(synapses, Kernels):
                for core, visits, updates in synapses.learn(each, values, factors, words):
                    self.visits[:, core] += visits
                    self.updates[:, core] += updates
            else:
                self._pass(each, synapses, values, factors, (words, fixed))

    def _neuron_factor(self, kind: NeuronFactor, neurons: Neurons) -> Tensor:
        """A factor of every neuron; broadcasts to `(copies, neurons)`."""
        if kind == NeuronFactor.ZQ:
            return (neurons.trace_z >> self._z_shift).clamp_(max=self.geometry.error_max)
        flags = {NeuronFactor.SPIKE: neurons.spike, NeuronFactor.BOX: neurons.box}
        return flags.get(kind, self._one)

    def _third_factor(self, kind: ThirdFactor, errors: Tensor) -> Tensor:
        """A factor from outside, 1, E or M; broadcasts to `(copies, neurons)`."""
        if kind == ThirdFactor.MODULATION:
            return self.modulation[:, None]
        return errors if kind == ThirdFactor.ERROR else self._one

    def _pass(
        self, each: Pass, synapses: Synapses, values: Tensor, factors: Tensor, words: _BothWords
    ) -> None:
        """One term, by coefficients `(copies, neurons)` and factors of axons `(copies, axons)`."""
        active = None if self._all else (factors != 0).any(0)
        for block in synapses.plastic:
            axons = block.axons if active is None else block.axons[active[block.axons]]
            if not len(axons):
                continue
            learning = self._learning(block, values, each, words)
            if len(learning.neuron):
                for some in torch.split(axons, max(1, self._work // len(learning.neuron))):
                    self._update(synapses, block.core, some, learning, factors[:, some])

    def _learning(
        self, block: SynapseBlock, values: Tensor, each: Pass, words: _BothWords
    ) -> _LearningNeurons:
        """The neurons of a block whose coefficient, of those of all neurons, is not 0."""
        start = block.core * self.geometry.neurons
        here = values[:, start + block.first : start + block.last]
        if self._shared:
            every = torch.arange(here.shape[1], device=self._device)
            neuron = every if self._all else every[(here != 0).any(0)]
            memory, found = torch.zeros_like(neuron), here[:, neuron].to(self._factor)
        else:
            memory, neuron = here.nonzero().unbind(1)
            found = here[memory, neuron]
        neuron = neuron + block.first
        register, own = start + neuron, None
        if each.noisy:
            low, high = words[0].of(block.core)
            own = neuron_words((low[memory], high[memory]), neuron, Purpose.TERM + each.number)
        rounding = each.half[register], each.mask[register], each.shift[register]
        sight = None
        if each.sees and self._memristors is not None:
            sight = self._memristors.see(each, block.core, register, (memory, neuron), words)
        return _LearningNeurons(memory, neuron, found, *rounding, own, sight)

    def _products(self, learning: _LearningNeurons, factors: Tensor) -> Tensor:
        """Products `(rows, n)` with `factors` `(copies, rows)`; sums where copies share."""
        if self._shared:
            return (factors.t().to(self._factor) @ learning.values).to(self._product)
        return factors.index_select(0, learning.memory).t() * learning.values

    def _update(
        self,
        synapses: Synapses,
        core: int,
        axons: Tensor,
        learning: _LearningNeurons,
        factors: Tensor,
    ) -> None:
        """Learn in some rows of a core: `axons` of the chip with `factors` `(copies, rows)`."""
        products = self._products(learning, factors)
        places = synapses.places(learning.memory, axons, learning.neuron)
        rows = axons - core * self.geometry.axons
        codes = self._codes[0][rows], self._codes[1][rows]
        noise = None if learning.words is None else synapse_words(learning.words, codes)
        if learning.sight is None:
            steps = products + learning.half
            if noise is not None:
                steps += noise.bitwise_and_(learning.mask)
            steps >>= learning.shift
        else:
            steps, writes = learning.sight.steps(products, places.old, noise, codes)
            writes &= places.present
            self._count(self.writes[:, core], learning, writes)
            if self.written is not None:
                self.written.put_(places.where, writes.to(torch.int32), accumulate=True)
        changed = synapses.subtract(places, steps)
        visited = places.present
        visited &= products != 0
        self._count(self.visits[:, core], learning, visited)
        self._count(self.updates[:, core], learning, changed)

    def _count(self, counts: Tensor, learning: _LearningNeurons, found: Tensor) -> None:
        if self._shared:
            counts += found.sum()
        else:
            counts.index_add_(0, learning.memory, found.sum(0))


def _axon_factor(kind: AxonFactor, traces: Traces) -> Tensor:
    """A factor of every axon: int32 `(copies, axons)`."""
    if kind == AxonFactor.PQ:
        return traces.trace_pq
    if kind == AxonFactor.QQ:
        return traces.trace_qq
    bits = traces.mark & 1 if kind == AxonFactor.ONE else traces.mark >> 1
    return bits.to(torch.int32)
