"""Checks of what a batched chip is given: ValueError, and nothing has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig, Geometry
from axonloop.models.golden import visited


def check_device(name: str) -> torch.device:
    """The torch device `name`, which must be there: the CPU or a CUDA device."""
    device = torch.device(name)
    require(device.type in ("cpu", "cuda"), "device", "cpu or cuda", name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        found = f"one of the {count} CUDA devices that torch finds" if count else "cpu: no GPU here"
        require((device.index or 0) < count, "device", found, name)
    return device


def check_seeds(chip: ChipConfig, memories: int, seeds: Sequence[int] | None) -> list[int]:
    """One seed for each weight memory; by default the configuration's."""
    if seeds is None:
        return [chip.seed] * memories
    known = list(seeds)
    require(len(known) == memories, "seeds", f"{memories}, one per weight memory", len(known))
    return [require_range("seed", seed, 0, 2**32 - 1) for seed in known]


def check_flags(thing: str, values: Any, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Bool values of a shape, on the device."""
    flags = values if isinstance(values, Tensor) else torch.as_tensor(values)
    require(flags.dtype is torch.bool, thing, "of dtype bool", flags.dtype)
    require(flags.shape == shape, thing, f"of shape {shape}", tuple(flags.shape))
    return flags.to(device)


def check_kind(thing: str, values: Any, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Return whole numbers of a shape, on the device."""
    found = torch.as_tensor(values)
    whole = not (found.is_floating_point() or found.is_complex() or found.dtype is torch.bool)
    require(whole, thing, "whole numbers of an integer dtype", found.dtype)
    require(found.shape == shape, thing, f"of shape {shape}", tuple(found.shape))
    return found.to(device)


def check_whole(
    thing: str, values: Any, shape: tuple[int, ...], limits: tuple[int, int], device: torch.device
) -> Tensor:
    """Return whole numbers of a shape within limits, on the device."""
    found = check_kind(thing, values, shape, device)
    low, high = limits
    bad = (found < low) | (found > high)
    if bad.any():
        require(False, thing, f"in {low}..{high}", int(found[bad][0]))
    return found


def check_weights(chip: ChipConfig, values: Any, own: int | None, device: torch.device) -> Tensor:
    """Weights `(memories, axons, neurons)`, from `(axons, neurons)` for all memories.

    A population of `own` copies also takes the whole shape; with None the one memory is shared.
    """
    geometry, found = chip.geometry, torch.as_tensor(values)
    shape = (chip.weight_rows, geometry.weight_columns)
    full = (own, *shape) if found.ndim == 3 and own is not None else shape
    limits = (geometry.no_synapse, geometry.weight_max)
    weights = check_whole("weights", found, full, limits, device)
    return weights.expand(own or 1, *shape)


def check_visited(chip: ChipConfig, weights: Tensor) -> None:
    """ValueError for a synapse outside of the groups that its row visits."""
    geometry = chip.geometry
    if weights.ndim == 3 and weights.stride(0) == 0:
        weights = weights[:1]  # the same in all memories
    within = torch.cat([torch.from_numpy(visited(core)) for core in chip.cores])
    within = within.to(weights.device)
    outside = (weights != geometry.no_synapse) & ~within
    if outside.any():
        *_, axon, neuron = index = outside.nonzero()[0].tolist()
        where = "every kernel" if geometry.convolutions else f"the groups of row {axon}"
        thing = f"weights[{axon}, {neuron}], outside of {where},"
        require(False, thing, f"{geometry.no_synapse} (no synapse)", int(weights[tuple(index)]))


def check_modulation(geometry: Geometry, values: Any, copies: int) -> Tensor:
    """M of every copy: whole numbers `(copies,)` in +-error_max, for a build with terms."""
    require(geometry.terms > 0, "terms of the build", "at least 1 to take a modulation", 0)
    limits = (-geometry.error_max, geometry.error_max)
    return check_whole("modulation", values, (copies,), limits, torch.device("cpu"))
