"""The batched emulator with one copy, as a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.devices import validation
from axonloop.host.devices.model_device import ModelDevice
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Region, readable, writable
from axonloop.sim.batched import BatchedChip


class BatchedDevice(ModelDevice[BatchedChip]):
    """A device that is one copy of the batched emulator, on the CPU or a GPU.

    A lone core is a chip of its own. Until weights are loaded there are no synapses. Raises
    ValueError for "cuda" where torch finds no GPU.
    """

    name = "batched"

    def __init__(self, config: ChipConfig | CoreConfig, device: str = "cpu") -> None:
        chip = ChipConfig.of(config)
        super().__init__(chip, BatchedChip(chip, 1, True, device))
        if device != "cpu":
            self.name = f"batched:{device}"

    def read_weights(self) -> Int32Array:
        """All weights, int32 `(axons, neurons of a core)`, a copy."""
        return _array(self._chip.read_weights())

    def read_writes(self) -> Int32Array:
        """How often pulses wrote each synapse since `count_writes`: int32, as `read_weights`."""
        return _array(self._chip.writes())

    def read(self, region: Region) -> Int32Array:
        """One state array, int32, a copy; also GATED and UNGATED."""
        validation.check_region(region, readable(self.config.geometry))
        return _array(self._chip.read(region)[0])

    def write(self, region: Region, values: Int32Array) -> None:
        """Write one whole state array, of the shape that `read` returns."""
        region = validation.check_region(region, writable(self.config.geometry))
        values = validation.check_state(self.config, region, values)
        self._chip.write(region, values[None])

    def _advance(self, axons: NDArray[Any]) -> Int32Array:
        counts = np.bincount(axons, minlength=self.config.axons)[None]
        spikes = counts > 0
        if len(axons) > np.count_nonzero(spikes):
            self._chip.send_spikes(counts)
            spikes[:] = False
        reported = self._chip.tick(spikes)[0].cpu().numpy()
        return np.flatnonzero(reported).astype(np.int32)

    def send_spikes(self, axons: Int32Array, delay: int = 0) -> None:
        """Set spikes for the tick after `delay` (0..delay_slots - 2) further ones."""
        checked = validation.check_axons(self.config, axons)
        late = validation.check_delay(self.config.geometry, delay)
        self._chip.send_spikes(np.bincount(checked, minlength=self.config.axons)[None], late)

    def send_errors(self, neurons: Int32Array, values: Int32Array, ungated: bool = False) -> None:
        """Send error events: `values[k]`, in +-error_max, for `neurons[k]`."""
        checked, errors = validation.check_events(self.config, neurons, values)
        total = np.zeros((1, self.config.neurons), dtype=np.int64)
        np.add.at(total[0], checked, errors)
        sums = self._chip.read(Region.UNGATED if ungated else Region.GATED).cpu().numpy()
        validation.check_sums(self.config.geometry, (sums + total)[0])
        events = np.bincount(checked, minlength=self.config.neurons)[None]
        self._chip.send_errors(total, ungated, events)

    def modulate(self, value: int) -> None:
        """Broadcast M; see `Device.modulate`."""
        self._chip.modulate([validation.check_modulation(self.config.geometry, value)])

    def snapshot(self) -> dict[str, Any]:
        """All state, as arrays and numbers that `numpy.savez` takes; see `Device.snapshot`."""
        state = self._chip.snapshot()
        names = [region.key for region in readable(self.config.geometry)]
        arrays = {name: _array(state[name][0]) for name in names}
        validation.require_no_errors(arrays.pop("gated"), arrays.pop("ungated"))
        return arrays | {
            "weights": _array(state["weights"]),
            "tick": state["tick"],
            "seed": state["seeds"][0],
            "learned": state["learned"],
            "modulation": int(state["modulation"][0]),
            "counters": state["counters"][0].cpu().numpy(),
            "geometry": validation.geometry_text(self.config),
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what any device of this geometry returned; waiting errors are forgotten."""
        state = validation.check_snapshot(self.config, snapshot)
        zeros = np.zeros((1, self.config.neurons), dtype=np.int32)
        names = [region.key for region in writable(self.config.geometry)]
        arrays = {name: state[name][None] for name in names}
        self._chip.restore(
            {
                **arrays,
                "gated": zeros,
                "ungated": zeros,
                "weights": state["weights"],
                "tick": state["tick"],
                "seeds": [state["seed"]],
                "learned": state["learned"],
                "modulation": [state["modulation"]],
                "counters": state["counters"][None],
            }
        )

    def counter_table(self) -> NDArray[np.int64]:
        """The counters of every core, int64 `(cores, len(Counter))`."""
        table: NDArray[np.int64] = self._chip.counter_table()[0].cpu().numpy()
        return table


def _array(values: torch.Tensor) -> Int32Array:
    found: Int32Array = values.cpu().numpy()
    return found
