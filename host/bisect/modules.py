"""The modules of the chip in which a unit is computed: what a waveform opens on."""

from __future__ import annotations

from axonloop.host.bisect.difference import REPORTED, WEIGHT, Difference
from axonloop.models.config import Geometry
from axonloop.models.protocol import Owner, Region

PORTS = ("clk", "commands__*", "replies__*", "ticks__*")
_COUNTED_IN = {
    "events": "scheduler",
    "collisions": "scheduler",
    "errors": "learning.errors",
    "visits": "learning.update",
    "updates": "learning.update",
    "synops": "synapses",
}


def modules_of(difference: Difference, geometry: Geometry) -> tuple[str, ...]:
    """Patterns of the signals that matter for a difference: the chip's ports and some modules.

    The lane that computes the word comes first, where there is one.
    """
    unit, index = difference.unit, difference.index
    lane = "core*.{}.lane_{}.*"
    own: list[str] = []
    if unit == WEIGHT:
        own = [lane.format("learning.update", index[1] % geometry.update_lanes)]
        own += ["core*.learning.update.*", "core*.learning.targets.*", "core*.weights.*"]
    elif unit in ("gated", "ungated"):
        own = ["core*.learning.errors.*"]
    elif unit == "pending":
        own = ["core*.scheduler.*", "core*.fanout.*"]
    elif unit == REPORTED:
        own = ["core*.neurons.queue.*", lane.format("neurons", index[0] % geometry.lanes)]
    elif unit in _COUNTED_IN:
        own = ["core*.counters.*", f"core*.{_COUNTED_IN[unit]}.*"]
    elif unit.upper() in Region.__members__:
        region = Region[unit.upper()]
        of_axon = region.owner is Owner.AXON
        part, lanes = ("traces", geometry.trace_lanes) if of_axon else ("neurons", geometry.lanes)
        own = [lane.format(part, index[0] % lanes), f"core*.{part}.*"]
    return (*PORTS, *own, "core*.control.*")
