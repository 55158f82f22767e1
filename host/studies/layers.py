"""Deep local learning: what a second layer reads, beside the single-layer network.

Every layer has a fixed random readout and a loss of its own (Kaiser et al. 2020), so each has an
accuracy. The first layer of the deep network is the single-layer network, split over two cores.
"""

from __future__ import annotations

from statistics import mean
from typing import Any

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import Column, Progress, percent, percents
from axonloop.host.order import Metrics, Order
from axonloop.host.studies.layer_pictures import draw_layers
from axonloop.host.studies.many_runs import run_all

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


TABLES = {
    "rows": (
        Column("network"),
        Column("layer"),
        Column("accuracy", show=percent),
        Column("lost", show="{:.2f}".format),
        Column("seeds", "accuracies", percents),
    )
}


def measure(order: Order, progress: Progress) -> Metrics:
    """Run both networks with all seeds, each run in a folder below that of the study."""
    tasks = [
        (
            order.folder / f"{name.replace(' ', '-')}-seed{seed}",
            settings_of(name, seed, order.epochs, order.limit),
        )
        for name in NETWORKS
        for seed in order.seeds
    ]
    runs, seeds = run_all(tasks, order.jobs, str(order.device), progress), len(order.seeds)
    points = [
        point
        for place, name in enumerate(NETWORKS)
        for point in summarise(name, runs[place * seeds : (place + 1) * seeds])
    ]
    for point in points:
        point["lost"] = 100 * (points[0]["accuracy"] - point["accuracy"])
    return {"rows": points}


def summarise(name: str, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every layer of a network: its accuracies over the seeds, and their mean."""
    layers = zip(*(run["layer_accuracies"] for run in runs), strict=True)
    return [
        {"network": name, "layer": k, "accuracies": list(values), "accuracy": mean(values)}
        for k, values in enumerate(layers, 1)
    ]


draw = draw_layers
