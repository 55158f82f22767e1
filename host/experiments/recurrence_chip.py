"""Recurrence on the chip: the task of `recurrence`, with and without recurrent synapses.

A layer's spikes come back to axons of its own a tick later. The trace of such an axon, with box and
error of the neuron behind it, is the gradient with the recurrence detached (`models.reference`,
`AxonTraces`): what learning in the loop can know. Each kind of network learns in two ways:

    in the loop    from random weights, error-triggered, sample by sample
    pre-trained    full gradients through time in the float twin, rounded onto the chip, then tuned
                   in the loop

The readout is random and fixed, and hears the last ticks. Settings were chosen on the validation
part with seed 11; the test part is scored at the end of each way.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from axonloop.host.data.digits import Digits, Part
from axonloop.host.data.randman import draw_randman
from axonloop.host.experiments.deploy import deployed
from axonloop.host.experiments.experiment import Metrics, Order, Row, percent
from axonloop.host.experiments.in_loop import learn_in_loop
from axonloop.host.experiments.recurrence import Recurrence
from axonloop.host.report import BLUE, GREY, bare, save
from axonloop.host.runs import Progress
from axonloop.host.settings import Settings
from axonloop.host.surrogate import Descent, SurrogateTrainer
from axonloop.models.config import ParameterSet, ResetMode

KINDS = ("feed-forward", "recurrent")
TASK = Recurrence()
NEURON = ParameterSet(
    alpha_n=round(4096 * TASK.constants.alpha),
    beta_n=round(4096 * TASK.constants.beta),
    theta=512,
    box=512,
    w_exp=4,
    reset_mode=ResetMode.ZERO,
    alpha_p=round(4096 * TASK.constants.alpha),
    beta_p=round(4096 * TASK.constants.beta),
    q_inc=256,
    p_shift=0,
    pq_shift=2,
    pq_on=0,
    eta_shift=10,
)
"""The neuron of `recurrence`: a weight of 32 is a threshold, and traces decay as neurons do."""
DESCENT = Descent(epochs=10, batch=100, rate=0.25, scale=0.1, steepness=10.0, exact=False)
FULL_DESCENT = replace(DESCENT, epochs=20)
LOOP_EPOCHS, FULL_LOOP_EPOCHS, TUNE_EPOCHS = 3, 6, 1


def settings_of(kind: str, seed: int, epochs: int, limit: int | None = None) -> Settings:
    """How a network of this kind learns from random weights."""
    return Settings(
        seed=seed,
        epochs=epochs,
        limit=limit,
        inputs=TASK.channels,
        classes=TASK.classes,
        white=TASK.ticks,
        encoding="latency",
        ticks=TASK.ticks,
        burn_in=TASK.ticks - TASK.last,
        layers=(128,),
        weight_span=18,
        recurrent_span=2 if kind == "recurrent" else None,
        readout_leak=3277,
        logit_scale=0.1,
        errors="threshold",
        threshold=0.25,
        error_limit=127,
        anneal=-(-epochs // 3),
        parameters=NEURON,
    )


def tuned_of(settings: Settings) -> Settings:
    """How the chip learns on from weights that are good already."""
    parameters = replace(settings.parameters, eta_shift=14)
    return replace(settings, epochs=TUNE_EPOCHS, anneal=None, parameters=parameters)


def data_of(seed: int) -> Digits:
    """A seed's own manifolds as the latency code takes them: the later a spike, the smaller."""
    held = (TASK.test * TASK.classes, (TASK.test + TASK.validation) * TASK.classes)
    each = TASK.each + TASK.validation + TASK.test
    drawn = draw_randman(seed, TASK.classes, each, TASK.channels, 1, TASK.smoothness)
    images = (TASK.ticks - drawn.raster(TASK.ticks).argmax(0)).astype(np.int32)
    every = Part(images, drawn.labels, np.arange(len(images)))
    test, validation, train = (every.at(at) for at in np.split(every.indices, held))
    return Digits(train, validation, test)


def measure(order: Order, progress: Progress, limit: int | None = None) -> Metrics:
    """Both kinds, both ways, all seeds; `limit` samples of each part."""
    found, rows = {}, []
    for kind in KINDS:
        runs = [_run(kind, seed, order, progress, limit) for seed in order.seeds]
        found[kind] = {way: [run[way] for run in runs] for way in runs[0]}
        rows += _rows(kind, found[kind])
    return {"kinds": found, "rows": rows}


def _run(
    kind: str, seed: int, order: Order, progress: Progress, limit: int | None
) -> dict[str, Any]:
    """One network: accuracy of the twin, and what both ways on the chip came to."""
    epochs = FULL_LOOP_EPOCHS if order.full else LOOP_EPOCHS
    settings, data, device = (
        settings_of(kind, seed, epochs, limit),
        data_of(seed),
        str(order.device),
    )
    twin = SurrogateTrainer(settings, data, FULL_DESCENT if order.full else DESCENT)
    twin.run(lambda _, done, total: progress("descend", done, total))
    floats = twin.module.weights.detach().numpy()
    weights = [deployed(floats, settings, settings, data)]
    (loop,) = learn_in_loop(device, [settings], None, data, progress)
    (tuned,) = learn_in_loop(device, [tuned_of(settings)], weights, data, progress)
    return {"twin": twin.accuracy(twin.test), "loop": vars(loop), "tuned": vars(tuned)}


def _rows(kind: str, found: dict[str, list[Any]]) -> list[Row]:
    before, after = ([run[when] for run in found["tuned"]] for when in ("before", "after"))
    return [
        Row(f"{kind}, learning in the loop", "", "", percent([r["after"] for r in found["loop"]])),
        Row(f"{kind}, pre-trained, as deployed", "", percent(found["twin"]), percent(before)),
        Row(f"{kind}, pre-trained, tuned in the loop", "", "", percent(after)),
    ]


def draw(path: Path, metrics: Metrics) -> None:
    """A dot per seed for each kind and way."""
    figure, axes = plt.subplots(figsize=(6.5, 3.8))
    ways = ("in the\nloop", "float\ntwin", "deployed", "tuned in\nthe loop")
    for shift, (kind, colour) in enumerate(zip(KINDS, (GREY, BLUE), strict=True)):
        found = metrics["kinds"][kind]
        tuned = [[run[when] for run in found["tuned"]] for when in ("before", "after")]
        shown = ([run["after"] for run in found["loop"]], found["twin"], *tuned)
        for place, values in enumerate(shown):
            x, label = place + 0.2 * (shift - 0.5), kind if place == 0 else None
            percents = 100 * np.array(values)
            axes.plot([x] * len(values), percents, "o", color=colour, alpha=0.6, label=label)
            axes.hlines(percents.mean(), x - 0.08, x + 0.08, color=colour)
    axes.set_xticks(range(len(ways)), ways)
    axes.set(ylabel="test accuracy (%)", title="Randman on the chip, answered at the end")
    axes.legend(frameon=False, loc="lower right")
    bare(axes)
    save(figure, path)
