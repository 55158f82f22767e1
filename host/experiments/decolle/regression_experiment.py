"""DECOLLE's regression (Kaiser, Mostafa & Neftci 2020, figure 1), on the chip and in float.

Three layers follow a ramp, a fast and a slow sine from one Poisson pattern (see `regression`). An
error is the mean squared one over the mean square of the target: silence has 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.experiments.decolle.regression import NAMES, Regression, targets_of
from axonloop.host.experiments.decolle.regression_picture import BARS, TARGETS
from axonloop.host.experiments.decolle.regression_picture import draw as draw
from axonloop.host.experiments.decolle.regression_runs import Curve, run_chip, run_reference
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order

TASK = Regression()


def measure(order: Order, progress: Progress) -> Metrics:
    """All seeds, on the chip and in float."""
    tasks = [replace(TASK, seed=seed) for seed in order.seeds]
    chip = [run_chip(task, str(order.device), _counting(progress, task)) for task in tasks]
    reference = [run_reference(task, _counting(progress, task)) for task in tasks]
    return {
        "layers": list(NAMES),
        "settings": {name: value for name, value in asdict(TASK).items() if name != "seed"},
        "median_errors": medians(chip),
        "reference_median_errors": medians(reference),
        "runs": [_told(curve) for curve in chip],
        "reference_runs": [_told(curve) for curve in reference],
        "shown": {"targets": targets_of(TASK.ticks), "chip": chip, "reference": reference},
        "rows": _rows(chip, reference),
    }


def _counting(progress: Progress, task: Regression) -> Callable[[], None]:
    """What tells `progress` of every epoch of a run."""
    done = 0

    def after_epoch() -> None:
        nonlocal done
        done += 1
        progress("train", done, task.epochs)

    return after_epoch


def medians(curves: Sequence[Curve]) -> list[float]:
    """The median of the final errors over the runs, per layer."""
    found: list[float] = np.median([curve.errors[-1] for curve in curves], axis=0).tolist()
    return found


def _told(curve: Curve) -> dict[str, Any]:
    """What the metrics say of a run."""
    return {"epochs": curve.epochs, "errors": curve.errors, "rates": curve.rates, **curve.extra}


def _rows(chip: Sequence[Curve], reference: Sequence[Curve]) -> list[ResultRow]:
    errors = "median error over mean square"
    return [
        ResultRow(
            f"layer {layer + 1}, {target}: {errors} (below {bar})",
            "follows its target",
            _median(reference, layer),
            _median(chip, layer),
        )
        for layer, (target, bar) in enumerate(zip(TARGETS, BARS, strict=True))
    ]


def _median(curves: Sequence[Curve], layer: int) -> str:
    """The median and, if there are several, the error of each run."""
    errors = [curve.errors[-1][layer] for curve in curves]
    text = f"{np.median(errors):.4f}"
    return text if len(errors) == 1 else f"{text} ({', '.join(f'{e:.4f}' for e in errors)})"
