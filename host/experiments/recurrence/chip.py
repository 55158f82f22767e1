"""Recurrence on the chip: the task of `recurrence` with a recurrent layer.

A layer's spikes come back to axons of its own a tick later. The trace of such an axon, with box and
error of the neuron behind it, is the gradient with the recurrence detached (`models.reference`,
`AxonTraces`): what learning in the loop can know. The chip learns in two ways:

    in the loop    from random weights, error-triggered, sample by sample
    pre-trained    full gradients through time in the float twin, rounded onto the chip, then tuned
                   in the loop

and in the loop once more without recurrent synapses, and with narrower weights.

Two things decide whether recurrent weights learn. Neurons are many and spike far more often than
channels do, so the squares of their traces sum to far more: at a rate that suits the input weights,
the recurrent ones overshoot. Their axons have traces of their own, with smaller steps.
And the error events must be right on average: what an encoder that truncates leaves out has
the same sign in every tick for most neurons, and the recurrent weights drift.

The readout is random and fixed, and hears the last ticks. Settings were chosen on the validation
part with seed 11; the test part is scored at the end of each way.
"""

from __future__ import annotations

from dataclasses import replace

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
from axonloop.host.experiments.recurrence.float import Recurrence
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, Picture, dots, mark, styled
from axonloop.host.training import (
    Descent,
    Learned,
    SurrogateTrainer,
    Weights,
    deployed,
    learn_in_loop,
)
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
    pq_shift=1,
    pq_on=0,
    eta_shift=4,
)
"""The neuron of `recurrence`: a weight of 512 is a threshold, and traces decay as neurons do."""
TRACES = replace(NEURON, q_inc=128, pq_shift=8)
"""Recurrent axons spike so often that their traces must make smaller steps: 1/256."""
DESCENT = Descent(epochs=8, batch=100, rate=5.0, scale=0.1, steepness=10.0, exact=False)
FULL_DESCENT = replace(DESCENT, epochs=12)
LOOP_EPOCHS, FULL_LOOP_EPOCHS = 2, 8
NARROW = {12: 1, 8: 3}
"""Weight bits and `w_exp` of chips with less memory: a step is 1/256 and 1/64 of the threshold."""


def settings_of(seed: int, epochs: int, limit: int | None = None) -> Settings:
    """How the chip learns from random weights."""
    return Settings(
        network=NetworkSettings(
            layers=(128,),
            weight_bits=16,
            weight_span=288,
            recurrent_span=32,
            recurrent_traces=TRACES,
            parameters=NEURON,
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
            errors="sigma-delta",
            threshold=2.0,
            error_limit=1,
        ),
        run=RunSettings(seed=seed, epochs=epochs, anneal=-(-epochs // 3)),
    )


def feed_forward(settings: Settings) -> Settings:
    """The same network without recurrent synapses."""
    network = replace(settings.network, recurrent_span=None, recurrent_traces=None)
    return replace(settings, network=network)


def narrowed(settings: Settings, bits: int) -> Settings:
    """The same network with weights of `bits` bits in larger steps; the learning rate stays."""
    own, steps = settings.network, NARROW[bits]
    return settings.changed(
        {
            "network": {
                "weight_bits": bits,
                "weight_span": own.weight_span >> steps,
                "recurrent_span": (own.recurrent_span or 0) >> steps,
                "parameters": {"w_exp": steps, "eta_shift": own.parameters.eta_shift + steps},
            }
        }
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
    """All ways with all seeds."""
    epochs = FULL_LOOP_EPOCHS if order.full else LOOP_EPOCHS
    every = [settings_of(seed, epochs, order.limit) for seed in order.seeds]
    data = [data_of(seed) for seed in order.seeds]
    descent = FULL_DESCENT if order.full else DESCENT
    pairs = zip(every, data, strict=True)
    twins = [_descended(settings, own, descent, progress) for settings, own in pairs]

    def learned(every: list[Settings], weights: list[Weights] | None = None) -> list[Learned]:
        return learn_in_loop(str(order.device), every, weights, data, progress)

    ways = {"loop": learned(every), "tuned": learned(every, [weights for _, weights in twins])}
    ways["feed-forward"] = learned([feed_forward(settings) for settings in every])
    for bits in NARROW:
        ways[f"{bits} bits"] = learned([narrowed(settings, bits) for settings in every])
    floats = [accuracy for accuracy, _ in twins]
    return {
        "loop_epochs": epochs,
        "twin": floats,
        **{way: [vars(run) for run in runs] for way, runs in ways.items()},
        "rows": _rows(ways, floats),
    }


def _descended(
    settings: Settings, data: Digits, descent: Descent, progress: Progress
) -> tuple[float, Weights]:
    """A network trained off the chip: the twin's accuracy, and its weights as the chip's."""
    twin = SurrogateTrainer(settings, data, descent)
    twin.run(progress)
    weights = deployed(twin.module.weights.detach().numpy(), settings, settings, data)
    return twin.accuracy(twin.test), weights


def _rows(ways: dict[str, list[Learned]], floats: list[float]) -> list[ResultRow]:
    after = {way: percent([run.after for run in runs]) for way, runs in ways.items()}
    before = percent([run.before for run in ways["tuned"]])
    return [
        ResultRow("learning in the loop", "", "", after["loop"]),
        *(
            ResultRow(f"the same, weights of {bits} bits", "", "", after[f"{bits} bits"])
            for bits in NARROW
        ),
        ResultRow("the same, without recurrent synapses", "", "", after["feed-forward"]),
        ResultRow("pre-trained, as deployed", "", percent(floats), before),
        ResultRow("pre-trained, tuned in the loop", "", "", after["tuned"]),
    ]


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each way."""
    picture = Picture(8, 3.8)
    axes = picture.subplots()
    ways = {
        "in the\nloop": [run["after"] for run in metrics["loop"]],
        **{f"{bits} bits": [run["after"] for run in metrics[f"{bits} bits"]] for bits in NARROW},
        "feed-\nforward": [run["after"] for run in metrics["feed-forward"]],
        "float\ntwin": metrics["twin"],
        "deployed": [run["before"] for run in metrics["tuned"]],
        "tuned in\nthe loop": [run["after"] for run in metrics["tuned"]],
    }
    for number, (way, values) in enumerate(ways.items()):
        dots(axes, number, values, GREY if "float" in way else BLUE)
    mark(axes, 100 / TASK.classes, "chance")
    axes.set_xticks(range(len(ways)), list(ways))
    axes.set(ylabel="test accuracy (%)", ylim=(0, 100), title="Recurrent network on the chip")
    return picture
