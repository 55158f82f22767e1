"""Devices that are a model in this process: they have no clock and no link."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray

from axonloop.host.devices import validation
from axonloop.host.devices.device import Device, DeviceError
from axonloop.host.devices.packets import Flight
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Region


class Model(Protocol):
    """A chip as a model: what every one of them calls alike."""

    learned: bool

    def configure(self, config: ChipConfig) -> None: ...
    def load_weights(self, weights: Any) -> None: ...
    def learn(self) -> None: ...
    def count_writes(self) -> None: ...
    def clear(self) -> None: ...


M = TypeVar("M", bound=Model)


class ModelDevice(Device, Generic[M]):
    """A device that is the model `chip`, made for `config`. There are no synapses at first."""

    def __init__(self, config: ChipConfig, chip: M) -> None:
        self.config = config
        self._open_chip: M | None = chip
        self._flight = Flight()

    @property
    def _chip(self) -> M:
        if self._open_chip is None:
            raise DeviceError(validation.CLOSED)
        return self._open_chip

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """Write all registers and tables; geometry, mesh and core numbers must stay."""
        chip = validation.check_configuration(self.config, config)
        self._chip.configure(chip)
        self.config = chip

    def load_weights(self, weights: Int32Array) -> None:
        """Write all weights, int `(axons, neurons of a core)`; see `Device.load_weights`."""
        self._chip.load_weights(validation.check_weights(self.config, weights))

    def read_many(self, regions: Sequence[Region]) -> list[Int32Array]:
        """Several state arrays."""
        return [self.read(region) for region in validation.check_regions(self.config, regions)]

    def count_writes(self) -> bool:
        """Count, from now on and from 0, how often pulses write each synapse; False if none do."""
        if self.config.geometry.memristor < 2:
            return False
        self._chip.count_writes()
        return True

    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        """Run one tick with spikes on `axons`; return the reported neurons, sorted, int32."""
        return self._tick(validation.check_axons(self.config, axons), learn)

    def run(self, trains: Sequence[Int32Array]) -> list[Int32Array]:
        """Run `len(trains)` ticks without learning, or none if a train is refused."""
        checked = validation.check_trains(self.config, trains)
        return [self._tick(axons, learn=False) for axons in checked]

    def send_tick(self, axons: Int32Array, learn: bool = False) -> None:
        """Run a tick at once; `take_tick` returns what it reports."""
        reported = self.tick(axons, learn)
        self._flight.add("tick", lambda: reported)

    def take_tick(self) -> Int32Array:
        """The neurons reported by the oldest tick that was not taken."""
        reported: Int32Array = self._flight.take("tick")
        return reported

    def send_read(self, regions: Sequence[Region]) -> None:
        """Read at once; `take_read` returns the arrays."""
        found = self.read_many(regions)
        self._flight.add("read", lambda: found)

    def take_read(self) -> list[Int32Array]:
        """The arrays of the oldest read that was not taken."""
        found: list[Int32Array] = self._flight.take("read")
        return found

    def _tick(self, axons: NDArray[Any], learn: bool) -> Int32Array:
        start = perf_counter()
        reported = self._advance(axons)
        if learn:
            self._chip.learn()
        self.telemetry.chip_seconds += perf_counter() - start
        return reported

    @abstractmethod
    def _advance(self, axons: NDArray[Any]) -> Int32Array:
        """Run one tick of the model with spikes on checked `axons`; return the reported neurons."""

    def learn(self) -> None:
        """Apply the errors sent; DeviceError if it was done since the last tick."""
        validation.require_learnable(self._chip.learned)
        start = perf_counter()
        self._chip.learn()
        self.telemetry.chip_seconds += perf_counter() - start

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._chip.clear()

    def close(self) -> None:
        """Let go of the chip; whatever needs it is a DeviceError from now on."""
        self._open_chip = None
        self._flight.clear()
