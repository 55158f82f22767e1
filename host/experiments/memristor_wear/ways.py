"""Ways to send errors to memristors, from every gradient to few events.

All were chosen without the test part, by cross-validation: the yardstick is the dense way that was
the most accurate. Four things make events rare and each of them worth its write: the readout learns
too, on the host, and takes away what it can; errors are those of whole samples, sent once and in
several steps; only axons with a large trace are written, never the bias; and only neurons that are
near their threshold.
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
NEVER = 1e6
"""A threshold that no error reaches."""


@dataclass(frozen=True)
class Written:
    """What is written: pq_shift, q_inc, pq_on of the bias, and the box of neurons."""

    shift: int
    q_inc: int = 256
    bias: int = 0
    box: int = 2304


@dataclass(frozen=True)
class Way:
    """A way to send errors: the encoder, its quantum, the first tick with errors, learning rate.

    The learning rate is halved after every `anneal` of `epochs`. `readout`: its learning rate, 0
    for a fixed one, and the scale of logits. Weights start at -`span` to `span`.
    """

    name: str
    errors: str
    threshold: float
    burn_in: int
    eta_shift: int
    written: Written
    readout: tuple[float, float]
    anneal: int = 3
    epochs: int = 8
    neurons: int = NEURONS
    span: int = SPAN

    @property
    def dense(self) -> bool:
        """Whether every gradient is sent."""
        return self.errors == "dense"

    def settings(
        self,
        seed: int,
        memristor: str | None,
        epochs: int | None = None,
        limit: int | None = None,
        endurance: float | None = None,
    ) -> Settings:
        """The settings of a run; None: as many epochs as the way has, all samples, no end."""
        rate, scale = self.readout
        objective = ObjectiveSettings(
            errors=self.errors,
            threshold=self.threshold,
            error_limit=1 if self.errors == "sigma-delta" else 127,
            burn_in=self.burn_in,
            readout_rate=rate,
            logit_scale=scale,
        )
        base = Settings(
            NetworkSettings(
                layers=(self.neurons,),
                weight_span=self.span,
                memristor=memristor,
                endurance=endurance,
            ),
            TaskSettings(limit=limit),
            objective,
            RunSettings(seed=seed, epochs=epochs or self.epochs, anneal=self.anneal),
        )
        own = replace(
            base.network.parameters,
            eta_shift=self.eta_shift,
            pq_shift=self.written.shift,
            pq_on=self.written.bias,
            q_inc=self.written.q_inc,
            box=self.written.box,
        )
        return base.changed({"network": {"parameters": own}})


FIXED = (0.0, 0.06)
COARSE, COARSER = Written(7, bias=2), Written(8, bias=1)
YARDSTICK = Way("dense", "dense", STEP, 12, 9, COARSE, (2e-4, 0.1))
CHOSEN = Way("samples", "sample", 3.0, 20, 0, Written(8, 166, 0, 1300), (2e-4, 0.3))
WIDE = 2 * NEURONS
OTHERS = (
    replace(YARDSTICK, name="the readout alone", errors="sample", threshold=NEVER),
    replace(YARDSTICK, name="dense, fixed readout", readout=FIXED),
    Way("sigma-delta, fixed readout", "sigma-delta", 16, 26, 0, COARSER, FIXED, 2, 6),
    replace(YARDSTICK, name="dense, 256 neurons", neurons=WIDE, span=2 * SPAN),
    replace(CHOSEN, name="samples, 256 neurons", neurons=WIDE, threshold=3.2),
)
