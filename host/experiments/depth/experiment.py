"""Depth: layer 3 passes layer 1 where the answer comes late (Kaiser, Mostafa & Neftci 2020).

Classes of Randman, one spike per channel, and only the last ticks count, as in `recurrence-chip`,
but without recurrent synapses. A neuron's membrane and the traces of its axons forget by one leak;
a layer behind hears spikes that remember, and forgets from there on.

Layers are trained at once, each by its own readout, random and fixed, and its own error events;
nothing comes back from the layers behind. As controls, one layer as wide as all of them, and the
same networks in float (`DecolleBlock`, exact errors, batches; short descents).

Settings were chosen on the validation part with seed 11; the test part is scored at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits
from axonloop.host.experiments.depth.float import FloatDescent, descended
from axonloop.host.experiments.depth.picture import draw as draw
from axonloop.host.experiments.recurrence.chip import NEURON, data_of, feed_forward
from axonloop.host.experiments.recurrence.chip import settings_of as recurrent_settings
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.training import (
    Trainer,
    chip_config,
    groups_of,
    open_copies,
    task_parts,
    telling,
)

LAYERS = (64, 64, 64)
WIDE = (sum(LAYERS),)
"""One layer with as many neurons."""
DEEP_SPAN = 64
DEEP = replace(NEURON, q_inc=128, pq_shift=6)
"""Axons of neurons spike far more often than channels: their traces make smaller steps."""
EPOCHS, FULL_EPOCHS = 2, 5
DESCENT, FULL_DESCENT = FloatDescent(epochs=2), FloatDescent()
PAPER = "deeper layers read better (DVS gestures; a picture)"


@dataclass(frozen=True)
class Chain:
    """A trained network: accuracies of its layers in 0..1, and what all devices agree on."""

    seed: int
    accuracies: tuple[float, ...]
    weight_hash: str
    spike_hash: str
    counters: dict[str, int]


def settings_of(
    layers: tuple[int, ...], seed: int, epochs: int, limit: int | None = None
) -> Settings:
    """How a chain learns from random weights."""
    usual = feed_forward(recurrent_settings(seed, epochs, limit))
    network = replace(usual.network, layers=layers, deep=DEEP, deep_span=DEEP_SPAN)
    return replace(usual, network=network)


def learned(
    device: str, every: Sequence[Settings], data: Sequence[Digits], progress: Progress
) -> list[Chain]:
    """Train a chip for each of the settings and score all of its layers."""
    found: list[Chain] = []
    for group in groups_of(device, len(every)):
        own = [every[place] for place in group]
        parts = [task_parts(every[place], data[place]) for place in group]
        with open_copies(device, chip_config(own[0]), [each.run.seed for each in own]) as copies:
            trainer = Trainer(copies, own, parts)
            trainer.run(telling(trainer, progress))
            scores = trainer.scores([own_parts.final for own_parts in parts])
            weights, spikes = trainer.weight_hashes(), trainer.spike_hashes()
            found += [
                Chain(each.run.seed, score.layers, weight, spike, counted)
                for each, score, weight, spike, counted in zip(
                    own, scores, weights, spikes, copies.counters(), strict=True
                )
            ]
    return found


def measure(order: Order, progress: Progress) -> Metrics:
    """The chain and the wide layer with all seeds, on the device and in float."""
    epochs, descent = (FULL_EPOCHS, FULL_DESCENT) if order.full else (EPOCHS, DESCENT)
    data = [data_of(seed) for seed in order.seeds]
    chip, floats = {}, {}
    for name, layers in (("chain", LAYERS), ("wide", WIDE)):
        every = [settings_of(layers, seed, epochs, order.limit) for seed in order.seeds]
        chip[name] = learned(str(order.device), every, data, progress)
        floats[name] = [
            descended(settings, own, descent, progress)
            for settings, own in zip(every, data, strict=True)
        ]
    chains = {name: [run.accuracies for run in runs] for name, runs in chip.items()}
    rows = [
        ResultRow(
            f"layer {k + 1} of {len(LAYERS)}, {size} neurons each",
            PAPER if k else "prints none",
            percent([own[k] for own in floats["chain"]]),
            percent([own[k] for own in chains["chain"]]),
        )
        for k, size in enumerate(LAYERS)
    ]
    gained = [own[-1] - own[0] for own in chains["chain"]]
    gained_float = [own[-1] - own[0] for own in floats["chain"]]
    rows += [
        ResultRow("layer 3 above layer 1", "above 0", percent(gained_float), percent(gained)),
        ResultRow(
            f"one layer of {WIDE[0]} neurons",
            "prints none",
            percent([own[0] for own in floats["wide"]]),
            percent([own[0] for own in chains["wide"]]),
        ),
    ]
    return {
        "epochs": epochs,
        "sizes": list(LAYERS),
        "chip": {name: [vars(run) for run in runs] for name, runs in chip.items()},
        "float": floats,
        "rows": rows,
    }
