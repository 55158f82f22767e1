"""Independent components on memristors (Fouda, Neftci, Eltawil & Kurdahi 2019; figure 10).

Two Laplacian sources are mixed by a rotation; the error-gated Hebbian rule unmixes them, a sample
at a time, and every change becomes pulses for one device per weight with a reference:

    u = W x        dW = eta (E0 - E(u)) g(u) x^T        E = sqrt 2 sum |u|, g = sqrt 2 sign(u)

With E0 = c (N + 1), here 3, W ends at the inverse of the mixture but for signs and order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.experiments.memristor.ica_picture import draw as draw
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.models.memristor import (
    Memristor,
    MemristorArray,
    Spread,
    WeightMapping,
    find_memristor,
)

Floats = NDArray[np.float64]
MEMRISTOR = "mo-tiox-tin"
SAMPLES, ANGLE, ENERGY = 10_000, np.pi / 6, 3.0
RATE, FIRST, MOST = 0.001, 0.1, 1.1
"""eta; sd of the first weights around 1 and 0, and the largest. Chosen, without devices, with seeds
101 to 180, which are not reported."""
EVERY = 50
"""Samples between two points of a curve."""
LAST = 1000
"""Samples at the end of which the distance is the mean: it wobbles with each."""


@dataclass(frozen=True)
class PulseVariant:
    """How a wanted change becomes pulses, and what the devices are like.

    `way` is "ideal" (no device), "exact" and "linear" (the compensation), "gain" (that of the
    middle of the range, by polarity) or "same" (as many pulses up as down). `parts` of a pulse are
    the smallest there is, rounded at random; 0: any. The pulses of each device are divided by its
    gain, measured before by `calibration` pulses up and as many down; 0: they are not.
    """

    name: str
    way: str
    limit: float = 2.0
    spread: Spread = Spread()
    parts: int = 0
    calibration: int = 0
    paper: str = ""


_WRITES, _BOTH = Spread(write=0.25), Spread(rate=0.25, write=0.25)
VARIANTS = (
    PulseVariant("ideal", "ideal"),
    PulseVariant("the same pulses up and down", "same"),
    PulseVariant("a gain per polarity", "gain"),
    PulseVariant("a gain per polarity, Wmax 1.2", "gain", 1.2),
    PulseVariant("compensated, exact", "exact"),
    PulseVariant("compensated, linear", "linear"),
    PulseVariant("compensated, linear, Wmax 1.2", "linear", 1.2),
    PulseVariant("writes vary by 25 %", "linear", spread=_WRITES),
    PulseVariant(
        "devices and writes vary by 25 %", "linear", spread=_BOTH, paper="ends near, wobbles"
    ),
    *(
        PulseVariant(
            f"the same, gain of each device calibrated by {pulses} pulses",
            "linear",
            spread=_BOTH,
            calibration=pulses,
        )
        for pulses in (40, 160)
    ),
    PulseVariant("whole 1/256 of a pulse", "linear", parts=256),
    PulseVariant("whole 1/64 of a pulse", "linear", parts=64),
    PulseVariant("whole 1/16 of a pulse", "linear", parts=16),
    PulseVariant("whole pulses", "linear", parts=1),
)


def sources(samples: int, seed: int) -> Floats:
    """Laplacian sources of variance 1, `(samples, 2)`."""
    return np.random.default_rng(seed).laplace(0, 1 / np.sqrt(2), (samples, 2))


def mixture() -> Floats:
    """The rotation A, so that x = A s."""
    cos, sin = np.cos(ANGLE), np.sin(ANGLE)
    return np.array([[cos, -sin], [sin, cos]])


def amari(product: Floats) -> Floats:
    """Amari's distance of W A `(..., n, n)` from a scaled permutation, in 0..1."""
    size = np.abs(product)
    several = product.shape[-1]
    rows = (size.sum(-1) / size.max(-1) - 1).sum(-1)
    columns = (size.sum(-2) / size.max(-2) - 1).sum(-1)
    found: Floats = (rows + columns) / (2 * several * (several - 1))
    return found


class Weights:
    """Weights of many seeds at once, `(seeds, 2, 2)`, on devices or without."""

    def __init__(self, variant: PulseVariant, kind: Memristor, first: Floats, seed: int) -> None:
        self.variant, self._random = variant, np.random.default_rng(seed)
        self.kind = replace(kind, spread=variant.spread)
        self.mapping = WeightMapping(self.kind, variant.limit)
        self._ideal = first.copy()
        self.array = MemristorArray(
            self.kind, first.shape, self._random, self.mapping.with_reference(first)
        )
        self._gains = np.ones(()), np.ones(())
        if variant.calibration:
            self._gains = gains(self.array, self.kind, variant.calibration)
            self.array.verify(self.mapping.with_reference(first), self.kind.range / 100)

    @property
    def values(self) -> Floats:
        """What the synapses weigh."""
        if self.variant.way == "ideal":
            return self._ideal
        return self.mapping.against_reference(self.array.conductance)

    def change(self, wanted: Floats) -> None:
        """Write changes of weights, as the variant does."""
        if self.variant.way == "ideal":
            self._ideal += wanted
            return
        pulses = self._pulses(wanted / self.variant.limit * self.kind.range / 2)
        pulses = pulses / np.where(pulses > 0, *self._gains)
        parts = self.variant.parts
        if parts:
            pulses = np.floor(pulses * parts + self._random.random(pulses.shape)) / parts
        self.array.pulse(pulses)

    def _pulses(self, change: Floats) -> Floats:
        """Pulses with their sign for changes of the conductance in nS."""
        up, down = self.kind.exponential
        at, rising = self.array.conductance, change > 0
        if self.variant.way in ("gain", "same"):
            rates = up.rate, down.rate
            if self.variant.way == "same":
                rates = (np.mean(rates).item(),) * 2
            found: Floats = change / (np.where(rising, *rates) * self.kind.range / 2)
            return found
        end = self.kind.range / 254
        within = np.clip(at, self.kind.low + end, self.kind.high - end)
        if self.variant.way == "exact":
            top, bottom = 0.95 * (self.kind.high - within), 0.95 * (self.kind.low - within)
            return self.kind.pulses_for(within, np.clip(change, bottom, top))
        rise, fall = (self.kind.high - within) * up.rate, (within - self.kind.low) * down.rate
        linear: Floats = change / np.where(rising, rise, fall)
        return linear


def gains(array: MemristorArray, kind: Memristor, rounds: int) -> tuple[Floats, Floats]:
    """How many pulses one pulse of each device is worth, up and down: measured by writing."""
    found = []
    for sign in (1, -1):
        worth = []
        for _ in range(rounds):
            array.verify((kind.low + kind.high) / 2, kind.range / 20)
            before = array.conductance
            array.pulse(sign)
            worth.append(sign * kind.pulses_for(before, array.conductance - before))
        found.append(np.mean(worth, axis=0))
    return found[0], found[1]


def learned(
    variant: PulseVariant, kind: Memristor, seeds: Sequence[int], samples: int
) -> dict[str, Any]:
    """Learn for all `seeds` at once; curves of Amari's distance, last weights, outputs."""
    mixed = mixture()
    heard = np.stack([sources(samples, seed) for seed in seeds], axis=1)
    inputs = heard @ mixed.T
    first = [np.random.default_rng([7, seed]).normal(0, FIRST, (2, 2)) for seed in seeds]
    weights = Weights(variant, kind, np.clip(np.eye(2) + first, -MOST, MOST), 1)
    curve, path = [], []
    for sample in range(samples):
        x = inputs[sample]
        u = np.einsum("sij,sj->si", weights.values, x)
        gate = ENERGY - np.sqrt(2) * np.abs(u).sum(-1)
        step = (RATE * gate)[:, None] * np.sqrt(2) * np.sign(u)
        weights.change(step[:, :, None] * x[:, None, :])
        if (sample + 1) % EVERY == 0:
            curve.append(amari(weights.values @ mixed))
            path.append(weights.values[0].ravel().copy())
    distances = np.array(curve)
    last = heard[-LAST:]
    outputs = np.einsum("sij,tsj->tsi", weights.values, inputs[-LAST:])
    worst = [_worst(last[:, seed], outputs[:, seed]) for seed in range(len(seeds))]
    return {
        "amari": distances[-LAST // EVERY :].mean(0).tolist(),
        "correlation": worst,
        "curve": distances.mean(1).tolist(),
        "path": np.array(path).tolist(),
        "writes": float(weights.array.writes.mean()),
        "outputs": outputs[:, 0].tolist(),
        "weights": weights.values[0].tolist(),
    }


def _worst(heard: Floats, outputs: Floats) -> float:
    """The lower one of both sources' best correlation with an output."""
    both = np.abs(np.corrcoef(heard.T, outputs.T)[:2, 2:])
    return float(both.max(1).min())


def measure(order: Order, progress: Progress) -> Metrics:
    """All variants, on the memristor that is asked for; each variant has its own spread."""
    kind = find_memristor(order.memristor or MEMRISTOR)
    found = {}
    for done, variant in enumerate(VARIANTS):
        found[variant.name] = learned(variant, kind, order.seeds, SAMPLES)
        progress("train", done + 1, len(VARIANTS))
    shown = {name: each.pop("outputs") for name, each in found.items()}
    heard = sources(SAMPLES, order.seeds[0])[-LAST:]
    more = {"sources": heard.tolist(), "mixed": (heard @ mixture().T).tolist(), "outputs": shown}
    head = "Amari's distance: mean, median (least to most); correlation of the worse source"
    rows = [ResultRow(head, "", "")]
    rows += [_row(variant, found[variant.name]) for variant in VARIANTS]
    return {"every": EVERY, "variants": found, "rows": rows, "shown": more}


def _row(variant: PulseVariant, found: Mapping[str, Any]) -> ResultRow:
    distances = found["amari"]
    text = f"{mean(distances):.3f}, {median(distances):.3f} ({min(distances):.3f} to "
    text += f"{max(distances):.3f})"
    correlation = f"{mean(found['correlation']):.3f}"
    return ResultRow(variant.name, variant.paper, f"{text}; {correlation}")
