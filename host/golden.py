"""The golden model as a device."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np

from axonloop.host import validation
from axonloop.host.device import Array, Device, DeviceError
from axonloop.models.chip import ChipConfig
from axonloop.models.config import CoreConfig
from axonloop.models.golden.chip import Chip
from axonloop.models.registers import Counter, Region


class GoldenDevice(Device):
    """A device that is the golden core itself: one core, no clock, no compiler.

    Raises ValueError if a fan-out entry names another core. Until weights are loaded there are
    no synapses.
    """

    name = "golden"

    def __init__(self, config: CoreConfig) -> None:
        self._open_core: Chip | None = Chip(ChipConfig.of(config))
        self.config = config

    @property
    def _core(self) -> Chip:
        if self._open_core is None:
            raise DeviceError(validation.CLOSED)
        return self._open_core

    def configure(self, config: CoreConfig) -> None:
        """Write all registers and tables; geometry and core number must stay."""
        validation.check_configuration(self.config, config)
        self._core.configure(ChipConfig.of(config))
        self.config = config

    def load_weights(self, weights: Array) -> None:
        """Write all weights, int `(axons, neurons)`; see `Device.load_weights`."""
        self._core.load_weights(validation.check_weights(self.config, weights))

    def read_weights(self) -> Array:
        """All weights, int32 `(axons, neurons)`, a copy."""
        return self._core.weights

    def read(self, region: Region) -> Array:
        """One state array, int32, a copy; also GATED and UNGATED."""
        validation.check_region(region, validation.READABLE)
        return self._core.array(region).astype(np.int32)

    def read_many(self, regions: Sequence[Region]) -> list[Array]:
        """Several state arrays."""
        return [self.read(region) for region in validation.check_regions(regions)]

    def write(self, region: Region, values: Array) -> None:
        """Write one whole state array, of the shape that `read` returns."""
        region = validation.check_region(region, validation.WRITABLE)
        values = validation.check_state(self.config.geometry, region, values)
        self._core.set_array(region, values)

    def tick(self, axons: Array, learn: bool = False) -> Array:
        """Run one tick with spikes on `axons`; return the reported neurons, sorted, int32."""
        return self._tick(validation.check_axons(self.config.geometry, axons), learn)

    def run(self, trains: Sequence[Array]) -> list[Array]:
        """Run `len(trains)` ticks without learning, or none if a train is refused."""
        checked = validation.check_trains(self.config.geometry, trains)
        return [self._tick(axons, learn=False) for axons in checked]

    def _tick(self, axons: np.ndarray[Any, np.dtype[np.int64]], learn: bool) -> Array:
        start = perf_counter()
        self._core.send_spikes(axons)
        reported = self._core.tick()
        if learn:
            self._core.learn()
        self.chip_seconds += perf_counter() - start
        return reported.astype(np.int32)

    def send_spikes(self, axons: Array, delay: int = 0) -> None:
        """Set spikes for the tick after `delay` (0..delay_slots - 2) further ones."""
        geometry = self.config.geometry
        checked = validation.check_axons(geometry, axons)
        self._core.send_spikes(checked, validation.check_delay(geometry, delay))

    def send_errors(self, neurons: Array, values: Array, ungated: bool = False) -> None:
        """Send error events: `values[k]`, in +-error_max, for `neurons[k]`."""
        sums = self._core.array(Region.UNGATED if ungated else Region.GATED)
        geometry = self.config.geometry
        checked, errors, _ = validation.check_errors(geometry, sums, neurons, values)
        self._core.send_errors(checked, errors, ungated)

    def learn(self) -> None:
        """Apply the errors sent; DeviceError if it was done since the last tick."""
        validation.require_learnable(self._core.learned)
        start = perf_counter()
        self._core.learn()
        self.chip_seconds += perf_counter() - start

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._core.clear()

    def snapshot(self) -> dict[str, Any]:
        """All state, as arrays and numbers that `numpy.savez` takes; see `Device.snapshot`."""
        state = self._core.snapshot()
        validation.require_no_errors(state.pop("gated"), state.pop("ungated"))
        state["counters"] = state["counters"][0]
        return state | {"geometry": validation.geometry_text(self.config.geometry)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what any device of this geometry returned; waiting errors are forgotten."""
        state = validation.check_snapshot(self.config, snapshot)
        zeros = np.zeros(self.config.geometry.neurons, dtype=np.int64)
        state["counters"] = state["counters"][None]
        self._core.restore(state | {"gated": zeros, "ungated": zeros})

    def counters(self) -> dict[Counter, int]:
        """The counters that every device has."""
        return self._core.counters()

    def close(self) -> None:
        """Let go of the core; whatever needs it is a DeviceError from now on."""
        self._open_core = None
