"""The page of a sweep, from a table of trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonloop.host.sweep.overview import write_overview
from axonloop.host.version import __version__
from tests.support.outlines.pages import outline_of_page
from tests.support.outlines.recorded import Recorded

SCORES = {0: [0.51, 0.52], 1: [0.91, None], 2: [0.74, 0.7], 3: []}
"""On the validation part, of the seeds 1 and 2."""
VALUES: list[tuple[list[int], float]] = [([16], 2.0), ([16], 4.5), ([32], 2.0), ([32], 4.5)]


def row(part: str, number: int, seed: int, score: float | None) -> dict[str, Any]:
    layers, threshold = VALUES[number]
    measure = "validation_accuracy" if part == "search" else "test_accuracy"
    return {
        "trial": f"{part}-{number}-{seed}",
        "part": part,
        "status": "failed" if score is None else "done",
        "combination": number,
        "network.layers": layers,
        "objective.threshold": threshold,
        "run.seed": seed,
        "run.exact": seed == 2,
        "device": "golden",
        measure: score,
        "visits": 1000 * number + seed,
        "weight_hash": None if score is None else "c0ffee" * 8,
        "spike_hash": "beef",
    }


ROWS = [
    row("search", number, seed, score)
    for number, scores in SCORES.items()
    for seed, score in enumerate(scores, 1)
] + [row("chosen", 1, seed, 0.9) for seed in (1, 2)]
RESULTS = {
    "measure": "validation_accuracy",
    "failed": {"search-1-2": "the board is gone"},
    "boards": {"serial:one": "", "serial:two": "it fell silent"},
    "chosen": {"combination": 1, "test_accuracy": 0.9, "validation_accuracy": 0.91},
    "combinations": [
        {
            "combination": number,
            "values": dict(zip(("network.layers", "objective.threshold"), given, strict=True)),
            "scores": [score for score in SCORES[number] if score is not None],
            "mean": None if not SCORES[number] else SCORES[number][0],
            "done": sum(score is not None for score in SCORES[number]),
            "trials": 2,
        }
        for number, given in enumerate(VALUES)
    ],
}


def test_all_that_the_page_of_a_sweep_says(tmp_path: Path, recorded: Recorded) -> None:
    varied = ["network.layers", "objective.threshold"]
    page = write_overview(tmp_path / "overview.html", "A sweep", ROWS, RESULTS, varied).read_text()
    recorded.check("overview", outline_of_page(page, __version__, folded=True))


def test_a_sweep_of_seeds_alone_is_drawn_over_them(tmp_path: Path, recorded: Recorded) -> None:
    page = write_overview(tmp_path / "overview.html", "Seeds", ROWS, RESULTS, []).read_text()
    recorded.check("overview-of-seeds", outline_of_page(page, __version__, folded=True))
