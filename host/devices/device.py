"""The one interface to a chip. The training loop cannot tell the devices behind it apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices.telemetry import Telemetry
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Counter, Region, chip_counters


class DeviceError(RuntimeError):
    """The device did, or was asked to do, something that the contract does not allow."""


class Device(ABC):
    """A chip. A mistake of the caller raises ValueError and leaves the device as it was.

    Axons and neurons are numbered through the chip, core by core: axon a of the core with index
    c is c * geometry.axons + a, and so are neurons. State arrays of the chip are those of its
    cores, joined in that order; below, `axons` and `neurons` are those of the whole chip.

    Use as a context manager, or call `close`.
    """

    name: str
    config: ChipConfig

    @cached_property
    def telemetry(self) -> Telemetry:
        """The measurements of the device: its link, its time, its counters."""
        return Telemetry()

    @abstractmethod
    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """Write all registers and tables. Geometry and mesh must be those it was built with.

        Weights and state stay as they are; a synapse that lies outside its row's new groups is
        refused by the next `load_weights`.
        """

    @abstractmethod
    def load_weights(self, weights: Int32Array) -> None:
        """Write all weights: int array `(axons, neurons of a core)`.

        Of cores with convolutions: `(kernel rows of all cores, kernel columns)`.
        Raises ValueError for a wrong shape or dtype, a weight out of range, or a synapse outside
        its row's groups.
        """

    @abstractmethod
    def read_weights(self) -> Int32Array:
        """All weights, int32, of the shape that `load_weights` takes."""

    @abstractmethod
    def read(self, region: Region) -> Int32Array:
        """One state array, int32: a value per neuron or axon; PENDING: `(delay_slots, axons)`."""

    def read_many(self, regions: Sequence[Region]) -> list[Int32Array]:
        """Several state arrays; over a link they travel together."""
        return [self.read(region) for region in regions]

    @abstractmethod
    def write(self, region: Region, values: Int32Array) -> None:
        """Write one whole state array, of the shape that `read` returns."""

    @abstractmethod
    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        """Run one tick with spikes on `axons`; return the reported neurons, sorted, int32.

        With `learn`, the learning step follows at once, with the errors sent before.
        """

    @abstractmethod
    def send_tick(self, axons: Int32Array, learn: bool = False) -> None:
        """Run a tick, as `tick` does, but do not wait: `take_tick` returns what it reports.

        Over a link several ticks, and reads, can be under way. What is called in between takes
        effect in the order of the calls.
        """

    @abstractmethod
    def take_tick(self) -> Int32Array:
        """Return the neurons that the oldest answer under way reports, sorted, int32.

        Raises ValueError if that is not the answer to a `send_tick`."""

    @abstractmethod
    def send_read(self, regions: Sequence[Region]) -> None:
        """Read state arrays as they are now, but do not wait: `take_read` returns them.

        Behind a `send_tick` the state comes with the tick's answer.
        """

    @abstractmethod
    def take_read(self) -> list[Int32Array]:
        """Return the arrays of the oldest answer under way.

        Raises ValueError if that is not the answer to a `send_read`."""

    def run(self, trains: Sequence[Int32Array]) -> list[Int32Array]:
        """Run `len(trains)` ticks without learning; `trains[k]` lists the axons of tick k."""
        return [self.tick(axons) for axons in trains]

    @abstractmethod
    def send_spikes(self, axons: Int32Array, delay: int = 0) -> None:
        """Set spikes that arrive with the tick after `delay` further ones (0: the next tick)."""

    @abstractmethod
    def send_errors(self, neurons: Int32Array, values: Int32Array, ungated: bool = False) -> None:
        """Send error events: `values[k]`, in +-error_max, for `neurons[k]`; sums are exact."""

    @abstractmethod
    def modulate(self, value: int) -> None:
        """Broadcast M, the third factor of the learning rule's terms, kept until written again.

        `clear` makes it 0. ValueError out of +-error_max, or when the build has no terms.
        """

    @abstractmethod
    def learn(self) -> None:
        """Apply the errors sent; at most once per tick, else DeviceError."""

    @abstractmethod
    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters; modulation is 0 too."""

    @abstractmethod
    def snapshot(self) -> dict[str, Any]:
        """All state: weights, state arrays, pending, tick, seed, learned, modulation, counters.

        Refused with DeviceError while error events wait for `learn`.
        """

    @abstractmethod
    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what `snapshot` returned; ValueError if it is of another geometry or mesh."""

    @abstractmethod
    def counter_table(self) -> NDArray[np.int64]:
        """The counters of every core, int64 `(cores, len(Counter))`; 0 where it has none."""

    def counters(self) -> dict[Counter, int]:
        """The counters of `telemetry`: ticks and cycles of the first core, sums of all others."""
        return chip_counters(self.counter_table(), self.telemetry.counted)

    def count_writes(self) -> bool:
        """Count, from now on and from 0, how often pulses write each synapse.

        False, with nothing done, where the build sends no pulses, or the device counts no more than
        all writes together (the counter `writes`). No snapshot has these counts.
        """
        return False

    def read_writes(self) -> Int32Array:
        """How often pulses wrote each synapse since `count_writes`: int32, as `read_weights`.

        Raises ValueError where they are not counted.
        """
        raise ValueError(f"writes must be counted by synapse, which {self.name} does not do")

    @abstractmethod
    def close(self) -> None:
        """Let go of what the device holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
