"""Run DECOLLE's regression with several seeds, beside the float reference, and draw it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.checkpoint import load_checkpoint, save_checkpoint, write_json, write_whole
from axonloop.host.console import progress_bars
from axonloop.host.devices import check_device_name
from axonloop.host.experiments.regression import NAMES, Regression, Series, targets_of
from axonloop.host.experiments.regression_runs import Curve, run_chip, run_reference
from axonloop.host.runs import require_folder
from axonloop.models.config import require, require_range

METRICS, OUTPUTS, PICTURE = "metrics.json", "outputs.npz", "regression.png"
REFERENCE = "float reference"
"""Stands in the place of a device's name."""
_done: Any = None
"""In a worker: epochs done by all of them."""


def _begin_work(done: Any) -> None:
    global _done
    _done = done


def _report() -> None:
    with _done.get_lock():
        _done.value += 1


Job = tuple[str, Regression, Path]
"""A device's name or REFERENCE, the run, and the file for what it did."""


def _job(name: str, task: Regression, file: Path) -> Curve:
    """Do a run, unless its file is there."""
    settings = json.loads(json.dumps(asdict(task)))
    if file.exists():
        found = load_checkpoint(file)
        require(
            found["settings"] == settings,
            "study folder",
            "new or of the same study",
            str(file.parent),
        )
        for _ in range(task.epochs):
            _report()
        return Curve(**found["curve"])
    curve = run_reference(task, _report) if name == REFERENCE else run_chip(task, name, _report)
    save_checkpoint(file, {"settings": settings, "curve": asdict(curve)})
    return curve


def _curves(jobs: Sequence[Job], workers: int) -> Iterator[Curve]:
    """All runs, in order, with a progress bar over their epochs."""
    total = sum(task.epochs for _, task, _ in jobs)
    context = get_context("spawn")  # torch's threads do not survive a fork
    done = context.Value("q", 0)
    with (
        ProcessPoolExecutor(workers, context, _begin_work, (done,)) as pool,
        progress_bars() as progress,
    ):
        waiting: set[Future[Curve]]
        futures = [pool.submit(_job, *job) for job in jobs]
        waiting = set(futures)
        while waiting:
            waiting = wait(waiting, timeout=0.5).not_done
            progress("train", done.value, total)
        yield from (future.result() for future in futures)


def study(out: Path, device: str, task: Regression, seeds: int, jobs: int) -> None:
    """Run seeds 1..`seeds` on a device and in floating point; write results and picture.

    Runs that a study in `out` has finished are not repeated. Raises ValueError for numbers out of
    range, or if `out` holds a study with other settings.
    """
    require_range("seeds", seeds, 1, 1000)
    require_range("jobs", jobs, 1, 64)
    check_device_name(device)
    require_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    tasks = [replace(task, seed=seed) for seed in range(1, seeds + 1)]
    todo = [
        (name, each, out / f"{name.replace(' ', '-')}-seed{each.seed}.npz")
        for name in (device, REFERENCE)
        for each in tasks
    ]
    curves = list(_curves(todo, jobs))
    chip, reference = curves[:seeds], curves[seeds:]
    targets = targets_of(task.ticks)
    _write_outputs(out / OUTPUTS, targets, chip, reference)
    write_json(out / METRICS, metrics(task, device, chip, reference))
    from axonloop.host.experiments.regression_picture import draw_regression

    draw_regression(out / PICTURE, targets, chip, reference)
    _show(device, chip, reference)


def final_errors(curves: Sequence[Curve]) -> list[list[float]]:
    """The errors after the last epoch, run by run, one per layer."""
    return [curve.errors[-1] for curve in curves]


def medians(curves: Sequence[Curve]) -> list[float]:
    """The median of the final errors over the runs, per layer."""
    found: list[float] = np.median(final_errors(curves), axis=0).tolist()
    return found


def metrics(
    task: Regression, device: str, chip: Sequence[Curve], reference: Sequence[Curve]
) -> dict[str, Any]:
    """What metrics.json holds."""

    def one(curve: Curve) -> dict[str, Any]:
        curves = {"epochs": curve.epochs, "errors": curve.errors, "rates": curve.rates}
        return {**curves, **curve.extra}

    return {
        "device": device,
        "layers": list(NAMES),
        "settings": {k: v for k, v in asdict(task).items() if k != "seed"},
        "median_errors": medians(chip),
        "reference_median_errors": medians(reference),
        "runs": [one(curve) for curve in chip],
        "reference_runs": [one(curve) for curve in reference],
    }


def _write_outputs(
    path: Path, targets: Series, chip: Sequence[Curve], reference: Sequence[Curve]
) -> None:
    """Predictions of all runs, `(seeds, layers, ticks)`, and the targets."""
    arrays = {"targets": targets}
    for name, curves in (("chip", chip), ("reference", reference)):
        arrays[f"{name}_before"] = np.stack([curve.before for curve in curves])
        arrays[f"{name}_after"] = np.stack([curve.after for curve in curves])
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))  # type: ignore[arg-type]


def _show(device: str, chip: Sequence[Curve], reference: Sequence[Curve]) -> None:
    """A table on stdout: the error of every layer, run by run."""
    print(f"{'error / mean square':<24}" + "".join(f"{name:>9}" for name in NAMES))
    rows = [(f"{device}, seed {k + 1}", run) for k, run in enumerate(final_errors(chip))]
    rows += [(f"{device}, median", medians(chip)), (f"{REFERENCE}, median", medians(reference))]
    for name, errors in rows:
        print(f"{name:<24}" + "".join(f"{error:>9.4f}" for error in errors))
