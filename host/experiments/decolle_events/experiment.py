"""DECOLLE on events: three convolutions that learn locally on the chip (Kaiser et al. 2020).

Digits that a camera sees in three saccades, as of N-MNIST: generated ones, or the real set. Every
layer has a readout of its own, random and fixed, and its own error events, which the chip's
kernels learn from at all positions. Beside it the same network in float, as the paper has it:
exact errors and AdaMax. A batch of samples learns at once on the emulator; the chip's bits.

All settings were chosen on the validation part with seed 11; the test part is scored at the end.
"""

from __future__ import annotations

from typing import Any

from axonloop.host.console import Progress
from axonloop.host.data import Data, open_data
from axonloop.host.experiments.decolle_events.float import Descent, descended
from axonloop.host.experiments.decolle_events.network import (
    CHANNELS,
    description_of,
    network_of,
    settings_of,
    sizes,
)
from axonloop.host.experiments.decolle_events.picture import draw as draw
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.training import OwnNetwork, batch_trainer, telling

BATCH = 32
EPOCHS, ANNEAL = 5, 2
FULL_EPOCHS, FULL_ANNEAL = 8, 3
PAPER = "99.0 % (N-MNIST; 64, 128, 128 channels, kernels of 7)"


def measure(order: Order, progress: Progress) -> Metrics:
    """The network with all seeds, on the chip and in float."""
    epochs, anneal = (FULL_EPOCHS, FULL_ANNEAL) if order.full else (EPOCHS, ANNEAL)
    with open_data(description_of(order.data, order.limit)) as data:
        runs = [_trained(data, seed, epochs, anneal, progress) for seed in order.seeds]
    chip, floats = ([run[side]["test"] for run in runs] for side in ("chip", "float"))
    shapes = sizes(network_of(order.seeds[0]))
    rows = [
        ResultRow(
            f"layer {k + 1}: {channels} channels, {neurons:,} neurons, {weights:,} weights",
            PAPER if k == len(CHANNELS) - 1 else "worse the nearer to the input (a picture)",
            percent([own[k] for own in floats]),
            percent([own[k] for own in chip]),
        )
        for k, (channels, (neurons, weights)) in enumerate(zip(CHANNELS, shapes, strict=True))
    ]
    gained = [[own[-1] - own[0] for own in side] for side in (floats, chip)]
    rows.append(ResultRow("layer 3 above layer 1", "above 0", *(percent(own) for own in gained)))
    behind = [theirs[-1] - own[-1] for theirs, own in zip(floats, chip, strict=True)]
    rows.append(ResultRow("layer 3 of the chip below float", "", "", percent(behind)))
    return {"epochs": epochs, "channels": list(CHANNELS), "runs": runs, "rows": rows}


def _trained(data: Data, seed: int, epochs: int, anneal: int, progress: Progress) -> dict[str, Any]:
    """A seed: accuracies of all layers, in 0..1, behind each epoch and in the end."""
    settings = settings_of(seed, epochs, anneal, data.description).fitted(data)
    batch = min(BATCH, len(data.train))
    trainer = batch_trainer(settings, data, batch, OwnNetwork(network_of(seed)))
    ended, curve = descended(trainer, Descent(epochs, batch, anneal), progress)
    trainer.run(telling(trainer, progress))
    (score, *_) = trainer.final_each()
    return {
        "seed": seed,
        "float": {"test": ended, "validation": curve},
        "chip": {
            "test": list(score.layers),
            "validation": [own["layer_accuracies"] for own in trainer.position.history],
        },
        "weight_hash": trainer.weight_hashes()[0],
        "counters": trainer.copies.counters()[0],
    }
