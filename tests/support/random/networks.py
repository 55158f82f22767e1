"""Random networks of a few small populations, from a seeded generator."""

from __future__ import annotations

import numpy as np

from axonloop.host.network import Network, Population, Projection, Source, uniform_weights
from axonloop.host.network.network import sparse_synapses
from axonloop.models.config import ParameterSet


def random_network(rng: np.random.Generator) -> Network:
    """Up to three sources and four populations; recurrent, sparse, delayed projections."""
    sources = [Source(f"in{k}", int(rng.integers(1, 12))) for k in range(rng.integers(1, 4))]
    populations = [
        Population(
            f"p{k}",
            int(rng.integers(1, 30)),
            ParameterSet(theta=int(rng.integers(1, 3)), pq_on=int(rng.integers(1, 3))),
            bias=bool(rng.random() < 0.7),
            report=bool(rng.random() < 0.7),
        )
        for k in range(rng.integers(1, 5))
    ]
    sizes = {entry.name: entry.size for entry in [*sources, *populations]}
    pairs = {(source.name, "p0", 0): None for source in sources}
    pairs |= {(f"p{k}", f"p{k + 1}", 0): None for k in range(len(populations) - 1)}
    for _ in range(rng.integers(0, 6)):
        start = str(rng.choice(list(sizes)))
        target = populations[rng.integers(0, len(populations))].name
        pairs[start, target, int(rng.integers(0, 3))] = None
    projections = [_projection(rng, sizes, *pair) for pair in pairs]
    rng.shuffle(projections)  # type: ignore[arg-type]
    return Network(tuple(sources), tuple(populations), tuple(projections), seed=3)


def _projection(
    rng: np.random.Generator, sizes: dict[str, int], source: str, target: str, delay: int
) -> Projection:
    shape = sizes[source], sizes[target]
    present = sparse_synapses(rng, *shape, float(rng.choice([0.03, 0.3, 1.0])))
    present[rng.integers(0, shape[0]), rng.integers(0, shape[1])] = True
    return Projection(
        source,
        target,
        uniform_weights(rng, *shape, 127),
        None if rng.random() < 0.3 else present,
        delay,
        plastic=bool(rng.random() < 0.7),
        traces=ParameterSet(beta_p=int(rng.integers(0, 2))) if rng.random() < 0.3 else None,
    )
