"""The rows of docs/results: what today's code says of the numbers that stand beside them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from axonloop.host.experiments import ann_snn, changing_tasks, gradient_cost
from axonloop.host.experiments.capacity import latencies, tempotron
from axonloop.host.experiments.contrastive import stochastic_neuron
from axonloop.host.experiments.decolle import digits as decolle_digits
from axonloop.host.experiments.decolle_events import experiment as decolle_events
from axonloop.host.experiments.decolle_events import gestures, saccades
from axonloop.host.experiments.erbp import operations
from axonloop.host.experiments.memristor import crossbar, crossbar_digits, device, digits, ica
from axonloop.host.experiments.memristor_wear import experiment as memristor_wear
from axonloop.host.experiments.obstacles import experiment as obstacles
from axonloop.host.experiments.reward import experiment as reward
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.experiments.software_updates import experiment as software_updates
from axonloop.host.experiments.spike_timing import resume
from axonloop.host.experiments.spoken_digits import experiment as spoken_digits
from axonloop.host.experiments.stdp import hybrid

RESULTS = Path(__file__).parents[3] / "docs" / "results"


def of_ann_snn(found: dict[str, Any]) -> list[ResultRow]:
    networks = {
        kind: own | {"snn": {int(bits): curves for bits, curves in own["snn"].items()}}
        for kind, own in found["networks"].items()
    }
    return ann_snn._rows(networks, found["checks"])


def of_changing_tasks(found: dict[str, Any]) -> list[ResultRow]:
    shots, tasks = (
        {way: [SimpleNamespace(scores=run) for run in runs] for way, runs in found[name].items()}
        for name in ("few_shots", "forgetting")
    )
    return [*changing_tasks._shot_rows(shots), *changing_tasks._task_rows(tasks)]


def of_tempotron(found: dict[str, Any]) -> list[ResultRow]:
    runs = [latencies.Classified(**run) for run in found["runs"]]
    loads = [load for load, _ in found["cover"]]
    return [tempotron._row(runs, load, what) for what in ("right", "faultless") for load in loads]


def of_stochastic_neuron(found: dict[str, Any]) -> list[ResultRow]:
    rho, ticks = np.array(found["rho"]), found["ticks"]
    off = (np.array(found["shares"]) - rho) / np.sqrt(rho * (1 - rho) / ticks)
    return stochastic_neuron._rows(off, ticks)


def of_decolle_digits(found: dict[str, Any]) -> list[ResultRow]:
    rows = decolle_digits._rows(found["points"], found["local"])
    return [*rows, *decolle_digits._rate_rows(found["curve"])]


def of_ica(found: dict[str, Any]) -> list[ResultRow]:
    return [ica._row(each, found["variants"][each.name]) for each in ica.VARIANTS]


def of_memristor_wear(found: dict[str, Any]) -> list[ResultRow]:
    points = found["points"]
    rows = memristor_wear._write_rows(points)
    rows += memristor_wear._wear_rows(points, found["worn"])
    return [*rows, *memristor_wear._age_rows(found["aged"])]


def of_memristor_digits(found: dict[str, Any]) -> list[ResultRow]:
    return [*digits._rows(found["points"]), *digits._write_rows(found["written"])]


def of_reward(found: dict[str, Any]) -> list[ResultRow]:
    rows = [row for name in ("bandit", "grid") for row in reward._rows(name, found[name])]
    return [*rows, *reward._asked(found["bandit"], found["grid"])]


def of_hybrid(found: dict[str, Any]) -> list[ResultRow]:
    ways = [hybrid.Pretrained(**way) for way in found["ways"]]
    return hybrid._rows(ways, found["STDP alone"])


ROWS: dict[str, Callable[[dict[str, Any]], Sequence[ResultRow]]] = {
    "ann-snn": of_ann_snn,
    "changing-tasks": of_changing_tasks,
    "crossbar": crossbar.rows,
    "crossbar-digits": lambda found: crossbar_digits._rows(found, found["masks"]),
    "decolle-digits": of_decolle_digits,
    "decolle-events": lambda found: decolle_events.layer_rows(
        saccades.TASK, saccades.PAPER, found["runs"]
    ),
    "decolle-gestures": lambda found: gestures.rows(found["runs"], found["averaged"]),
    "erbp-operations": lambda found: operations._rows(found["ways"]),
    "hybrid-digits": of_hybrid,
    "ica": of_ica,
    "memory": lambda found: gradient_cost.rows(found["sweeps"], found["exponents"]),
    "memristor-device": device.rows,
    "memristor-digits": of_memristor_digits,
    "memristor-wear": of_memristor_wear,
    "obstacles": lambda found: [
        obstacles._row(name, shares) for name, shares in found["accuracies"].items()
    ],
    "resume": lambda found: resume._rows(found["chip"], found["float"]),
    "reward": of_reward,
    "software-updates": lambda found: software_updates._rows(found["accuracies"]),
    "spoken-digits": spoken_digits.rows_of,
    "stochastic-neuron": of_stochastic_neuron,
    "tempotron": of_tempotron,
}


def plain(rows: Iterable[ResultRow]) -> list[dict[str, Any]]:
    return [dict(json.loads(json.dumps(asdict(row)))) for row in rows]


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_are_those_of_the_numbers(name: str) -> None:
    found = json.loads((RESULTS / f"{name}.json").read_text())
    rows = plain(ROWS[name](found))
    assert rows
    assert rows == found["rows"][-len(rows) :]
