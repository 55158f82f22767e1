"""The results of a training run."""

from __future__ import annotations

from typing import Any

from axonloop.host.console.tables import print_table


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
