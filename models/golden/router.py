"""The counters of a chip's routers: a function of the spikes, because every route is fixed."""

from __future__ import annotations

import numpy as np

from axonloop.models.config import Mesh, Port
from axonloop.models.golden.arithmetic import Int64Array


class Routers:
    """`ports`: spikes that each router passed on, int64 `(cores, ports)`, by `Port`.

    The only core of a chip has no router: there all stay 0.
    """

    def __init__(self, mesh: Mesh, sources: Int64Array, targets: Int64Array) -> None:
        self.mesh = mesh
        self.ports: Int64Array = np.zeros((mesh.cores, len(Port)), dtype=np.int64)
        self.configure(sources, targets)

    def configure(self, sources: Int64Array, targets: Int64Array) -> None:
        """Take over the fan-out entries: entry k leads from core `sources[k]` to `targets[k]`."""
        cores = self.mesh.cores
        pairs, self._pair = np.unique(sources * cores + targets, return_inverse=True)
        steps = [
            (index, router * len(Port) + port)
            for index, pair in enumerate(pairs.tolist())
            for router, port in self.mesh.route(*divmod(pair, cores))
        ]
        self._pairs = len(pairs)
        self._pair_of_step, self._port_of_step = np.array(steps, dtype=np.int64).reshape(-1, 2).T

    def count(self, entries: Int64Array) -> None:
        """Count a spike for each of the `entries` at every router of its route."""
        if self.mesh.cores == 1:
            return
        spikes = np.bincount(self._pair[entries], minlength=self._pairs)
        np.add.at(self.ports.reshape(-1), self._port_of_step, spikes[self._pair_of_step])
