"""Recurrence on the chip: the task of `recurrence` with a recurrent layer.

A layer's spikes come back to axons of its own a tick later. The trace of such an axon, with box and
error of the neuron behind it, is the gradient with the recurrence detached (`models.reference`,
`AxonTraces`): what learning in the loop can know. The chip learns in two ways:

    in the loop    from random weights, error-triggered, sample by sample
    pre-trained    full gradients through time in the float twin, rounded onto the chip, then tuned
                   in the loop

The readout is random and fixed, and hears the last ticks. Weights have 16 bits: recurrent ones are
small. Settings were chosen on the validation
part with seed 11; the test part is scored at the end of each way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import Progress
from axonloop.host.data import Digits, Part, draw_randman
from axonloop.host.experiments.experiment import Metrics, Order, ResultRow, percent
from axonloop.host.experiments.recurrence.float import Recurrence
from axonloop.host.pictures import BLUE, GREY, Picture, dots, mark, styled
from axonloop.host.training import Descent, SurrogateTrainer, deployed, learn_in_loop
from axonloop.models.config import ParameterSet, ResetMode

TASK = Recurrence()
NEURON = ParameterSet(
    alpha_n=round(4096 * TASK.constants.alpha),
    beta_n=round(4096 * TASK.constants.beta),
    theta=512,
    box=512,
    w_exp=0,
    reset_mode=ResetMode.ZERO,
    alpha_p=round(4096 * TASK.constants.alpha),
    beta_p=round(4096 * TASK.constants.beta),
    q_inc=256,
    p_shift=0,
    pq_shift=2,
    pq_on=0,
    eta_shift=15,
)
"""The neuron of `recurrence`: a weight of 512 is a threshold, and traces decay as neurons do."""
DESCENT = Descent(epochs=8, batch=100, rate=5.0, scale=0.1, steepness=10.0, exact=False)
FULL_DESCENT = replace(DESCENT, epochs=12)
LOOP_EPOCHS, FULL_LOOP_EPOCHS, TUNE_EPOCHS = 2, 3, 1


def settings_of(seed: int, epochs: int, limit: int | None = None) -> Settings:
    """How the chip learns from random weights."""
    return Settings(
        network=NetworkSettings(
            layers=(128,), weight_bits=16, weight_span=288, recurrent_span=32, parameters=NEURON
        ),
        task=TaskSettings(
            limit=limit,
            inputs=TASK.channels,
            classes=TASK.classes,
            white=TASK.ticks,
            encoding="latency",
            ticks=TASK.ticks,
        ),
        objective=ObjectiveSettings(
            burn_in=TASK.ticks - TASK.last,
            readout_leak=3277,
            logit_scale=0.1,
            errors="threshold",
            threshold=0.25,
            error_limit=127,
        ),
        run=RunSettings(seed=seed, epochs=epochs, anneal=-(-epochs // 3)),
    )


def tuned_of(settings: Settings) -> Settings:
    """How the chip learns on from weights that are good already."""
    parameters = replace(settings.network.parameters, eta_shift=17)
    return settings.changed(
        {"network": {"parameters": parameters}, "run": {"epochs": TUNE_EPOCHS, "anneal": None}}
    )


def data_of(seed: int) -> Digits:
    """A seed's own manifolds as the latency code takes them: the later a spike, the smaller."""
    held = (TASK.test * TASK.classes, (TASK.test + TASK.validation) * TASK.classes)
    each = TASK.each + TASK.validation + TASK.test
    drawn = draw_randman(seed, TASK.classes, each, TASK.channels, 1, TASK.smoothness)
    images = (TASK.ticks - drawn.raster(TASK.ticks).argmax(0)).astype(np.int32)
    every = Part(images, drawn.labels, np.arange(len(images)))
    test, validation, train = (every.at(at) for at in np.split(every.indices, held))
    return Digits(train, validation, test)


def measure(order: Order, progress: Progress) -> Metrics:
    """Both ways with all seeds."""
    runs = [_run(seed, order, progress) for seed in order.seeds]
    found = {way: [run[way] for run in runs] for way in runs[0]}
    before, after = ([run[when] for run in found["tuned"]] for when in ("before", "after"))
    rows = [
        ResultRow("learning in the loop", "", "", percent([run["after"] for run in found["loop"]])),
        ResultRow("pre-trained, as deployed", "", percent(found["twin"]), percent(before)),
        ResultRow("pre-trained, tuned in the loop", "", "", percent(after)),
    ]
    return {**found, "rows": rows}


def _run(seed: int, order: Order, progress: Progress) -> dict[str, Any]:
    """One network: accuracy of the twin, and what both ways on the chip came to."""
    epochs = FULL_LOOP_EPOCHS if order.full else LOOP_EPOCHS
    settings, data = settings_of(seed, epochs, order.limit), data_of(seed)
    device = str(order.device)
    twin = SurrogateTrainer(settings, data, FULL_DESCENT if order.full else DESCENT)
    twin.run(progress)
    floats = twin.module.weights.detach().numpy()
    weights = [deployed(floats, settings, settings, data)]
    (loop,) = learn_in_loop(device, [settings], None, data, progress)
    (tuned,) = learn_in_loop(device, [tuned_of(settings)], weights, data, progress)
    return {"twin": twin.accuracy(twin.test), "loop": vars(loop), "tuned": vars(tuned)}


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each way."""
    picture = Picture(6.4, 3.8)
    axes = picture.subplots()
    tuned = metrics["tuned"]
    ways = {
        "in the\nloop": [run["after"] for run in metrics["loop"]],
        "float\ntwin": metrics["twin"],
        "deployed": [run["before"] for run in tuned],
        "tuned in\nthe loop": [run["after"] for run in tuned],
    }
    for number, (way, values) in enumerate(ways.items()):
        dots(axes, number, values, GREY if "float" in way else BLUE)
    mark(axes, 100 / TASK.classes, "chance")
    axes.set_xticks(range(len(ways)), list(ways))
    axes.set(ylabel="test accuracy (%)", ylim=(0, 100), title="Recurrent network on the chip")
    return picture
