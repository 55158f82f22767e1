"""What error-triggered learning saves: accuracy against synaptic updates.

Learning without a threshold sends all that 8 bits of error can hold: steps of 1/64. The yardstick
is the variant of it that does best here; of two alike, the cheaper. One more dense variant has
steps of 1/16 and so is silent below 1/32: as accurate in cross-validation, and cheaper. The
learning rate is 2^-eta_shift / threshold per unit of gradient and of Pq; annealed, it is halved
after every few epochs. A coarse Pq (3 bits less) is 0, and so not visited, more often.
`visits` counts the synapses that learning read, computed and wrote back: the work that events
save. `updates` counts those among them that rounding really changed. All variants were chosen by
cross-validation on the training and validation parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Any

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.training import Learned

NEURONS = 128
"""Half of what `train digits` takes: learning without a threshold is slow on the golden model."""
WEIGHT_SPAN = 16
FINE, COARSE = (4, 16), (7, 2)
"""pq_shift, and pq_on of the bias to go with it."""
FULL_STEP = 1 / 64
"""Error step of threshold-free learning: 8 bits hold +-2, more than any gradient here."""


@dataclass(frozen=True)
class Variant:
    """A way to send errors; `threshold` and `eta_shift` together set the learning rate."""

    name: str
    errors: str
    threshold: float
    eta_shift: int
    pq: tuple[int, int]
    anneal: int | None = None

    @property
    def full(self) -> bool:
        """Whether no error is left out but for the error's own width."""
        return self.errors == "dense" and self.threshold == FULL_STEP

    def settings(self, seed: int, epochs: int, limit: int | None) -> Settings:
        """The settings of one run."""
        base = Settings(
            network=NetworkSettings(layers=(NEURONS,), weight_span=WEIGHT_SPAN),
            task=TaskSettings(limit=limit),
            objective=ObjectiveSettings(
                errors=self.errors,
                threshold=self.threshold,
                error_limit=1 if self.errors == "sigma-delta" else 127,
            ),
            run=RunSettings(seed=seed, epochs=epochs, anneal=self.anneal),
        )
        pq_shift, pq_on = self.pq
        parameters = replace(
            base.network.parameters, eta_shift=self.eta_shift, pq_shift=pq_shift, pq_on=pq_on
        )
        return base.changed({"network": {"parameters": parameters}})


VARIANTS = (
    Variant("dense", "dense", FULL_STEP, 12, FINE),
    Variant("dense, annealed", "dense", FULL_STEP, 12, FINE, anneal=3),
    Variant("dense, coarse Pq, annealed", "dense", FULL_STEP, 9, COARSE, anneal=3),
    Variant("dense in steps of 1/16, coarse Pq, annealed", "dense", 1 / 16, 7, COARSE, anneal=3),
    Variant("threshold 1/4, annealed", "threshold", 1 / 4, 5, COARSE, anneal=3),
    Variant("sigma-delta 8", "sigma-delta", 8, 1, COARSE),
    Variant("sigma-delta 12, annealed", "sigma-delta", 12, 1, COARSE, anneal=3),
    Variant("sigma-delta 16, annealed", "sigma-delta", 16, 1, COARSE, anneal=3),
    Variant("sigma-delta 16, fast start, annealed", "sigma-delta", 16, 0, COARSE, anneal=2),
)


def summarise(variant: Variant, runs: Sequence[Learned]) -> dict[str, Any]:
    """Means over the seeds of a variant, and its accuracies."""
    # Scoring changes no weights, so the counters of the whole run are those of training.
    return {
        "name": variant.name,
        "errors": variant.errors,
        "full": variant.full,
        "accuracies": [run.after for run in runs],
        "accuracy": mean(run.after for run in runs),
        "visits": mean(run.counters["visits"] for run in runs),
        "updates": mean(run.counters["updates"] for run in runs),
        "error_events": mean(run.counters["errors"] for run in runs),
    }


def yardstick(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The threshold-free variant of highest accuracy; of two alike, the one of fewer visits."""
    dense = [point for point in points if point["full"]]
    return max(dense, key=lambda point: (float(point["accuracy"]), -float(point["visits"])))
