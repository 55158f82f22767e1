"""What the command line prints: progress, results, notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

Progress = Callable[[str, int, int], None]
"""Told the phase ("train" or "score"), the samples done in it, and their number."""

_PHASES = {"descend": "training off the chip", "train": "training", "score": "scoring"}


def notice(message: str) -> None:
    """A line for people, on stderr."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)


@contextmanager
def progress_bars(quiet: bool = False) -> Iterator[Progress]:
    """Progress bars on stderr, one per phase; nothing where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    hidden = quiet or not console.is_terminal
    with Bars(*columns, console=console, disable=hidden) as bars:
        tasks = {phase: bars.add_task(name, visible=False) for phase, name in _PHASES.items()}

        def report(phase: str, done: int, total: int) -> None:
            bars.update(tasks[phase], completed=done, total=total, visible=True)

        yield report


def print_table(rows: dict[str, Any], title: str | None = None) -> None:
    """Names and values, one pair a line, on stdout; whole numbers with separators."""
    if title is not None:
        print(f"{title}:")
    width = max(len(name) for name in rows)
    for name, value in rows.items():
        text = f"{value:,}" if isinstance(value, int) else str(value)
        print(f"{name:<{width}}  {text}")


def print_metrics(metrics: dict[str, Any]) -> None:
    """The results of a run, on stdout."""
    scored = "test" if "test_accuracy" in metrics else "validation"
    time = metrics["time"]
    split = ", ".join(
        f"{who} {time[f'{who}_us_per_tick']:.0f}" for who in ("device", "loss", "host")
    )
    line = metrics["line"]
    damage = f"{line['bad']} bad frames heard, {line['board_bad']} by the board" if line else ""
    print_table(
        {
            f"{scored} accuracy": f"{100 * metrics[f'{scored}_accuracy']:.2f} %",
            "weight hash": metrics["weight_hash"],
            "trace hash": metrics["trace_hash"],
            "spike hash": metrics["spike_hash"],
            "device": metrics["device"],
            "ticks": metrics["ticks"],
            "spikes": metrics["spikes"],
            "synaptic operations": metrics["synops"],
            "synapses visited by learning": metrics["visits"],
            "weights changed": metrics["updates"],
            "seconds": f"{metrics['seconds']:.1f}",
            "us per training tick": split,
        }
        | ({"repaired on the line": f"{line['repaired']} times ({damage})"} if line else {})
    )
