"""Equilibrium propagation (Scellier & Bengio 2017): a gradient from two states at rest.

The output is pulled to what is wanted by b (y - x_L), a force of the loss C = |y - x_L|^2 / 2. With
x^b the state at rest under it,

    dC/dW_k = lim b->0 of  (x^0_{k-1} x^0_k - x^b_{k-1} x^b_k) / b

C taken at x^0, which depends on W through all layers. Pulled and pushed, from -b to b, the error of
the difference falls with b^2 in the place of b (Laborieux et al. 2021).
"""

from __future__ import annotations

from torch import Tensor

from axonloop.models.reference.equilibrium.settling import Gradients, Settling


class EquilibriumPropagation:
    """The rule on a network with F = W^T: the settling network's `gamma` is 1, without feedback."""

    def __init__(self, network: Settling) -> None:
        if network.gamma != 1 or network.feedback is not None:
            raise ValueError("network must be one with F = W^T, not with a feedback of its own")
        self.network = network

    def gradients(self, inputs: Tensor, wanted: Tensor, low: float, high: float) -> Gradients:
        """dC/dW and dC/db summed over samples, from states at rest under nudges `low` and `high`.

        0 and b are the paper's, -b and b the symmetric difference. Inputs are `(..., inputs)`,
        `wanted` `(..., outputs)`.
        """
        network = self.network
        free = network.settle(inputs, network.forward(inputs))
        first, second = (
            network.settle(inputs, free, wanted, nudge) if nudge else free for nudge in (low, high)
        )
        found = network.contrast(inputs, first, second)
        return Gradients(*([each / (high - low) for each in kind] for kind in found))
