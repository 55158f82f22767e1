"""Online spatio-temporal learning: time within a layer, space within a tick.

After Bohnstingl et al. (2022). Of the gradient of a tick, it takes the paths that stay in layer m
until this tick and then go up: eligibility e^m times a learning signal, which is backpropagated
through the layers of the tick,

    dL/dw^m = G^m e^m        G^L = dL/dS^L        G^(l-1) = (G^l B^l) W^l transposed

Paths that go up and then through time, the paper's residual R, are left out: there are none with a
single layer, or above layers without memory. It is Zenke & Neftci's (2021) mix of modes, forward
in time and backward in space.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from axonloop.models.reference.chain import Chain
from axonloop.models.reference.lif import Lif, surrogate
from axonloop.models.reference.rtrl import Online, Rtrl


class Ostl:
    """The rule; `rule` has the eligibility of a layer: `Rtrl` all of it, traces the part they hold.

    With `SynapseTraces` recurrent paths are left out too, as in the paper's form without H.
    """

    def __init__(self, chain: Chain, rule: Callable[[Lif], Online] = Rtrl) -> None:
        self.layers = [rule(layer) for layer in chain.layers]

    def step(self, arriving: Tensor) -> Tensor:
        """Run a tick with `(inputs,)`; return the last layer's spikes, `(neurons,)`."""
        for layer in self.layers:
            arriving = layer.step(arriving)
        return arriving

    def gradients(self, errors: Tensor) -> list[Tensor]:
        """dL/dw of this tick, `(sources, neurons)` per layer, from dL/dS of the last one."""
        found = []
        for layer in reversed(self.layers):
            found.append(layer.gradient(errors))
            slope = surrogate(layer.state.potential, layer.network.constants.steepness)
            errors = (errors * slope) @ layer.network.weights.T
        return found[::-1]
