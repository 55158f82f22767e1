"""Deep local learning: what a second layer reads, beside the single-layer network.

Every layer has a fixed random readout and a loss of its own (Kaiser et al. 2020), so each has an
accuracy. The first layer of the deep network is the single-layer network, split over two cores.
"""

from __future__ import annotations

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
from axonloop.host.files import write_json
from axonloop.host.studies.many_runs import run_all
from axonloop.models.checks import require_range

RESULTS, PICTURE = "layers.json", "layers.png"
NETWORKS = {"one layer": ((128,), "1x1"), "two layers": ((128, 128), "2x2")}
"""Layers and mesh of each network."""


def settings_of(name: str, seed: int, epochs: int, limit: int | None) -> Settings:
    """The settings of one run, found by cross-validation."""
    layers, mesh = NETWORKS[name]
    base = Settings(
        network=NetworkSettings(layers=layers, mesh=mesh, weight_span=16),
        task=TaskSettings(limit=limit),
        objective=ObjectiveSettings(threshold=12.0),
        run=RunSettings(seed=seed, epochs=epochs, anneal=4),
    )
    return base.changed({"network": {"parameters": {"eta_shift": 4}}})


def study_layers(
    out: Path, seeds: int, epochs: int, limit: int | None, jobs: int, device: str
) -> None:
    """Run both networks with seeds 1..`seeds` and write results and picture into `out`."""
    require_range("seeds", seeds, 1, 1000)
    tasks = [
        (out / f"{name.replace(' ', '-')}-seed{seed}", settings_of(name, seed, epochs, limit))
        for name in NETWORKS
        for seed in range(1, seeds + 1)
    ]
    runs = run_all(tasks, jobs, device)
    points = [
        point
        for place, name in enumerate(NETWORKS)
        for point in summarise(name, runs[place * seeds : (place + 1) * seeds])
    ]
    write_json(out / RESULTS, points)
    _show(points)
    from axonloop.host.pictures import save
    from axonloop.host.studies.layer_pictures import draw_layers

    save(draw_layers(points), out / PICTURE)


def summarise(name: str, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every layer of a network: its accuracies over the seeds, and their mean."""
    layers = zip(*(run["layer_accuracies"] for run in runs), strict=True)
    return [
        {"network": name, "layer": k, "accuracies": list(values), "accuracy": mean(values)}
        for k, values in enumerate(layers, 1)
    ]


def _show(points: list[dict[str, Any]]) -> None:
    single = points[0]["accuracy"]
    print(f"{'network':<14}{'layer':>6}{'accuracy':>12}{'lost':>8}   seeds")
    for point in points:
        seeds = ", ".join(f"{100 * value:.2f}" for value in point["accuracies"])
        print(
            f"{point['network']:<14}{point['layer']:>6}{100 * point['accuracy']:>10.2f} %"
            f"{100 * (single - point['accuracy']):>8.2f}   {seeds}"
        )
