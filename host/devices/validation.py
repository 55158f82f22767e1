"""The refusals of every device: the functions raise and change nothing.

A caller's mistake is a ValueError, a request at the wrong moment a DeviceError. Checked values
come back as fresh or unchanged arrays in the dtype that devices work with.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.devices.device import DeviceError
from axonloop.host.whole import plain
from axonloop.models.arrays import Int32Array, indices, lies_within, ranged
from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig, CoreConfig, Geometry
from axonloop.models.golden import visited
from axonloop.models.protocol import (
    COUNTER_BITS,
    Counter,
    Owner,
    Region,
    readable,
    state_limits,
    writable,
)
from axonloop.models.protocol import check_region as check_region

CLOSED = "device must be open, not closed"
"""The message of the DeviceError of a device that was closed."""


def check_axons(chip: ChipConfig, axons: ArrayLike) -> NDArray[np.int64]:
    """Axons that spikes are for."""
    return indices("axons", axons, chip.axons)


def check_trains(chip: ChipConfig, trains: Sequence[ArrayLike]) -> list[NDArray[np.int64]]:
    """Axons of every tick of a run; one bad list refuses them all."""
    lists = isinstance(trains, Sequence) and not isinstance(trains, str | bytes)
    listed = lists or getattr(trains, "ndim", 0) > 0  # arrays and tensors
    require(listed, "trains", "a list, axons of one tick an entry", trains)
    return [indices(f"trains[{k}]", axons, chip.axons) for k, axons in enumerate(trains)]


def check_delay(geometry: Geometry, delay: int) -> int:
    """A delay in ticks beyond the next."""
    return require_range("delay", plain(delay), 0, geometry.max_delay)


def check_modulation(geometry: Geometry, value: int) -> int:
    """A value of M, for a build with terms."""
    require(geometry.terms > 0, "terms of the build", "at least 1 to take a modulation", 0)
    return require_range("modulation", plain(value), -geometry.error_max, geometry.error_max)


def check_events(
    chip: ChipConfig, neurons: ArrayLike, values: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Neurons and values of error events."""
    checked = indices("neurons of error events", neurons, chip.neurons)
    limit = chip.geometry.error_max
    errors = ranged("values of error events", values, -limit, limit)
    if errors.shape != checked.shape:
        one_each = f"{len(checked)}, one per neuron"
        require(False, "values of error events", one_each, errors.shape)
    return checked, errors


def check_sums(geometry: Geometry, sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of error events, one per neuron, that fit the registers."""
    high = (1 << (geometry.error_sum_bits - 1)) - 1
    low = -high - 1
    if not lies_within(sums, low, high):
        neuron = np.flatnonzero((sums < low) | (sums > high))[0]
        require(False, f"sum of errors of neuron {neuron}", f"in {low}..{high}", int(sums[neuron]))
    return sums


def check_weights(chip: ChipConfig, weights: ArrayLike) -> Int32Array:
    """All weights: int32 `(axons, neurons of a core)`, `no_synapse` outside each row's groups.

    Of cores with convolutions: `(kernel rows, kernel columns)`, `no_synapse` outside kernels.
    """
    array, geometry = _check_weight_words(chip, weights), chip.geometry
    within = np.concatenate([visited(core) for core in chip.cores])
    outside = np.argwhere((array != geometry.no_synapse) & ~within)
    for axon, neuron in outside[:1]:
        where = "every kernel" if geometry.convolutions else f"the groups of row {axon}"
        thing = f"weights[{axon}, {neuron}], outside of {where},"
        require(False, thing, f"{geometry.no_synapse} (no synapse)", int(array[axon, neuron]))
    return array


def _check_weight_words(chip: ChipConfig, weights: ArrayLike) -> Int32Array:
    """Weights of the right shape and range, with synapses anywhere."""
    geometry = chip.geometry
    array = ranged("weights", weights, geometry.no_synapse, geometry.weight_max)
    shape = (chip.weight_rows, geometry.weight_columns)
    require(array.shape == shape, "weights", f"of shape {shape}", array.shape)
    return array.astype(np.int32)


def region_shape(chip: ChipConfig, region: Region) -> tuple[int, ...]:
    """Shape of a state array."""
    if region.owner is Owner.SLOT:
        return chip.geometry.delay_slots, chip.axons
    return (chip.axons if region.owner is Owner.AXON else chip.neurons,)


def check_regions(chip: ChipConfig, regions: Sequence[Region]) -> list[Region]:
    """Regions that `Device.read_many` takes."""
    require(isinstance(regions, Sequence), "regions", "a list", regions)
    allowed = readable(chip.geometry)
    if all(type(region) is Region for region in regions) and set(allowed).issuperset(regions):
        return list(regions)
    return [check_region(region, allowed) for region in regions]


def check_state(chip: ChipConfig, region: Region, values: ArrayLike) -> Int32Array:
    """One whole state array that fits its registers: int32."""
    array = ranged(region.key, values, *state_limits(chip.geometry, region))
    shape = region_shape(chip, region)
    require(array.shape == shape, region.key, f"of shape {shape}", array.shape)
    return array.astype(np.int32)


def check_configuration(current: ChipConfig, new: ChipConfig | CoreConfig) -> ChipConfig:
    """A configuration for the chip that is there: geometry, mesh and numbers cannot change."""
    known = isinstance(new, ChipConfig | CoreConfig)
    require(known, "configuration", "a ChipConfig", new)
    chip = ChipConfig.of(new)
    for name in ("geometry", "mesh"):
        own, given = getattr(current, name), getattr(chip, name)
        require(given == own, name, f"{own}", given)
    require(
        chip.first == current.first, "core", f"{current.first}, the number built in", chip.first
    )
    return chip


def geometry_text(chip: ChipConfig) -> str:
    """Geometry and mesh as JSON, as a snapshot carries them."""
    shape = {part: dataclasses.asdict(getattr(chip, part)) for part in ("geometry", "mesh")}
    return json.dumps(shape, sort_keys=True)


def check_snapshot(chip: ChipConfig, snapshot: dict[str, Any]) -> dict[str, Any]:
    """A snapshot of any device of the same chip, with checked arrays and plain ints.

    Its weights may have synapses outside of the groups that their row visits: `configure` leaves
    such, where it takes groups from a row.
    """
    regions = {region.key: region for region in writable(chip.geometry)}
    numbers = ("tick", "seed", "learned", "modulation")
    keys = {"weights", *numbers, "counters", "geometry", *regions}
    require(isinstance(snapshot, dict), "snapshot", "a dictionary", snapshot)
    found = set(snapshot)
    require(found == keys, "snapshot", f"made of {sorted(keys)}", sorted(found, key=str))
    text = str(snapshot["geometry"])
    mine = geometry_text(chip)
    require(text == mine, "geometry of the snapshot", mine, text)
    checked: dict[str, Any] = {"geometry": mine}
    for name, region in regions.items():
        checked[name] = check_state(chip, region, snapshot[name])
    checked["weights"] = _check_weight_words(chip, snapshot["weights"])
    modulated = chip.geometry.error_max if chip.geometry.terms else 0
    limits = ((0, 2**32 - 1), (0, 2**32 - 1), (0, 1), (-modulated, modulated))
    for name, (low, high) in zip(numbers, limits, strict=True):
        value = ranged(f"{name} of the snapshot", snapshot[name], low, high)
        require(value.shape == (), f"{name} of the snapshot", "one number", value.shape)
        checked[name] = int(value)
    high = (1 << COUNTER_BITS) - 1
    counters = ranged("counters of the snapshot", snapshot["counters"], 0, high)
    shape = (chip.mesh.cores, len(Counter))
    require(
        counters.shape == shape, "counters of the snapshot", f"of shape {shape}", counters.shape
    )
    return checked | {"counters": counters}


def require_no_errors(gated: NDArray[Any], ungated: NDArray[Any]) -> None:
    """DeviceError while a neuron's error sum, gated or ungated, is not 0."""
    waiting = np.flatnonzero((np.asarray(gated) != 0) | (np.asarray(ungated) != 0))
    if len(waiting):
        raise DeviceError(f"error sums must be learned or cleared, not {len(waiting)} of them open")


def require_open(is_open: bool) -> None:
    """DeviceError for a device that was closed."""
    if not is_open:
        raise DeviceError(CLOSED)


def require_learnable(learned: bool) -> None:
    """DeviceError if no tick ran since the last learning step."""
    if learned:
        raise DeviceError("learn must be asked for at most once after each tick, not once more")
