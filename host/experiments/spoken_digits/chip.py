"""The chip's network on spoken digits, recurrent or feed-forward, and how it learns in the loop.

Both have the same neurons, traces, readout, first input weights and epochs; one has synapses with
itself besides. Its recurrent axons have traces of their own (see `recurrence.chip`). A batch of
words learns at once on the emulator: each step is the exact sum of what the words ask for, rounded
once, in the chip's bits (docs/batched.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
)
from axonloop.host.data import Data
from axonloop.host.experiments.recurrence.chip import NEURON as PLAIN
from axonloop.host.experiments.spoken_digits.words import TICKS
from axonloop.host.training import Descent, OwnNetwork, Weights, batch_trainer, network_of

KINDS = ("feed-forward", "recurrent")
NEURONS, LAST, BATCH = 128, 8, 20
"""Neurons of the layer, last ticks that the readout hears, words that learn at once."""
NEURON = replace(PLAIN, pq_shift=5)
TRACES = replace(NEURON, q_inc=128, pq_shift=8)
"""Recurrent axons have traces that make smaller steps."""
SLOWER = 3
"""Halvings of the steps that tune: larger ones undo what was trained off the chip."""
DESCENT = Descent(epochs=3, batch=50, rate=5.0, scale=0.1, steepness=10.0, exact=False)


def settings_of(kind: str, seed: int, epochs: int, data: Data) -> Settings:
    """How a network of one of KINDS learns from random weights on open words."""
    recurrent = kind == "recurrent"
    network = NetworkSettings(
        layers=(NEURONS,),
        weight_bits=16,
        weight_span=160,
        recurrent_span=32 if recurrent else None,
        recurrent_traces=TRACES if recurrent else None,
        parameters=NEURON,
    )
    objective = ObjectiveSettings(
        burn_in=TICKS - LAST,
        readout_leak=3277,
        logit_scale=0.1,
        errors="sigma-delta",
        threshold=2.0,
        error_limit=1,
    )
    run = RunSettings(seed=seed, epochs=epochs, anneal=-(-epochs // 3))
    return Settings(network, objective=objective, run=run, data=data.description).fitted(data)


def tuned_of(settings: Settings) -> Settings:
    """How it goes on from weights that are good already: by smaller steps."""
    slower = settings.network.parameters.eta_shift + SLOWER
    return settings.changed({"network": {"parameters": {"eta_shift": slower}}})


@dataclass(frozen=True)
class LoopRun:
    """What became of a chip: accuracies in 0..1 of its test part, before and after learning.

    `validation` has those of the validation part after each epoch.
    """

    before: float
    after: float
    validation: list[float]
    weight_hash: str
    counters: dict[str, int]


def learned(settings: Settings, data: Data, weights: Weights | None) -> LoopRun:
    """Load weights (None: the random first ones), score, learn, score."""
    batch = min(BATCH, len(data.train))
    trainer = batch_trainer(settings, data, batch, OwnNetwork(network_of(settings)))
    if weights is not None:
        trainer.copies.load_weights(np.repeat(weights[None], batch, axis=0))
    before, *_ = trainer.final_scores()
    trainer.run()
    after, *_ = trainer.final_scores()
    return LoopRun(
        before,
        after,
        [entry["validation_accuracy"] for entry in trainer.position.history],
        trainer.weight_hashes()[0],
        trainer.copies.counters()[0],
    )
