"""Spoken digits: three kinds of network in float, two on the chip (figure 3, third column).

Zenke & Neftci 2021 have the Heidelberg digits; here eSpeak says them (docs/events.md). What a
feed-forward network is worth depends on what it is asked. Where a readout sums over all ticks, or
takes the maximum, as in the paper, the readout itself remembers the word, and recurrence has little
left to do: these are in float alone. The chip is asked another question, which is not the paper's:
which word was it, of a readout that hears 8 ticks from 4 ticks after the word's end on. The input
is silent then; what is heard the neurons must have kept.

    float         the kinds by backpropagation through time, read in each of the three ways; the
                  readouts learn
    in the loop   the chip from random weights, error-triggered, with a fixed readout of the last
                  ticks: the same neurons, epochs and readout, with recurrent synapses and without
    pre-trained   the chip's network trained by full gradients in its float twin, rounded onto the
                  chip, then tuned in the loop
    asked at the  in the loop once more without a pause: the readout hears the word's own last
    word's end    8 ticks

The controls are linear readouts of each channel's share of ticks with a spike. Settings were chosen
on the validation part with seed 11: steps, leaks and first weights for either kind of network, and
the pause; the test part is scored at the end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.data import Data
from axonloop.host.data.generated import averaged_readout
from axonloop.host.experiments.recurrence.float import KINDS as FLOAT_KINDS
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.experiments.spoken_digits.chip import (
    DESCENT,
    KINDS,
    LAST,
    learned,
    settings_of,
    tuned_of,
)
from axonloop.host.experiments.spoken_digits.float import READOUTS, Accuracies, accuracies
from axonloop.host.experiments.spoken_digits.picture import draw as draw
from axonloop.host.experiments.spoken_digits.twin import WordTwin
from axonloop.host.experiments.spoken_digits.words import PAUSE, TICKS, open_words
from axonloop.host.order import Metrics, Order

FLOAT_EPOCHS, FULL_FLOAT_EPOCHS = 4, 8
TWIN_EPOCHS, FULL_TWIN_EPOCHS = 3, 6
LOOP_EPOCHS, FULL_LOOP_EPOCHS = 4, 8
TUNE_EPOCHS, FULL_TUNE_EPOCHS = 2, 4
WAYS = ("loop", "tuned", "at_end")


def measure(order: Order, progress: Progress) -> Metrics:
    """The controls, all networks in float, and both on the chip, with all seeds."""
    with open_words(order.limit, TICKS, PAUSE) as data:
        metrics: Metrics = {
            "classes": data.outputs,
            "ticks": data.ticks,
            "pause": PAUSE,
            "last": LAST,
            "shown": np.argwhere(data.test.raster(0, np.random.default_rng(0))),
            "control": {"word": averaged_readout(data)["test"]},
            "float": _in_float(data, order, progress),
            "chip": {kind: _on_chip(kind, data, order, progress) for kind in KINDS},
        }
    with open_words(order.limit, LAST, 0) as data:
        metrics["control"]["last"] = averaged_readout(data)["test"]
    with open_words(order.limit, TICKS, 0) as data:
        for kind in KINDS:
            metrics["chip"][kind]["at_end"] = _in_loop(kind, data, order, progress)
    return metrics | {"rows": rows_of(metrics)}


def _in_float(data: Data, order: Order, progress: Progress) -> Accuracies:
    """The networks in float."""
    epochs, done = FULL_FLOAT_EPOCHS if order.full else FLOAT_EPOCHS, 0
    total = epochs * len(order.seeds) * len(READOUTS) * len(FLOAT_KINDS)

    def after_epoch() -> None:
        nonlocal done
        done += 1
        progress("descend in float", done, total)

    return accuracies(data, order.seeds, epochs, after_epoch)


def _on_chip(kind: str, data: Data, order: Order, progress: Progress) -> dict[str, list[Any]]:
    """A kind of network: its twins' accuracies, and what learned, and was tuned, in the loop."""
    descent = replace(DESCENT, epochs=FULL_TWIN_EPOCHS if order.full else TWIN_EPOCHS)
    epochs = FULL_TUNE_EPOCHS if order.full else TUNE_EPOCHS
    found: dict[str, list[Any]] = {"loop": _in_loop(kind, data, order, progress)}
    found |= {"twin": [], "tuned": []}
    for seed in order.seeds:
        settings = tuned_of(settings_of(kind, seed, epochs, data))
        twin = WordTwin(settings, data, descent)
        twin.run(progress)
        found["twin"].append(twin.accuracy())
        found["tuned"].append(vars(learned(settings, data, twin.deployed())))
        progress("seeds tuned", len(found["tuned"]), len(order.seeds))
    return found


def _in_loop(kind: str, data: Data, order: Order, progress: Progress) -> list[dict[str, Any]]:
    """What learned in the loop from random weights."""
    epochs = FULL_LOOP_EPOCHS if order.full else LOOP_EPOCHS
    found = []
    for seed in order.seeds:
        found.append(vars(learned(settings_of(kind, seed, epochs, data), data, None)))
        progress("seeds in the loop", len(found), len(order.seeds))
    return found


def rows_of(metrics: Metrics) -> list[ResultRow]:
    """The results page's rows."""
    rows = _float_rows(metrics)
    for kind, own in metrics["chip"].items():
        after = {way: percent([run["after"] for run in own[way]]) for way in WAYS}
        before = percent([run["before"] for run in own["tuned"]])
        rows += [
            ResultRow(f"{kind}, learned in the loop", "", "", after["loop"]),
            ResultRow(f"{kind}, pre-trained, as deployed", "", percent(own["twin"]), before),
            ResultRow(f"{kind}, tuned in the loop", "", "", after["tuned"]),
            ResultRow(f"{kind}, asked at the word's end", "", "", after["at_end"]),
        ]
    told = ("learned in the loop", "tuned in the loop", "asked at the word's end")
    for way, what in zip(WAYS, told, strict=True):
        each = ([run["after"] for run in own[way]] for own in metrics["chip"].values())
        gained = percent([recurrent - plain for plain, recurrent in zip(*each, strict=True)])
        what = f"recurrent above feed-forward, {what}"
        rows.append(ResultRow(what, "above 0", "", gained.replace(" %", " points")))
    return rows


def _float_rows(metrics: Metrics) -> list[ResultRow]:
    """Controls, and the networks that are not on a chip."""
    ticks = metrics["last"]
    names = {"last": f"the last {ticks} ticks", "sum": "sum over time", "max": "maximum over time"}
    word, last = (percent([metrics["control"][name]]) for name in ("word", "last"))
    rows = [
        ResultRow("control: linear readout of averages over the word", "", word),
        ResultRow(f"control: the same of its last {ticks} ticks", "", last),
    ]
    for readout, own in metrics["float"].items():
        for kind, values in own.items():
            rows.append(ResultRow(f"{names[readout]}, {kind}", "", percent(values)))
    return rows
