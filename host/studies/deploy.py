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

from pathlib import Path
from statistics import mean
from typing import Any

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress, notice, progress_bars
from axonloop.host.data import split_digits
from axonloop.host.devices import check_device_name
from axonloop.host.files import write_json
from axonloop.host.studies.populations import require_new_study
from axonloop.host.training import (
    DESCENT,
    POPULATION,
    Descent,
    SurrogateTrainer,
    chips,
    deployed,
    learn_in_loop,
    network_settings,
    step_log2,
    with_bits,
)
from axonloop.models.checks import require_range

AWARE = Descent(epochs=5, rate=0.05, scale=0.03, steepness=1.0)
"""How 4-bit weights are tuned off the chip."""
ALLOWED = 0.005
"""How far below float the loop may end."""
RESULTS, PICTURE = "deploy.json", "deploy.png"


def study_deploy(out: Path, device: str, seeds: int, limit: int | None) -> None:
    """Take networks with seeds 1..`seeds` all the way; results and picture go into `out`.

    `device` is one that `learn_in_loop` takes. Raises ValueError for numbers out of range, or if
    `out` holds results already.
    """
    require_range("seeds", seeds, 1, 1000)
    if device != POPULATION:
        check_device_name(device)
    require_new_study(out, RESULTS)
    every = [network_settings(seed, limit) for seed in range(1, seeds + 1)]
    with progress_bars() as progress:
        stages = _stages(device, every, progress)
    bar = mean(stages["float"]) - ALLOWED
    write_json(out / RESULTS, {"stages": stages, "bar": bar, "device": device})
    _show(stages)
    from axonloop.host.pictures import save
    from axonloop.host.studies.weight_pictures import draw_deploy

    save(draw_deploy(stages, bar), out / PICTURE)


def _stages(device: str, every: list[Settings], progress: Progress) -> dict[str, list[float]]:
    """The test accuracies, 0..1, of all networks at every stage."""
    digits = split_digits()

    found: dict[str, list[float]] = {}

    def done(name: str, accuracies: list[float]) -> None:
        found[name] = accuracies
        notice(f"{name}: " + ", ".join(f"{100 * value:.2f}" for value in accuracies))

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


def _show(stages: dict[str, list[float]]) -> None:
    floats: Any = mean(stages["float"])
    print(f"{'stage':<26}{'accuracy':>10}{'lost':>8}   seeds")
    for name, values in stages.items():
        seeds = ", ".join(f"{100 * value:.2f}" for value in values)
        lost = 100 * (floats - mean(values))
        print(f"{name:<26}{100 * mean(values):>8.2f} %{lost:>8.2f}   {seeds}")
