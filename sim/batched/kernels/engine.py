"""Batched chips in compiled code."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from torch import Tensor

from axonloop.models.config import AxonFactor, ChipConfig
from axonloop.models.protocol import COUNTER_BITS, Counter, Region, readable
from axonloop.sim.batched.arrays import new_state, new_weights
from axonloop.sim.batched.engine import Engine
from axonloop.sim.batched.kernels import build
from axonloop.sim.batched.kernels.structures import Chip, State
from axonloop.sim.batched.kernels.tables import numbers, tables

MAX_COPIES = 60_000
"""Copies whose products c x a can be summed in 32 bits."""
_CPU = torch.device("cpu")


class CompiledEngine(Engine):
    """An engine on a CPU. Raises MissingToolError or BuildError without a library.

    Copies that share their weights learn by the sum of their products c x a, rounded once, with
    the only seed; a synapse is visited if that sum is not 0, and all copies count it.
    """

    def __init__(self, chip: ChipConfig, copies: int, shared: bool, seeds: Sequence[int]) -> None:
        self._library, self._copies = build.load(), copies
        memories = 1 if shared else copies
        arrays = {r: new_state(r, chip, copies, _CPU) for r in readable(chip.geometry)}
        self._pending = arrays[Region.PENDING]
        self.state = arrays | {Region.PENDING: self._pending.transpose(0, 1)}
        self.weights = new_weights(chip, memories, _CPU)
        self.modulation = torch.zeros(copies, dtype=torch.int32)
        self._counters = torch.zeros((copies, chip.mesh.cores, len(Counter)), dtype=torch.int64)
        rows = (memories, chip.weight_rows)
        self._seeds = torch.zeros(memories, dtype=torch.uint32)
        self._waiting = False
        self._tensors = {region.key: values for region, values in arrays.items()} | {
            "weights": self.weights,
            "modulation": self.modulation,
            "counters": self._counters,
            "visits_absent": torch.zeros(rows, dtype=torch.uint8),
            "spans_absent": torch.zeros(rows, dtype=torch.uint8),
            "span": torch.zeros((*rows, 2), dtype=torch.int32),
            "seeds": self._seeds,
        }
        pointers = {name: values.data_ptr() for name, values in self._tensors.items()}
        self._state = State(copies=copies, shared=shared, **pointers)
        self.configure(chip, seeds)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Take over the seeds of the rounding hash, one per memory."""
        self._seeds.copy_(torch.tensor(list(seeds), dtype=torch.uint32))

    def configure(self, chip: ChipConfig, seeds: Sequence[int]) -> None:
        """Take over all registers and tables, and the seeds; the state stays."""
        self._config, self._tables = chip, tables(chip)
        pointers = {name: values.ctypes.data for name, values in self._tables.items()}
        self._chip = Chip(**numbers(chip, self._tables), **pointers)
        self._both = ctypes.addressof(self._chip), ctypes.addressof(self._state)
        self._error_driven = _error_driven(chip)
        self.reseed(seeds)
        self._library.axonloop_row_spans(*self._both)

    def count_writes(self) -> None:
        """Count the writes of every synapse from now on, from 0."""
        super().count_writes()
        assert self.writes is not None
        self._state.writes = self.writes.data_ptr()

    def load(self, weights: Tensor) -> None:
        """Replace all weights: `(memories, axons, neurons of a core)`."""
        self.weights.copy_(weights)
        self._library.axonloop_row_spans(*self._both)

    def run(self, tick: int, raster: Tensor, learn: bool) -> Tensor:
        """Run a tick for each part of `raster`: all of them in one call.

        Copies that do not learn together run in as many threads as torch has, of at least some ten
        milliseconds each.
        """
        given, ticks = raster.contiguous(), len(raster)
        reported = torch.empty((ticks, self._copies, self._config.neurons), dtype=torch.bool)
        addresses, threads = (given.data_ptr(), reported.data_ptr()), torch.get_num_threads()
        self._library.axonloop_run(*self._both, tick, ticks, learn, threads, *addresses)
        self._waiting &= not (learn and ticks)
        return reported

    def send_spikes(self, tick: int, counts: Tensor) -> None:
        """`counts` spikes, int `(copies, axons)`, that arrive with tick `tick`."""
        slot, hit = self._pending[tick % len(self._pending)], counts > 0
        met = counts - (hit & ~slot).to(counts.dtype)
        slot |= hit
        cores = self._config.mesh.cores
        by_core = met.view(self._copies, cores, -1).sum(2, dtype=torch.int64)
        self._counters[:, :, Counter.COLLISIONS] += by_core

    def send_errors(self, values: Tensor, ungated: bool, events: Tensor | None) -> bool:
        """Add error events to the sums of the neurons; False if they do not fit."""
        whole = values.to(torch.int32).contiguous()
        if values.dtype is not torch.int32 and not bool((whole == values).all()):
            return False
        counts = None if events is None else events.to(torch.int32).contiguous()
        bits = self._config.geometry.error_sum_bits
        addresses = whole.data_ptr(), None if counts is None else counts.data_ptr()
        sent = bool(self._library.axonloop_send_errors(*self._both, *addresses, ungated, bits))
        self._waiting |= sent
        return sent

    def learn(self, tick: int) -> None:
        """Learn from the state after tick `tick` and the error sums, and zero these."""
        if self._waiting or not self._error_driven:
            self._library.axonloop_learn(*self._both, tick)
        self._waiting = False

    def changed(self) -> None:
        """Take notice that `state` was written: there may be error sums."""
        self._waiting = True

    def counters(self) -> Tensor:
        """The counters themselves: int64 `(copies, cores, counters)`."""
        self._counters &= (1 << COUNTER_BITS) - 1
        return self._counters


def _error_driven(chip: ChipConfig) -> bool:
    """Say whether nothing learns while all error sums are 0."""
    sets = {
        core.parameter_sets[group.parameter_set] for core in chip.cores for group in core.groups
    }
    on = [term for each in sets for term in each.rule if term.axon is not AxonFactor.OFF]
    return all(term.error_driven for term in on)
