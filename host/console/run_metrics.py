"""The results of a training run."""

from __future__ import annotations

from typing import Any

from axonloop.host.console.tables import print_table
from axonloop.host.energy import Energy


def print_metrics(metrics: dict[str, Any]) -> None:
    """The results of a run, on stdout."""
    time = metrics["time"]
    split = ", ".join(
        f"{who} {time[f'{who}_us_per_tick']:.0f}" for who in ("device", "loss", "host")
    )
    line = metrics["line"]
    damage = f"{line['bad']} bad frames heard, {line['board_bad']} by the board" if line else ""
    print_table(
        {
            **scored(metrics),
            "weight hash": metrics["weight_hash"],
            "trace hash": metrics["trace_hash"],
            "spike hash": metrics["spike_hash"],
            "device": metrics["device"],
            "ticks": metrics["ticks"],
            "spikes": metrics["spikes"],
            "synaptic operations": metrics["synops"],
            "synapses visited by learning": metrics["visits"],
            "weights changed": metrics["updates"],
            "energy, by published costs": str(Energy(**metrics["energy"])),
            "seconds": f"{metrics['seconds']:.1f}",
            "us per training tick": split,
        }
        | ({"repaired on the line": f"{line['repaired']} times ({damage})"} if line else {})
    )


def scored(metrics: dict[str, Any]) -> dict[str, str]:
    """The line that says how the scored part did: an accuracy, or an error beside its baseline."""
    for part in ("test", "validation"):
        if (accuracy := metrics.get(f"{part}_accuracy")) is not None:
            return {f"{part} accuracy": f"{100 * accuracy:.2f} %"}
        if (mse := metrics.get(f"{part}_mse")) is not None:
            by_mean = f"{metrics['baseline_mse']:.4g} by always answering the mean"
            return {f"{part} mean squared error": f"{mse:.4g} ({by_mean})"}
    return {}
