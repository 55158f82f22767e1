"""When a graph's populations run: the ticks that the chip is ahead of, or behind, its steps."""

from __future__ import annotations

from axonloop.host.network import Network, Population, Projection
from axonloop.host.nir.export.scales import has_current


def lag_of(population: Population) -> int:
    """NIR's membrane sees a current this many steps late."""
    return int(has_current(population))


def offsets_of(network: Network) -> dict[str, int]:
    """The ticks that each population runs behind the graph's steps: as late as may be."""
    lags = {p.name: lag_of(p) for p in network.populations}
    offsets = dict.fromkeys(lags, 1 << 30)
    for _ in network.populations:
        for p in network.projections:
            latest = begin_of(p, offsets) + p.delay - lags[p.target]
            offsets[p.target] = min(offsets[p.target], latest)
    return offsets


def begin_of(projection: Projection, offsets: dict[str, int]) -> int:
    """The tick, behind the graph's steps, in which the spikes of a projection's source go out."""
    return offsets[projection.source] + 1 if projection.source in offsets else 0
