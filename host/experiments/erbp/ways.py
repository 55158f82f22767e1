"""Ways to spend fewer operations in event-driven random backpropagation.

Each is a network of 64 inputs with its code, ticks, neurons and error neurons. Settings were chosen
on the validation part with seeds 11 and 12, for accuracy at 2 to 14 million operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from axonloop.host.configuration import DEEP, PARAMETERS, Settings
from axonloop.host.experiments.erbp.digits import TEACHING, settings_of
from axonloop.host.processing import Teaching
from axonloop.models.config import ResetMode

LATENCY_NEURON = replace(
    PARAMETERS,
    alpha_n=3900,
    beta_n=1000,
    theta=2200,
    box=6000,
    w_exp=6,
    reset_mode=ResetMode.SUBTRACT,
    alpha_p=3900,
    beta_p=1000,
    eta_shift=9,
)
"""A hidden neuron that hears one spike of each pixel."""
LATENCY_OUTPUT = replace(
    DEEP,
    alpha_n=3900,
    theta=1000,
    box=6000,
    w_exp=1,
    alpha_p=3900,
    beta_p=1500,
    pq_shift=3,
    eta_shift=4,
)
SHORT_NEURON = replace(
    PARAMETERS,
    alpha_n=3900,
    beta_n=500,
    theta=2200,
    box=3000,
    reset_mode=ResetMode.NONE,
    alpha_p=3900,
    beta_p=500,
    pq_shift=3,
)
"""A hidden neuron for few ticks of a regular code."""
SHORT_OUTPUT = replace(
    DEEP, alpha_n=3900, box=6000, w_exp=1, alpha_p=3900, beta_p=1500, pq_shift=3, eta_shift=4
)


@dataclass(frozen=True)
class CheaperWay:
    """A name, the hidden layers, and what of the settings is not as in `erbp-digits`."""

    name: str
    hidden: tuple[int, ...] = (100,)
    teaching: Teaching = TEACHING
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def settings(self, seed: int, epochs: int, limit: int | None) -> Settings:
        """The settings of a seed."""
        own = settings_of(seed, epochs, limit).changed({"network": {"layers": (*self.hidden, 10)}})
        return own.changed(self.changes)


def _latency(name: str, *hidden: int, later: int = 0) -> CheaperWay:
    """Eight ticks, one spike per pixel; `later` halves the steps that many times."""
    neuron, output = (
        replace(each, eta_shift=each.eta_shift + later) for each in (LATENCY_NEURON, LATENCY_OUTPUT)
    )
    network: dict[str, Any] = {
        "parameters": neuron,
        "deep": output,
        "weight_span": 32,
        "deep_span": 32,
        "lanes": 2,
    }
    changes: dict[str, dict[str, Any]] = {
        "network": network,
        "task": {"ticks": 8, "encoding": "latency"},
        "objective": {"burn_in": 2},
    }
    return CheaperWay(name, hidden, Teaching(rate=0.8, threshold=1.0), changes)


SHORT: dict[str, dict[str, Any]] = {
    "network": {
        "parameters": SHORT_NEURON,
        "deep": SHORT_OUTPUT,
        "deep_span": 32,
        "lanes": 2,
    },
    "task": {"ticks": 8},
    "objective": {"burn_in": 2},
}
WAYS = (
    CheaperWay("20 ticks, regular code (erbp-digits)"),
    CheaperWay("8 ticks, regular code", (100,), Teaching(rate=0.8, threshold=1.0), SHORT),
    _latency("8 ticks, latency code", 100),
    _latency("the same, threefold: 64-300-10", 300),
    _latency("the same, deeper: 64-200-200-10", 200, 200, later=1),
)
