"""Populations that can hardly learn: silent ones, and those that spike in almost every tick.

Learning in the loop needs neurons near their threshold. What `FiringRates` counts over an epoch
says which populations are not, and its warnings say which parameter to change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from axonloop.host.network import Program
from axonloop.host.processing.objective import Flags
from axonloop.models.checks import require
from axonloop.models.config import ParameterSet

BUSY = 0.9
"""A neuron that spikes in more than this share of the ticks is always on."""
MOST = {"silent": 0.75, "always on": 0.3}
"""Shares of a population's neurons above which there is a warning: networks that learn have up to
0.4 and 0.1."""
CLIPPED = 0.5
"""State words clipped per neuron and tick, above which there is a warning."""
AT_LIMITS = 0.5
"""Share of a projection's weights at their limits above which there is a warning."""
Warnings = dict[str, str]
"""What was found, as "layer1 silent", and the line that says what to change."""


class FiringRates:
    """Counts the spikes of every neuron of a program's chip, in `copies` copies.

    `warnings` are those of the last epoch that was judged. Populations that do not report their
    spikes are left out.
    """

    def __init__(self, program: Program, copies: int) -> None:
        self._populations = [each for each in program.plan.network.populations if each.report]
        self._neurons = program.neurons
        self._spikes = np.zeros((copies, program.config.neurons), dtype=np.int64)
        self._ticks = 0
        self.warnings: Warnings = {}

    def add(self, raster: Flags) -> None:
        """Count the spikes of a sample, bool `(ticks, copies, neurons of the chip)`."""
        self._spikes += np.add.reduce(raster.view(np.uint8), axis=0, dtype=np.uint32)
        self._ticks += len(raster)

    def judge(self) -> Warnings:
        """The warnings that are new: an epoch ends here, and counting starts anew.

        Of an epoch whose spikes were not told nothing is found.
        """
        found: Warnings = {}
        for population in self._populations if self._ticks else ():
            rates = self._spikes[:, self._neurons[population.name]] / self._ticks
            shares = {"silent": (rates == 0).mean(), "always on": (rates > BUSY).mean()}
            for kind, share in shares.items():
                if share > MOST[kind]:
                    told = _told(kind, float(share), population.parameters)
                    found[f"{population.name} {kind}"] = f"{population.name}: {told}"
        new = {name: text for name, text in found.items() if name not in self.warnings}
        self._spikes[:], self._ticks, self.warnings = 0, 0, found
        return new

    def state(self) -> dict[str, Any]:
        """Counts and warnings, for `restore`."""
        return {
            "spikes": self._spikes.copy(),
            "ticks": self._ticks,
            "warnings": dict(self.warnings),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Put back what `state` returned."""
        spikes = np.array(state["spikes"], dtype=np.int64)
        shape = self._spikes.shape
        require(spikes.shape == shape, "spikes of an epoch", f"{shape}", spikes.shape)
        self._spikes, self._ticks = spikes, int(state["ticks"])
        self.warnings = {str(name): str(text) for name, text in state["warnings"].items()}


def _told(kind: str, share: float, parameters: ParameterSet) -> str:
    theta, w_exp = parameters.theta, parameters.w_exp
    if kind == "silent":
        return (
            f"{share:.0%} of the neurons were silent for a whole epoch; lower theta ({theta}), or "
            f"raise w_exp ({w_exp}) or the first weights (weight_span, deep_span)"
        )
    return (
        f"{share:.0%} of the neurons spiked in more than {BUSY:.0%} of an epoch's ticks; raise "
        f"theta ({theta}), or lower w_exp ({w_exp}) or the first weights (weight_span, deep_span)"
    )


def clipped(states: int, ticks: int, neurons: int) -> Warnings:
    """The warning for `states` state words clipped in so many ticks, if it is due."""
    rate = states / max(1, ticks * neurons)
    if rate <= CLIPPED:
        return {}
    text = (
        f"chip: {rate:.1f} state words per neuron and tick were clipped at their limits; lower "
        "w_exp or the first weights (weight_span, deep_span), or give the state more bits"
    )
    return {"chip clipped": text}


def no_better(mse: float, baseline: float) -> Warnings:
    """The warning for an error that is no smaller than that of answering the mean."""
    if mse < baseline:
        return {}
    text = (
        f"readout: the mean squared error {mse:.3g} is not below {baseline:.3g}, that of always "
        "answering the mean; give targets of about -1..1 (or raise logit_scale), lower threshold, "
        "or train longer"
    )
    return {"readout no better": text}


def at_limits(program: Program, weights: ArrayLike) -> Warnings:
    """The warnings for plastic projections whose weights lie at their limits.

    `weights` are those of a chip, int `(cores * axons, neurons of a core)`.
    """
    top, found = program.geometry.weight_max, {}
    for projection in program.plan.network.projections:
        own = program.weights_of(projection, weights)
        there = own != program.geometry.no_synapse
        share = float((np.abs(own[there]) == top).mean()) if there.any() else 0.0
        if projection.plastic and share > AT_LIMITS:
            name = f"{projection.source} -> {projection.target}"
            found[f"{name} at limits"] = (
                f"{name}: {share:.0%} of the weights are at +-{top}, their limit; raise eta_shift "
                "(smaller steps) or weight_bits"
            )
    return found
