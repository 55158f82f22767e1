"""Energy from counters: what a run would cost on silicon, as a range, by published costs.

No energy is measured here. Each operation that is counted is multiplied by a cost of the
literature: low is arithmetic and an 8 KiB memory alone, typical and high are what whole chips or
larger memories take. The figures are written down from memory of these sources:

* Horowitz 2014 (ISSCC, 45 nm, 0.9 V), picojoules: addition of 8 bits 0.03, of float32 0.9;
  multiplication of 8 bits 0.2, of float32 3.7; reading 64 bits of 8 KiB 10, of 32 KiB 20, of
  1 MiB 100. A read or write of fewer bits takes its share; writing is taken to cost as reading.
* Davies et al. 2018 (Loihi, 14 nm): SynOp 23.6, update of a synapse 120, update of a neuron 52
  (idle) to 81 (active), a hop 3.0 (east, west) to 4.0 (north, south).
* Merolla et al. 2014 (TrueNorth, 28 nm): 26 for a SynOp, all power of the chip included.

Not counted: leakage, clocks, error events and the host that makes them, the link, traces, the
spikes of inputs on their way to a core, and what a processor takes to fetch its instructions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from axonloop.models.checks import require

PICO = 1e-12
_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "u"), (1e-9, "n"), (1e-12, "p"))


@dataclass(frozen=True)
class Energy:
    """An estimate in joules: `low`, `typical` and `high`."""

    low: float
    typical: float
    high: float

    def times(self, count: float) -> Energy:
        """The energy of `count` such operations."""
        return Energy(count * self.low, count * self.typical, count * self.high)

    def plus(self, other: Energy) -> Energy:
        """Both together, each bound by itself."""
        return Energy(self.low + other.low, self.typical + other.typical, self.high + other.high)

    def __str__(self) -> str:
        """All three, as "1.2 mJ (0.31 to 1.3)" in one unit, that of the typical one."""
        size = max((size for size, _ in _PREFIXES if size <= self.typical), default=PICO)
        prefix = dict(_PREFIXES)[size]
        typical, low, high = (_digits(x / size) for x in (self.typical, self.low, self.high))
        return f"{typical} {prefix}J ({low} to {high})"


def _digits(value: float) -> str:
    """Two digits that count, without an exponent."""
    return f"{float(f'{value:.2g}'):,.10g}"


def _picojoules(low: float, typical: float, high: float) -> Energy:
    return Energy(low, typical, high).times(PICO)


COSTS: dict[str, tuple[Energy, str]] = {
    "synops": (
        _picojoules(0.03 + 10 / 8, 23.6, 26),
        "8-bit addition, 8 bits of 8 KiB; Loihi; TrueNorth",
    ),
    "visits": (
        _picojoules(0.2 + 0.03 + 2 * 10 / 8, 120, 120),
        "8-bit multiply-add, 8 bits of 8 KiB read and written; Loihi, twice",
    ),
    "neuron_updates": (
        _picojoules(3 * 0.2 + 2 * 10, 52, 81),
        "three 8-bit multiplications, 64 bits of 8 KiB read and written; Loihi, idle; active",
    ),
    "hops": (_picojoules(3, 3.5, 4), "Loihi, by direction and their mean"),
    "macs": (
        _picojoules(0.2 + 0.03 + 10 / 8, 3.7 + 0.9 + 20 / 2, 3.7 + 0.9 + 100 / 2),
        "8-bit multiply-add, 8 bits of 8 KiB; float32, 32 bits of 32 KiB; of 1 MiB",
    ),
    "updates_by_mac": (
        _picojoules(0.2 + 0.03 + 2 * 10 / 8, 3.7 + 0.9 + 2 * 20 / 2, 3.7 + 0.9 + 2 * 100 / 2),
        "the same, and the weight written back",
    ),
}
"""The cost of one operation of each kind, low, typical and high, and what each is made of.

`synops` and `visits` are the chip's counters; `neuron_updates` are ticks times neurons; `hops` are
flits that routers passed to a neighbour. `macs` and `updates_by_mac` are of a plain network:
multiply-accumulates that read a weight, and those that change one.
"""


def energy_of(counts: Mapping[str, float]) -> Energy:
    """The estimate for `counts` of operations, by the names of `COSTS`.

    Raises ValueError for other names and for counts below 0.
    """
    unknown = sorted(set(counts) - set(COSTS))
    require(not unknown, "operations", f"of {', '.join(COSTS)}", unknown)
    total = Energy(0, 0, 0)
    for name, count in counts.items():
        require(count >= 0, name, "0 or more", count)
        total = total.plus(COSTS[name][0].times(count))
    return total


def chip_energy(counters: Mapping[str, int], neurons: int) -> Energy:
    """The estimate for a chip of `neurons` neurons by its counters, named as in metrics.json."""
    ways = ("north", "east", "south", "west")
    return energy_of(
        {
            "synops": counters["synops"],
            "visits": counters["visits"],
            "neuron_updates": counters["ticks"] * neurons,
            "hops": sum(counters.get(way, 0) for way in ways),
        }
    )
