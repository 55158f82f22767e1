"""Ways to send errors to memristors, from every gradient to few late events.

All were chosen by the validation part (seeds 11 to 13; the test part was left alone): the yardstick
is the dense way of highest accuracy there. Three things make events rare and each of them worth its
write: errors are made in the last ticks alone, when the readout has seen the sample; the quantum of
sigma-delta is large, with a step to match; and only axons with a large trace are written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)

NEURONS, SPAN = 128, 16
STEP = 1 / 64
"""Error step of threshold-free learning: 8 bits hold +-2, more than any gradient here."""


@dataclass(frozen=True)
class Way:
    """A way to send errors: quantum, first tick with errors, learning rate, the size of traces.

    `trace` is pq_shift, and pq_on of the bias to go with it; the learning rate is halved after
    every `anneal` of `epochs`.
    """

    name: str
    threshold: float
    burn_in: int
    eta_shift: int
    trace: tuple[int, int]
    anneal: int
    epochs: int
    neurons: int = NEURONS

    @property
    def dense(self) -> bool:
        """Whether every gradient is sent."""
        return self.threshold == STEP

    def settings(
        self,
        seed: int,
        memristor: str | None,
        epochs: int | None = None,
        limit: int | None = None,
        endurance: float | None = None,
    ) -> Settings:
        """The settings of a run; None: as many epochs as the way has, all samples, no end."""
        base = Settings(
            NetworkSettings(
                layers=(self.neurons,), weight_span=SPAN, memristor=memristor, endurance=endurance
            ),
            TaskSettings(limit=limit),
            ObjectiveSettings(
                errors="dense" if self.dense else "sigma-delta",
                threshold=self.threshold,
                error_limit=127 if self.dense else 1,
                burn_in=self.burn_in,
            ),
            RunSettings(seed=seed, epochs=epochs or self.epochs, anneal=self.anneal),
        )
        shift, on = self.trace
        own = replace(base.network.parameters, eta_shift=self.eta_shift, pq_shift=shift, pq_on=on)
        return base.changed({"network": {"parameters": own}})


COARSE, COARSER = (7, 2), (8, 1)
YARDSTICK = Way("dense", STEP, 12, 9, COARSE, 3, 8)
CHOSEN = Way("sigma-delta 16, last 14 ticks", 16, 26, 0, COARSER, 2, 6)
WIDE = 2 * NEURONS
OTHERS = (
    Way("dense, last 14 ticks", STEP, 26, 9, COARSE, 3, 8),
    Way("sigma-delta 16, all ticks", 16, 12, 1, COARSE, 3, 8),
    Way("sigma-delta 24, last 14 ticks", 24, 26, 0, COARSER, 2, 6),
    Way("dense, 256 neurons", STEP, 12, 9, COARSE, 3, 8, WIDE),
    Way("sigma-delta 16, last 14 ticks, 256 neurons", 16, 26, 0, COARSER, 2, 6, WIDE),
)
