"""Seeds x error rate: a population of chips learns online, each with its own seed and error rate.

A controller holds the share of neurons that hear of an error per tick at the rate of the copy. All
copies run at once on the batched emulator; the first is trained again, alone on the golden model,
and must end with the same weights and spikes.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import notice, progress_bars
from axonloop.host.data import Digits, split_digits
from axonloop.host.devices import open_device
from axonloop.host.files import write_json
from axonloop.host.studies.populations import Copy, require_new_study, train_all
from axonloop.host.training import chip_config, lone_trainer, telling
from axonloop.models.checks import require, require_range

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
"""Shares of neurons in error per tick."""
RESULTS, PICTURE = "rates.json", "rates.png"


def settings_of(rate: float, seed: int, epochs: int, limit: int | None) -> Settings:
    """The settings of one copy."""
    return Settings(
        network=NetworkSettings(layers=(128,), weight_span=16),
        task=TaskSettings(limit=limit),
        objective=ObjectiveSettings(event_rate=rate),
        run=RunSettings(seed=seed, epochs=epochs, anneal=1),
    )


def study_rates(out: Path, seeds: int, epochs: int, limit: int | None) -> None:
    """Train every rate with seeds 1..`seeds` at once; results and picture go into `out`.

    Raises ValueError for numbers out of range, or if `out` holds results already.
    """
    require_range("seeds", seeds, 1, 1000)
    require_new_study(out, RESULTS)
    every = [
        settings_of(rate, seed, epochs, limit) for rate in RATES for seed in range(1, seeds + 1)
    ]
    digits = split_digits()
    copies = train_all(every, digits)
    points = [
        _summarise(rate, copies[place * seeds : (place + 1) * seeds])
        for place, rate in enumerate(RATES)
    ]
    same = _trained_alone(every[0], digits) == (copies[0].weight_hash, copies[0].spike_hash)
    write_json(out / RESULTS, {"points": points, "copies": [asdict(copy) for copy in copies]})
    _show(points)
    require(same, "first copy", "bit for bit the run on the golden model", copies[0].weight_hash)
    notice("the first copy equals a run on the golden model: weights and all spikes")
    from axonloop.host.pictures import save
    from axonloop.host.studies.weight_pictures import draw_rates

    save(draw_rates(points), out / PICTURE)


def _trained_alone(settings: Settings, digits: Digits) -> tuple[str, str]:
    """Weight hash and spike hash of the same run on the golden model."""
    with open_device("golden", chip_config(settings)) as device, progress_bars() as progress:
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


def _show(points: list[dict[str, Any]]) -> None:
    print(f"{'error rate':>10}{'accuracy':>11}{'error events':>14}{'visits':>13}   seeds")
    for point in points:
        seeds = ", ".join(f"{100 * value:.2f}" for value in point["accuracies"])
        print(
            f"{100 * point['rate']:>8g} %{100 * point['accuracy']:>9.2f} %"
            f"{point['error_events']:>14,.0f}{point['visits']:>13,.0f}   {seeds}"
        )
