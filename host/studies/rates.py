"""Seeds x error rate: a population of chips learns online, each with its own seed and error rate.

A controller holds the share of neurons that hear of an error per tick at the rate of the copy. All
copies run at once on the batched emulator; the first is trained again, alone on the golden model,
and must end with the same weights and spikes.
"""

from __future__ import annotations

from dataclasses import asdict
from statistics import mean
from typing import Any

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import Column, Progress, notice, percent, percents
from axonloop.host.data import Digits, split_digits
from axonloop.host.devices import open_device
from axonloop.host.order import Metrics, Order
from axonloop.host.studies.populations import Copy, train_all
from axonloop.host.studies.weight_pictures import draw_rates
from axonloop.host.training import chip_config, lone_trainer, telling

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Shares of neurons in error per tick."""


def settings_of(rate: float, seed: int, epochs: int, limit: int | None) -> Settings:
    """The settings of one copy."""
    return Settings(
        network=NetworkSettings(layers=(128,), weight_span=16),
        task=TaskSettings(limit=limit),
        objective=ObjectiveSettings(event_rate=rate),
        run=RunSettings(seed=seed, epochs=epochs, anneal=1),
    )


TABLES = {
    "rows": (
        Column("error rate", "rate", lambda rate: f"{100 * rate:g} %"),
        Column("accuracy", show=percent),
        Column("error events", "error_events", "{:,.0f}".format),
        Column("visits", show="{:,.0f}".format),
        Column("seeds", "accuracies", percents),
    )
}


def measure(order: Order, progress: Progress) -> Metrics:
    """Train every rate with all seeds at once, and the first copy again, alone.

    Raises RuntimeError if the first copy and the golden model end apart.
    """
    every = [
        settings_of(rate, seed, order.epochs, order.limit) for rate in RATES for seed in order.seeds
    ]
    digits, seeds = split_digits(), len(order.seeds)
    copies = train_all(every, digits, progress)
    points = [
        _summarise(rate, copies[place * seeds : (place + 1) * seeds])
        for place, rate in enumerate(RATES)
    ]
    alone, first = _trained_alone(every[0], digits, progress), copies[0]
    if alone != (first.weight_hash, first.spike_hash):
        raise RuntimeError(
            f"first copy must be bit for bit the run on the golden model, not {first.weight_hash!r}"
        )
    notice("the first copy equals a run on the golden model: weights and all spikes")
    return {"rows": points, "copies": [asdict(copy) for copy in copies]}


def _trained_alone(settings: Settings, digits: Digits, progress: Progress) -> tuple[str, str]:
    """Weight hash and spike hash of the same run on the golden model."""
    with open_device("golden", chip_config(settings)) as device:
        trainer = lone_trainer(device, settings, digits)
        trainer.run(telling(trainer, progress))
        trainer.scores(trainer.test)
        return trainer.weight_hashes()[0], trainer.spike_hashes()[0]


def _summarise(rate: float, copies: list[Copy]) -> dict[str, Any]:
    return {
        "rate": rate,
        "accuracies": [copy.accuracy for copy in copies],
        "accuracy": mean(copy.accuracy for copy in copies),
        "visits": mean(copy.counters["visits"] for copy in copies),
        "error_events": mean(copy.counters["errors"] for copy in copies),
    }


draw = draw_rates
