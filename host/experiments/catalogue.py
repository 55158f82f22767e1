"""The experiments of the papers: one command each, one folder of results, lines of one page.

A module of this package holds each: `measure(order, progress)` returns its metrics, and
`draw(metrics)` its picture. What lies under "shown" is for the picture and is not written.
"""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any

from axonloop.host.console import progress_bars
from axonloop.host.devices import check_device_name
from axonloop.host.experiments.experiment import Order
from axonloop.host.files import require_writable, write_json
from axonloop.host.pictures import save
from axonloop.host.studies import require_new_study
from axonloop.host.training import POPULATION
from axonloop.models.checks import require

METRICS = "metrics.json"


@dataclass(frozen=True)
class Experiment:
    """Where it lives, what it follows, and the device it runs on by default; None: all in float."""

    module: str
    source: str
    device: str | None = None


EXPERIMENTS = {
    "memory": Experiment("gradient_cost", "Zenke & Neftci 2021, section II"),
    "recurrence": Experiment(
        "recurrence.float", "Zenke & Neftci 2021, figure 3; Zenke & Vogels 2021"
    ),
    "recurrence-chip": Experiment("recurrence.chip", "the same task on the chip", POPULATION),
    "spike-timing": Experiment("spike_timing.experiment", "Neftci 2018, figure 3", POPULATION),
    "decolle-regression": Experiment(
        "decolle.regression_experiment", "Kaiser, Mostafa & Neftci 2020, figure 1", "batched"
    ),
    "decolle-digits": Experiment(
        "decolle.digits", "Kaiser, Mostafa & Neftci 2020; Payvand et al. 2020", POPULATION
    ),
    "erbp-digits": Experiment(
        "erbp.digits", "Neftci 2018, figure 1; Neftci et al. 2017", POPULATION
    ),
    "yin-yang": Experiment("yin_yang", "Kriener, Göltz & Petrovici 2022", POPULATION),
    "stdp-window": Experiment("stdp_window", "Neftci 2018, figure 2", "rtl"),
    "stdp-digits": Experiment(
        "stdp_digits", "Diehl & Cook 2015; Roy et al. 2019, figure 4b", "golden"
    ),
    "contrastive": Experiment(
        "contrastive.experiment", "Neftci et al. 2014; Neftci et al. 2016", "golden"
    ),
    "latency-digits": Experiment("latency_digits", "codes of one spike per pixel", POPULATION),
}


def run_experiment(
    name: str, device: str | None, full: bool, out: Path | None, json: Path | None
) -> None:
    """Run an experiment and write metrics and picture into a new folder; print its rows.

    Raises ValueError for an unknown name, a device where none takes part, or a folder in use.
    """
    require(name in EXPERIMENTS, "experiment", f"one of {', '.join(EXPERIMENTS)}", name)
    experiment = EXPERIMENTS[name]
    if experiment.device is None:
        require(device is None, "device", f"left out: {name} runs in float", device)
    device = experiment.device if device is None else device
    if device not in (None, POPULATION):
        check_device_name(device)
    folder = out or Path("runs") / f"experiment-{name}"
    require_writable(json)
    require_new_study(folder, METRICS)
    module, order = import_module(f"{__package__}.{experiment.module}"), Order(device, full)
    start = perf_counter()
    with progress_bars() as progress:
        found = module.measure(order, progress)
    seconds = round(perf_counter() - start, 1)
    command = f"axonloop experiment {name}" + (" --full" if full else "")
    about = {"experiment": name, "source": experiment.source, "command": command}
    metrics = {
        **about,
        **asdict(order),
        "seconds": seconds,
        "machine": platform.machine(),
        **found,
        "rows": [asdict(row) for row in found["rows"]],
    }
    shown = metrics.pop("shown", {})
    write_json(folder / METRICS, metrics)
    if json is not None:
        write_json(json, metrics)
    save(module.draw(metrics | {"shown": shown}), folder / f"{name}.png")
    _show(metrics["rows"])


def _show(rows: list[dict[str, Any]]) -> None:
    wide = max(len(row["what"]) for row in rows)
    for row in rows:
        parts = [f"{kind}: {row[kind]}" for kind in ("paper", "float", "chip") if row[kind]]
        print(f"{row['what']:<{wide}}  {'; '.join(parts)}")
