"""Names of a graph's nodes, made of those of a network."""

from __future__ import annotations

from axonloop.host.network import Network
from axonloop.models.checks import require


def require_names(network: Network) -> None:
    """ValueError for names that nodes of a file cannot have, or that two nodes would have."""
    names = [*(s.name for s in network.sources), *(p.name for p in network.populations)]
    made = set(edge_names(network))
    made |= {f"delay_{name}" for name in made} | {f"output_{name}" for name in names}
    for name in names:
        good = "/" not in name and name != "." and name not in made
        require(good, "name of a node", "without '/' and unlike those of synapses", name)
    require(len(set(edge_names(network))) == len(network.projections), "names", "apart", names)


def edge_names(network: Network) -> list[str]:
    """The nodes of the projections' synapses, by their ends and, where it tells, their delay."""
    return [edge_name(p.source, p.target, p.delay) for p in network.projections]


def edge_name(source: str, target: str, delay: int) -> str:
    """The node of a projection's synapses."""
    return f"{source}_to_{target}" + (f"_after_{delay}" if delay else "")
