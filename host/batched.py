"""The batched emulator with one copy, as a device."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host import validation
from axonloop.host.device import Array, Device, DeviceError
from axonloop.models.chip import ChipConfig
from axonloop.models.config import CoreConfig
from axonloop.models.registers import Region
from axonloop.sim.batched import BatchedChip


class BatchedDevice(Device):
    """A device that is one copy of the batched emulator, on the CPU or a GPU.

    A lone core is a chip of its own. Until weights are loaded there are no synapses. Raises
    ValueError for "cuda" where torch finds no GPU.
    """

    name = "batched"

    def __init__(self, config: ChipConfig | CoreConfig, device: str = "cpu") -> None:
        self.config = ChipConfig.of(config)
        self._open_chip: BatchedChip | None = BatchedChip(self.config, 1, True, device)
        if device != "cpu":
            self.name = f"batched:{device}"

    @property
    def _chip(self) -> BatchedChip:
        if self._open_chip is None:
            raise DeviceError(validation.CLOSED)
        return self._open_chip

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """Write all registers and tables; geometry, mesh and core numbers must stay."""
        chip = validation.check_configuration(self.config, config)
        self._chip.configure(chip)
        self.config = chip

    def load_weights(self, weights: Array) -> None:
        """Write all weights, int `(axons, neurons of a core)`; see `Device.load_weights`."""
        self._chip.load_weights(validation.check_weights(self.config, weights))

    def read_weights(self) -> Array:
        """All weights, int32 `(axons, neurons of a core)`, a copy."""
        return _array(self._chip.read_weights())

    def read(self, region: Region) -> Array:
        """One state array, int32, a copy; also GATED and UNGATED."""
        validation.check_region(region, validation.READABLE)
        return _array(self._chip.read(region)[0])

    def read_many(self, regions: Sequence[Region]) -> list[Array]:
        """Several state arrays."""
        return [self.read(region) for region in validation.check_regions(regions)]

    def write(self, region: Region, values: Array) -> None:
        """Write one whole state array, of the shape that `read` returns."""
        region = validation.check_region(region, validation.WRITABLE)
        values = validation.check_state(self.config, region, values)
        self._chip.write(region, values[None])

    def tick(self, axons: Array, learn: bool = False) -> Array:
        """Run one tick with spikes on `axons`; return the reported neurons, sorted, int32."""
        return self._tick(validation.check_axons(self.config, axons), learn)

    def run(self, trains: Sequence[Array]) -> list[Array]:
        """Run `len(trains)` ticks without learning, or none if a train is refused."""
        checked = validation.check_trains(self.config, trains)
        return [self._tick(axons, learn=False) for axons in checked]

    def _tick(self, axons: NDArray[np.int64], learn: bool) -> Array:
        start = perf_counter()
        counts = np.bincount(axons, minlength=self.config.axons)[None]
        spikes = counts > 0
        if len(axons) > np.count_nonzero(spikes):
            self._chip.send_spikes(counts)
            spikes[:] = False
        reported = self._chip.tick(spikes)[0]
        if learn:
            self._chip.learn()
        found = np.flatnonzero(reported.cpu().numpy()).astype(np.int32)
        self.chip_seconds += perf_counter() - start
        return found

    def send_spikes(self, axons: Array, delay: int = 0) -> None:
        """Set spikes for the tick after `delay` (0..delay_slots - 2) further ones."""
        checked = validation.check_axons(self.config, axons)
        late = validation.check_delay(self.config.geometry, delay)
        self._chip.send_spikes(np.bincount(checked, minlength=self.config.axons)[None], late)

    def send_errors(self, neurons: Array, values: Array, ungated: bool = False) -> None:
        """Send error events: `values[k]`, in +-error_max, for `neurons[k]`."""
        checked, errors = validation.check_events(self.config, neurons, values)
        total = np.zeros((1, self.config.neurons), dtype=np.int64)
        np.add.at(total[0], checked, errors)
        sums = self._chip.read(Region.UNGATED if ungated else Region.GATED).cpu().numpy()
        validation.check_sums(self.config.geometry, (sums + total)[0])
        events = np.bincount(checked, minlength=self.config.neurons)[None]
        self._chip.send_errors(total, ungated, events)

    def learn(self) -> None:
        """Apply the errors sent; DeviceError if it was done since the last tick."""
        validation.require_learnable(self._chip.learned)
        start = perf_counter()
        self._chip.learn()
        self.chip_seconds += perf_counter() - start

    def clear(self) -> None:
        """Zero all state but weights, tick, seed and counters."""
        self._chip.clear()

    def snapshot(self) -> dict[str, Any]:
        """All state, as arrays and numbers that `numpy.savez` takes; see `Device.snapshot`."""
        state = self._chip.snapshot()
        arrays = {
            region.name.lower(): _array(state[region.name.lower()][0])
            for region in validation.READABLE
        }
        validation.require_no_errors(arrays.pop("gated"), arrays.pop("ungated"))
        return arrays | {
            "weights": _array(state["weights"]),
            "tick": state["tick"],
            "seed": state["seeds"][0],
            "learned": state["learned"],
            "counters": state["counters"][0].cpu().numpy(),
            "geometry": validation.geometry_text(self.config),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what any device of this geometry returned; waiting errors are forgotten."""
        state = validation.check_snapshot(self.config, snapshot)
        zeros = np.zeros((1, self.config.neurons), dtype=np.int32)
        arrays = {
            region.name.lower(): state[region.name.lower()][None] for region in validation.WRITABLE
        }
        self._chip.restore(
            {
                **arrays,
                "gated": zeros,
                "ungated": zeros,
                "weights": state["weights"],
                "tick": state["tick"],
                "seeds": [state["seed"]],
                "learned": state["learned"],
                "counters": state["counters"][None],
            }
        )

    def counter_table(self) -> NDArray[np.int64]:
        """The counters of every core, int64 `(cores, len(Counter))`."""
        table: NDArray[np.int64] = self._chip.counter_table()[0].cpu().numpy()
        return table

    def close(self) -> None:
        """Let go of the chip; whatever needs it is a DeviceError from now on."""
        self._open_chip = None


def _array(values: torch.Tensor) -> Array:
    found: Array = values.cpu().numpy()
    return found
