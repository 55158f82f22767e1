"""The deploy gap: trained in float off the chip, rounded onto it, tuned in its loop.

A float twin of the network is trained by backpropagation through time. Its weights are rounded
and loaded on three chips:

    8 bits      the chip that the network was made for
    long tick   8 bits, but a tick takes twice as long as in the model: decays are squared
    4 bits      the range of the weights is kept, so a step is 16 times as large

On each of them error-triggered learning then goes on from these weights with the chip in the
loop. For comparison the 4-bit weights are also tuned off the chip, by backpropagation through the
4-bit chip's integers. All settings were chosen on the validation part, with seeds 11 to 16.
"""

from __future__ import annotations

from statistics import mean

from axonloop.host.configuration import Settings
from axonloop.host.console import Column, Progress, notice, percent, percents
from axonloop.host.data import split_digits
from axonloop.host.order import Metrics, Order
from axonloop.host.studies.weight_pictures import draw_deploy
from axonloop.host.training import (
    DESCENT,
    Descent,
    SurrogateTrainer,
    chips,
    deployed,
    learn_in_loop,
    network_settings,
    step_log2,
    with_bits,
)

AWARE = Descent(epochs=5, rate=0.05, scale=0.03, steepness=1.0)
"""How 4-bit weights are tuned off the chip."""
ALLOWED = 0.005
"""How far below float the loop may end."""


TABLES = {
    "rows": (
        Column("stage"),
        Column("accuracy", show=percent),
        Column("lost", show="{:.2f}".format),
        Column("seeds", "accuracies", percents),
    )
}


def measure(order: Order, progress: Progress) -> Metrics:
    """Take the networks of all seeds all the way, on a device that `learn_in_loop` takes."""
    every = [network_settings(seed, order.limit) for seed in order.seeds]
    stages = _stages(str(order.device), every, progress)
    floats = mean(stages["float"])
    rows = [
        {
            "stage": name,
            "accuracy": mean(values),
            "lost": 100 * (floats - mean(values)),
            "accuracies": values,
        }
        for name, values in stages.items()
    ]
    return {"rows": rows, "bar": floats - ALLOWED}


def _stages(device: str, every: list[Settings], progress: Progress) -> dict[str, list[float]]:
    """The test accuracies, 0..1, of all networks at every stage."""
    digits = split_digits()

    found: dict[str, list[float]] = {}

    def done(name: str, accuracies: list[float]) -> None:
        found[name] = accuracies
        notice(f"{name}: {percents(accuracies)}")

    models = [SurrogateTrainer(settings, digits, DESCENT) for settings in every]
    for model in models:
        model.run(progress)
    floats = [model.module.weights.detach().numpy() for model in models]
    done("float", [model.accuracy(model.test) for model in models])
    for name in chips(every[0]):
        own = [chips(settings)[name] for settings in every]
        weights = [deployed(*each, digits) for each in zip(floats, every, own, strict=True)]
        learned = learn_in_loop(device, own, weights, digits, progress)
        done(name, [run.before for run in learned])
        done(f"{name}, loop", [run.after for run in learned])
    tuned = []
    for settings, given in zip(every, floats, strict=True):
        aware = SurrogateTrainer(with_bits(settings, 4), digits, AWARE)
        aware.load_weights(given / 2 ** step_log2(settings, 4))
        aware.run(progress)
        tuned.append(aware.accuracy(aware.test))
    done("4 bits, off chip", tuned)
    return found


draw = draw_deploy
