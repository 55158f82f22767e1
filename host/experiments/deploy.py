"""The deploy gap: trained in float off the chip, rounded onto it, tuned in its loop.

A float twin of the network is trained by backpropagation through time. Its weights are rounded
and loaded on three chips:

    8 bits      the chip that the network was made for
    long tick   8 bits, but a tick takes twice as long as in the model: decays are squared
    4 bits      the range of the weights is kept, so a step is 16 times as large

On each of them error-triggered learning then goes on from these weights with the chip in the
loop. For comparison the network is also trained off the chip through the 4-bit integers. All
settings were chosen on the validation part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.building import chip_config
from axonloop.host.checkpoint import write_json
from axonloop.host.console import notice, progress_bars
from axonloop.host.data.digits import Digits, split_digits
from axonloop.host.devices import check_device_name, open_device
from axonloop.host.experiments.populations import require_new_study
from axonloop.host.experiments.precision import step_log2, with_bits
from axonloop.host.settings import Settings
from axonloop.host.surrogate import Descent, SurrogateTrainer
from axonloop.host.training import Trainer
from axonloop.models.config import DECAY_ONE, ParameterSet, require_range

Weights = NDArray[np.int32]
DESCENT = Descent(epochs=10, rate=1.0, scale=0.03, steepness=1.0, exact=False)
EPOCHS = 4
"""Times through the samples in the loop."""
ALLOWED = 0.005
"""How far below float the loop may end."""
RESULTS, PICTURE = "deploy.json", "deploy.png"


def network_settings(seed: int, limit: int | None) -> Settings:
    """The network, and how it learns in the loop."""
    base = Settings(
        seed=seed,
        epochs=EPOCHS,
        limit=limit,
        layers=(128,),
        weight_span=16,
        threshold=24.0,
        anneal=1,
    )
    return replace(base, parameters=replace(base.parameters, eta_shift=6))


def faster(parameters: ParameterSet, times: int) -> ParameterSet:
    """The neurons with time constants divided by `times`."""

    def shorter(decay: int) -> int:
        return round(DECAY_ONE * (decay / DECAY_ONE) ** times)

    return replace(
        parameters, alpha_n=shorter(parameters.alpha_n), beta_n=shorter(parameters.beta_n)
    )


def chips(settings: Settings) -> dict[str, Settings]:
    """The chips that the float weights are loaded on."""
    leaky = replace(settings, parameters=faster(settings.parameters, 2))
    return {"8 bits": settings, "long tick": leaky, "4 bits": with_bits(settings, 4)}


def deployed(weights: NDArray[np.float64], model: Settings, chip: Settings) -> Weights:
    """Float weights of `model`, in steps of 8 bits, as the weights of a chip, int32.

    Rounded to the nearest and clipped; both have the same rows and columns.
    """
    trainer = SurrogateTrainer(chip, split_digits(), replace(DESCENT, exact=True))
    trainer.load_weights(weights / 2 ** step_log2(model, chip.weight_bits))
    return trainer.module.integer_weights()


@dataclass
class Loop:
    """A chip in its loop, started from weights of elsewhere: `before` and `after`, in 0..1."""

    before: float
    after: float
    events: int
    updates: int


def tune_in_loop(
    device: str, settings: Settings, weights: Weights, digits: Digits, step: Callable[[], None]
) -> Loop:
    """Load weights on a device, score, learn, score; `step` is called after each sample."""
    with open_device(device, chip_config(settings)) as chip:
        trainer = Trainer(chip, settings, digits)
        chip.load_weights(weights)
        before = trainer.scorer.score(trainer.test).accuracy
        trainer.run(step)
        after = trainer.scorer.score(trainer.test).accuracy
        counters = {counter.name: count for counter, count in trainer.counters().items()}
    return Loop(before, after, counters["ERRORS"], counters["UPDATES"])


def study(out: Path, device: str, seeds: int, limit: int | None) -> None:
    """Take networks with seeds 1..`seeds` all the way; results and picture go into `out`.

    Raises ValueError for numbers out of range, or if `out` holds results already.
    """
    require_range("seeds", seeds, 1, 1000)
    check_device_name(device)
    require_new_study(out, RESULTS)
    networks = []
    for seed in range(1, seeds + 1):
        networks.append(_network(device, network_settings(seed, limit)))
        notice(f"seed {seed}: " + ", ".join(f"{k} {100 * v:.2f}" for k, v in networks[-1].items()))
    stages = {name: [found[name] for found in networks] for name in networks[0]}
    bar = mean(stages["float"]) - ALLOWED
    write_json(out / RESULTS, {"stages": stages, "bar": bar, "device": device})
    _show(stages)
    from axonloop.host.experiments.weight_pictures import draw_deploy

    draw_deploy(out / PICTURE, stages, bar)


def _network(device: str, settings: Settings) -> dict[str, float]:
    """The test accuracy, 0..1, of one network at every stage."""
    digits, every = split_digits(), chips(settings)
    with progress_bars() as progress:

        def off_chip(phase: str, done: int, total: int) -> None:
            progress("descend", done, total)

        model = SurrogateTrainer(settings, digits, DESCENT)
        model.run(off_chip)
        weights = model.module.weights.detach().numpy()
        found = {"float": model.accuracy(model.test)}
        total, done = len(every) * settings.epochs * len(model.train), 0

        def step() -> None:
            nonlocal done
            done += 1
            progress("train", done, total)

        for name, chip in every.items():
            loop = tune_in_loop(device, chip, deployed(weights, settings, chip), digits, step)
            found |= {name: loop.before, f"{name}, loop": loop.after}
        aware = SurrogateTrainer(every["4 bits"], digits, replace(DESCENT, exact=True, rate=0.1))
        aware.run(off_chip)
        found["4 bits, trained as such"] = aware.accuracy(aware.test)
    return found


def _show(stages: dict[str, list[float]]) -> None:
    floats: Any = mean(stages["float"])
    print(f"{'stage':<26}{'accuracy':>10}{'lost':>8}   seeds")
    for name, values in stages.items():
        seeds = ", ".join(f"{100 * value:.2f}" for value in values)
        lost = 100 * (floats - mean(values))
        print(f"{name:<26}{100 * mean(values):>8.2f} %{lost:>8.2f}   {seeds}")
