"""What weight bits and rounding are worth when the chip learns.

The same network learns with weights of 4, 6, 8 and 16 bits, each with stochastic and with nearest
rounding, at the same learning rate (see `precision`): a weight step of 4 bits is 16 steps of 8
bits, so an update of less than half a step is lost to nearest rounding. 16-bit weights are finer
as far as w_exp and eta_shift can follow; the other bits make their range larger.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

from axonloop.host.checkpoint import write_json
from axonloop.host.experiments.batch import run_all
from axonloop.host.experiments.precision import with_bits
from axonloop.host.settings import Settings
from axonloop.models.config import Rounding, require_range

BITS = (4, 6, 8, 16)
RESULTS, PICTURE = "bits.json", "bits.png"


def settings_of(bits: int, rounding: Rounding, seed: int, epochs: int) -> Settings:
    """The settings of one run: those of `study layers` for one layer, halved every two epochs."""
    base = Settings(
        seed=seed, epochs=epochs, layers=(128,), weight_span=16, threshold=12.0, anneal=2
    )
    usual = replace(base, parameters=replace(base.parameters, eta_shift=4))
    return with_bits(usual, bits, rounding)


def study(out: Path, seeds: int, epochs: int, limit: int | None, jobs: int) -> None:
    """Run all with seeds 1..`seeds`, on the golden model; results and picture go into `out`.

    A study that was stopped goes on where it was. Raises ValueError for numbers out of range, or
    if `out` holds a study with other settings.
    """
    require_range("seeds", seeds, 1, 1000)
    kinds = [(bits, rounding) for bits in BITS for rounding in Rounding]
    tasks = [
        (
            out / f"{bits}-bits-{rounding.name.lower()}-seed{seed}",
            replace(settings_of(bits, rounding, seed, epochs), limit=limit),
        )
        for bits, rounding in kinds
        for seed in range(1, seeds + 1)
    ]
    runs = run_all(tasks, jobs)
    points = [
        _summarise(bits, rounding, runs[place * seeds : (place + 1) * seeds])
        for place, (bits, rounding) in enumerate(kinds)
    ]
    write_json(out / RESULTS, points)
    _show(points)
    from axonloop.host.experiments.weight_pictures import draw_bits

    draw_bits(out / PICTURE, points)


def _summarise(bits: int, rounding: Rounding, runs: list[dict[str, Any]]) -> dict[str, Any]:
    accuracies = [run["test_accuracy"] for run in runs]
    return {
        "bits": bits,
        "rounding": rounding.name.lower(),
        "accuracies": accuracies,
        "accuracy": mean(accuracies),
        "visits": mean(run["visits"] for run in runs),
        "updates": mean(run["updates"] for run in runs),
    }


def _show(points: list[dict[str, Any]]) -> None:
    print(f"{'bits':>4}  {'rounding':<12}{'accuracy':>10}{'visits':>14}{'changed':>12}   seeds")
    for point in points:
        seeds = ", ".join(f"{100 * value:.2f}" for value in point["accuracies"])
        print(
            f"{point['bits']:>4}  {point['rounding']:<12}{100 * point['accuracy']:>8.2f} %"
            f"{point['visits']:>14,.0f}{point['updates']:>12,.0f}   {seeds}"
        )
