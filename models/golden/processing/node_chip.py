"""A chip with processing nodes, which learns whole samples without anybody's help."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from axonloop.models.arrays import indices
from axonloop.models.checks import require
from axonloop.models.golden.arithmetic import Int64Array
from axonloop.models.golden.chip import Chip
from axonloop.models.golden.processing.node import ProcessingNode


class NodeChip:
    """The golden `chip` and its `nodes`, each with the numbers of the neurons that it hears.

    Raises ValueError where a node hears more or fewer than its constants say, or where its error
    events are too large for the chip.
    """

    def __init__(self, chip: Chip, nodes: Sequence[tuple[ProcessingNode, ArrayLike]]) -> None:
        geometry, every = chip.geometry, len(chip.cores) * chip.geometry.neurons
        self.chip, self.nodes = chip, [node for node, _ in nodes]
        self._heard = [indices("neurons of a node", heard, every) for _, heard in nodes]
        for node, heard in zip(self.nodes, self._heard, strict=True):
            count, limit = node.constants.neurons, node.constants.limit
            ascending = len(heard) == count and bool((np.diff(heard) > 0).all())
            require(ascending, "neurons of a node", f"{count} numbers, ascending", heard.tolist())
            most = f"at most {geometry.error_max}, which error_bits hold"
            require(limit <= geometry.error_max, "limit", most, limit)

    def tick(self, axons: Int64Array) -> Int64Array:
        """Run a tick with spikes on `axons`, and learn from it; the reported neurons, ascending."""
        self.chip.send_spikes(axons)
        reported = self.chip.tick()
        spikes = np.zeros(len(self.chip.cores) * self.chip.geometry.neurons, dtype=bool)
        spikes[reported] = True
        taught = False
        for node, heard in zip(self.nodes, self._heard, strict=True):
            errors = node.step(spikes[heard])
            wrong = np.flatnonzero(errors)
            self.chip.send_errors(heard[wrong], errors[wrong])
            taught |= bool(wrong.size)
        if taught:
            self.chip.learn()
        return reported

    def learn_sample(
        self, trains: Sequence[Int64Array], targets: Sequence[ArrayLike]
    ) -> list[Int64Array]:
        """Clear the chip and learn a sample: axons of each tick, and a target for each node.

        Returns the neurons that were reported in each tick.
        """
        self.chip.clear()
        for node, target in zip(self.nodes, targets, strict=True):
            node.begin(target)
        return [self.tick(axons) for axons in trains]
