"""The golden model as a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.devices import validation
from axonloop.host.devices.model_device import ModelDevice
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.golden import Chip
from axonloop.models.golden.processing import NodeChip, ProcessingNode
from axonloop.models.protocol import Region, readable, writable


class GoldenDevice(ModelDevice[Chip]):
    """A device that is the golden model itself: no clock, no compiler.

    A lone core is a chip of its own. Until weights are loaded there are no synapses.
    """

    name = "golden"

    def __init__(self, config: ChipConfig | CoreConfig) -> None:
        chip = ChipConfig.of(config)
        super().__init__(chip, Chip(chip))

    def with_nodes(self, nodes: Sequence[tuple[ProcessingNode, Int32Array]]) -> NodeChip:
        """This chip with processing nodes beside it, each with the neurons that it hears."""
        return NodeChip(self._chip, nodes)

    def read_weights(self) -> Int32Array:
        """All weights, int32 `(axons, neurons of a core)`, a copy."""
        return self._chip.weights

    def read_writes(self) -> Int32Array:
        """How often pulses wrote each synapse since `count_writes`: int32, as `read_weights`."""
        return self._chip.writes()

    def read(self, region: Region) -> Int32Array:
        """One state array, int32, a copy; also GATED and UNGATED."""
        validation.check_region(region, readable(self.config.geometry))
        return self._chip.array(region).astype(np.int32)

    def write(self, region: Region, values: Int32Array) -> None:
        """Write one whole state array, of the shape that `read` returns."""
        region = validation.check_region(region, writable(self.config.geometry))
        values = validation.check_state(self.config, region, values)
        self._chip.set_array(region, values)

    def _advance(self, axons: NDArray[Any]) -> Int32Array:
        self._chip.send_spikes(axons)
        return self._chip.tick().astype(np.int32)

    def send_spikes(self, axons: Int32Array, delay: int = 0) -> None:
        """Set spikes for the tick after `delay` (0..delay_slots - 2) further ones."""
        checked = validation.check_axons(self.config, axons)
        late = validation.check_delay(self.config.geometry, delay)
        self._chip.send_spikes(checked, late)

    def send_errors(self, neurons: Int32Array, values: Int32Array, ungated: bool = False) -> None:
        """Send error events: `values[k]`, in +-error_max, for `neurons[k]`."""
        checked, errors = validation.check_events(self.config, neurons, values)
        sums = self._chip.array(Region.UNGATED if ungated else Region.GATED).astype(np.int64)
        np.add.at(sums, checked, errors)
        validation.check_sums(self.config.geometry, sums)
        self._chip.send_errors(checked, errors, ungated)

    def modulate(self, value: int) -> None:
        """Broadcast M; see `Device.modulate`."""
        self._chip.modulate(validation.check_modulation(self.config.geometry, value))

    def snapshot(self) -> dict[str, Any]:
        """All state, as arrays and numbers that `numpy.savez` takes; see `Device.snapshot`."""
        state = self._chip.snapshot()
        validation.require_no_errors(state.pop("gated"), state.pop("ungated"))
        return state | {"geometry": validation.geometry_text(self.config)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Put back what any device of this geometry returned; waiting errors are forgotten."""
        state = validation.check_snapshot(self.config, snapshot)
        zeros = np.zeros(self.config.neurons, dtype=np.int64)
        self._chip.restore(state | {"gated": zeros, "ungated": zeros})

    def counter_table(self) -> NDArray[np.int64]:
        """The counters of every core, int64 `(cores, len(Counter))`."""
        return self._chip.counter_table()
