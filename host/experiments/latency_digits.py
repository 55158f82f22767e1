"""Digits of one spike per pixel: time to first spike, and rank order.

Either code gives each pixel that is not black one spike, the brighter the earlier. Beside the chip,
which learns in the loop from error events, stand local learning and backpropagation through time
in float, on the same network with the same readout. Settings were chosen on the
validation part with seed 11.
"""

from __future__ import annotations

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.console import Progress
from axonloop.host.data import split_digits
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, Picture, dots, legend, styled
from axonloop.host.training import Descent, LocalTrainer, SurrogateTrainer, learn_in_loop
from axonloop.models.config import ParameterSet, ResetMode

CODES = {"latency": "time to first spike", "rank": "rank order"}
NEURON = ParameterSet(
    alpha_n=4050,
    beta_n=2048,
    theta=3000,
    box=3000,
    w_exp=4,
    reset_mode=ResetMode.NONE,
    alpha_p=4050,
    beta_p=2048,
    q_inc=256,
    p_shift=0,
    pq_shift=3,
    pq_on=16,
    eta_shift=5,
)
"""A membrane that keeps each pixel's one spike to the end, and that spikes leave as it is."""
DESCENT = Descent(epochs=20, batch=100, rate=2.0, scale=0.01, steepness=1.0, exact=False)
LOCAL_EPOCHS, LOCAL_RATE = 20, 2.0
LOOP_EPOCHS, FULL_LOOP_EPOCHS = 4, 12


def settings_of(code: str, seed: int, epochs: int, limit: int | None = None) -> Settings:
    """The network and how the chip learns."""
    return Settings(
        network=NetworkSettings(layers=(128,), weight_span=32, parameters=NEURON),
        task=TaskSettings(limit=limit, encoding=code),
        objective=ObjectiveSettings(burn_in=6, logit_scale=0.02, threshold=9.0),
        run=RunSettings(seed=seed, epochs=epochs, anneal=max(1, epochs // 3)),
    )


def measure(order: Order, progress: Progress) -> Metrics:
    """Both codes, three ways to learn, all seeds."""
    epochs = FULL_LOOP_EPOCHS if order.full else LOOP_EPOCHS
    digits, found, rows = split_digits(), {}, []
    for code, name in CODES.items():
        every = [settings_of(code, seed, epochs, order.limit) for seed in order.seeds]
        local, twins = [], []
        for settings in every:
            trainer = LocalTrainer(settings, digits, LOCAL_RATE)
            trainer.run(LOCAL_EPOCHS, progress)
            local.append(trainer.accuracy(trainer.test))
            twin = SurrogateTrainer(settings, digits, DESCENT)
            twin.run(progress)
            twins.append(twin.accuracy(twin.test))
        runs = learn_in_loop(str(order.device), every, None, digits, progress)
        found[code] = {"local": local, "twin": twins, "loop": [vars(run) for run in runs]}
        rows += [
            ResultRow(
                f"{name}, local learning", "", percent(local), percent([r.after for r in runs])
            ),
            ResultRow(f"{name}, backpropagation through time", "", percent(twins)),
        ]
    return {"codes": found, "rows": rows}


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed for each code and way."""
    picture = Picture(7.4, 3.8)
    axes = picture.subplots()
    for number, found in enumerate(metrics["codes"].values()):
        loop = [run["after"] for run in found["loop"]]
        ways = (("BPTT, float", found["twin"], INK), ("local, float", found["local"], GREY))
        for shift, (way, values, colour) in enumerate((*ways, ("chip in the loop", loop, BLUE))):
            label = way if number == 0 else None
            dots(axes, number + 0.25 * (shift - 1), values, colour, label)
    axes.set_xticks(range(len(CODES)), list(CODES.values()))
    axes.set(ylabel="test accuracy (%)", title="Digits, one spike per pixel")
    legend(axes)
    return picture
