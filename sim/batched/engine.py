"""The interface of the engines that compute a batched chip."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region


class Engine(ABC):
    """State, ticks and learning of all copies of a chip, in step.

    An engine trusts its caller: `BatchedChip` has checked what it hands over, keeps the tick
    register and says when learning is due. Every tensor is on the engine's device. "Memories" are
    weight memories: one that all copies share, or one for each copy.

    Members
    -------
    state : by region, `(copies, n)`, PENDING `(copies, delay_slots, axons)`: views of the state;
        whoever writes into them calls `changed`
    weights : int8 or int16 `(memories, axons, neurons of a core)`, to be read only
    modulation : M of every copy, int32 `(copies,)`
    writes : int32, of the shape of `weights`: how often pulses have written each; None until
        `count_writes`
    """

    state: Mapping[Region, Tensor]
    weights: Tensor
    modulation: Tensor
    writes: Tensor | None = None

    @abstractmethod
    def configure(self, chip: ChipConfig, seeds: Sequence[int]) -> None:
        """Take over all registers and tables, and the seeds; the state stays."""

    @abstractmethod
    def reseed(self, seeds: Sequence[int]) -> None:
        """Take over the seeds of the rounding hash, one per memory."""

    @abstractmethod
    def load(self, weights: Tensor) -> None:
        """Replace all weights: `(memories, axons, neurons of a core)`, synapses anywhere."""

    @abstractmethod
    def run(self, tick: int, raster: Tensor, learn: bool) -> Tensor:
        """Run the ticks `tick`, `tick` + 1, ..., each with its part of `raster`.

        `raster` is bool `(ticks, copies, axons)`. With `learn`, learning follows every tick.
        Returns the spikes of the neurons that report, bool `(ticks, copies, neurons)`.
        """

    @abstractmethod
    def send_spikes(self, tick: int, counts: Tensor) -> None:
        """`counts` spikes, int `(copies, axons)`, that arrive with tick `tick`."""

    @abstractmethod
    def send_errors(self, values: Tensor, ungated: bool, events: Tensor | None) -> bool:
        """Add error events to the sums of the neurons: whole numbers `(copies, neurons)`.

        `events` is how many events each value is the sum of; None: one where it is not 0. Returns
        False, with nothing done, if a sum would leave the range of its register, or a value is
        more than twice as large as that.
        """

    @abstractmethod
    def learn(self, tick: int) -> None:
        """Learn from the state after tick `tick` and the error sums, and zero these."""

    @abstractmethod
    def changed(self) -> None:
        """Take notice that `state` was written from outside."""

    @abstractmethod
    def counters(self) -> Tensor:
        """The counters themselves, up to date: int64 `(copies, cores, counters)`."""

    def count_writes(self) -> None:
        """Count the writes of every synapse from now on, from 0."""
        self.writes = torch.zeros(self.weights.shape, dtype=torch.int32, device=self.weights.device)

    def clear(self) -> None:
        """Zero the state and the modulation; weights and counters stay."""
        for values in (*self.state.values(), self.modulation):
            values.zero_()
        self.changed()
