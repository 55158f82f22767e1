"""How a layer lies on one core: inputs are rows, neurons are groups, weights lie between them.

rows 0 .. inputs - 1     one per input
row inputs               always on: a learnable bias, if the layer has one
rows behind              unused: no groups, no synapses
groups 0 ..              the layer's neurons; the core has no others
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from axonloop.host.device import Array
from axonloop.models.config import CoreConfig, Geometry, ParameterSet, Row, require, require_range


@dataclass(frozen=True)
class Layer:
    """A plastic, fully connected layer of `neurons`, with a learnable bias if `bias`."""

    inputs: int
    neurons: int
    bias: bool = True

    @property
    def rows(self) -> int:
        """Rows in use."""
        return self.inputs + int(self.bias)

    def geometry(self, lanes: int = 16, weight_bits: int = 8) -> Geometry:
        """The smallest core of this many lanes that holds the layer; no fan-out table."""
        require(
            self.neurons % lanes == 0, "neurons", f"a multiple of lanes ({lanes})", self.neurons
        )
        axons = -(-self.rows // lanes) * lanes
        return Geometry(
            axons,
            self.neurons,
            lanes=lanes,
            update_lanes=lanes,
            trace_lanes=min(8, lanes),
            multipliers=lanes,
            weight_bits=weight_bits,
            entries=1,
        )

    def config(self, geometry: Geometry, parameters: ParameterSet, seed: int) -> CoreConfig:
        """A core with this layer alone; every spike is reported.

        Raises ValueError if the layer does not fit.
        """
        require_range("rows of the layer", self.rows, 1, geometry.axons)
        require(self.neurons == geometry.neurons, "neurons", f"{geometry.neurons}", self.neurons)
        inputs = (Row(groups=geometry.groups, plastic=True),) * self.inputs
        bias = (Row(groups=geometry.groups, plastic=True, always_on=True),) * int(self.bias)
        unused = (Row(),) * (geometry.axons - self.rows)
        return CoreConfig(geometry, (parameters,), inputs + bias + unused, seed=seed)

    def weights(self, geometry: Geometry, span: int, random: np.random.Generator) -> Array:
        """First weights, int32 `(axons, neurons)`: uniform in +-span, biases 0."""
        require_range("span of the first weights", span, 0, geometry.weight_max)
        weights = np.full((geometry.axons, geometry.neurons), geometry.no_synapse, dtype=np.int32)
        drawn = random.integers(-span, span + 1, (self.inputs, self.neurons))
        weights[: self.inputs] = drawn
        weights[self.inputs : self.rows] = 0
        return weights
