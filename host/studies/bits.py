"""What weight bits and rounding are worth when the chip learns.

The same network learns with weights of 4, 6, 8 and 16 bits, each with stochastic and with nearest
rounding, at the same learning rate (see `precision`): a weight step of 4 bits is 16 steps of 8
bits, so an update of less than half a step is lost to nearest rounding. 16-bit weights are finer
as far as w_exp and eta_shift can follow; the other bits make their range larger.
"""

from __future__ import annotations

from pathlib import Path
from statistics import mean
from typing import Any

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, RunSettings, Settings
from axonloop.host.console import notice
from axonloop.host.data import split_digits
from axonloop.host.files import write_json
from axonloop.host.studies.populations import Copy, require_new_study, train_all
from axonloop.host.training import with_bits
from axonloop.models.checks import require_range
from axonloop.models.config import Rounding

BITS = (4, 6, 8, 16)
RESULTS, PICTURE = "bits.json", "bits.png"


def settings_of(bits: int, rounding: Rounding, seed: int, epochs: int) -> Settings:
    """The settings of one run: those of `study layers` for one layer, halved every two epochs."""
    base = Settings(
        network=NetworkSettings(layers=(128,), weight_span=16),
        objective=ObjectiveSettings(threshold=12.0),
        run=RunSettings(seed=seed, epochs=epochs, anneal=2),
    )
    usual = base.changed({"network": {"parameters": {"eta_shift": 4}}})
    return with_bits(usual, bits, rounding)


def study_bits(out: Path, seeds: int, epochs: int, limit: int | None) -> None:
    """Run all with seeds 1..`seeds`, a population for each kind of chip; results go into `out`.

    Raises ValueError for numbers out of range, or if `out` holds results already.
    """
    require_range("seeds", seeds, 1, 1000)
    require_new_study(out, RESULTS)
    points, digits = [], split_digits()
    for bits in BITS:
        for rounding in Rounding:
            every = [
                settings_of(bits, rounding, seed, epochs).changed({"task": {"limit": limit}})
                for seed in range(1, seeds + 1)
            ]
            points.append(_summarise(bits, rounding, train_all(every, digits)))
            notice(f"{bits} bits, {rounding.name.lower()}: {100 * points[-1]['accuracy']:.2f} %")
    write_json(out / RESULTS, points)
    _show(points)
    from axonloop.host.pictures import save
    from axonloop.host.studies.weight_pictures import draw_bits

    save(draw_bits(points), out / PICTURE)


def _summarise(bits: int, rounding: Rounding, copies: list[Copy]) -> dict[str, Any]:
    return {
        "bits": bits,
        "rounding": rounding.name.lower(),
        "accuracies": [copy.accuracy for copy in copies],
        "accuracy": mean(copy.accuracy for copy in copies),
        "visits": mean(copy.counters["visits"] for copy in copies),
        "updates": mean(copy.counters["updates"] for copy in copies),
    }


def _show(points: list[dict[str, Any]]) -> None:
    print(f"{'bits':>4}  {'rounding':<12}{'accuracy':>10}{'visits':>14}{'changed':>12}   seeds")
    for point in points:
        seeds = ", ".join(f"{100 * value:.2f}" for value in point["accuracies"])
        print(
            f"{point['bits']:>4}  {point['rounding']:<12}{100 * point['accuracy']:>8.2f} %"
            f"{point['visits']:>14,.0f}{point['updates']:>12,.0f}   {seeds}"
        )
