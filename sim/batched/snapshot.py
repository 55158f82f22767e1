"""The parts of a snapshot of a batched chip, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import COUNTER_BITS, Region, state_limits
from axonloop.sim.batched import checks


def check_snapshot(
    snapshot: Mapping[str, Any],
    chip: ChipConfig,
    own: int | None,
    state: Mapping[Region, Tensor],
    counters: Tensor,
) -> dict[str, Any]:
    """Every part of a snapshot, checked; ValueError for the first that does not fit.

    `own` is how many copies have weights of their own, None if they share them; `state` and
    `counters` are the chip's, of the shapes that the snapshot's must have.
    """
    names = {region: region.key for region in state}
    keys = {*names.values(), "weights", "tick", "seeds", "learned", "modulation", "counters"}
    found = sorted(snapshot, key=str)
    require(set(snapshot) == keys, "snapshot", f"made of {sorted(keys)}", found)
    checked: dict[str, Any] = {}
    for region, name in names.items():
        limits, shape = state_limits(chip.geometry, region), tuple(state[region].shape)
        checked[name] = checks.check_whole(name, snapshot[name], shape, limits, counters.device)
    checked["weights"] = checks.check_weights(chip, snapshot["weights"], own, counters.device)
    for name, high in (("tick", (1 << 32) - 1), ("learned", 1)):
        checked[name] = require_range(f"{name} of the snapshot", snapshot[name], 0, high)
    checked["seeds"] = checks.check_seeds(chip, own or 1, snapshot["seeds"])
    most = chip.geometry.error_max if chip.geometry.terms else 0
    thing, values = "modulation of the snapshot", snapshot["modulation"]
    checked["modulation"] = checks.check_whole(
        thing, values, (len(counters),), (-most, most), counters.device
    )
    thing, limits = "counters of the snapshot", (0, (1 << COUNTER_BITS) - 1)
    shape = tuple(counters.shape)
    checked["counters"] = checks.check_whole(
        thing, snapshot["counters"], shape, limits, counters.device
    )
    return checked
