"""Chips in the loop of software updates: do they reach the float twin, and undo a deploy gap?

Every batch runs on chips; the spikes and states that are recorded there replace those of the
model's forward pass, and backpropagation through time changes float weights, which are rounded and
written back before the next batch (`trainer`). The same descent trains the float twin.

    digits, Randman    from random weights, on the chip that the model describes; Randman's network
                       is the recurrent one of `recurrence-chip`
    long tick          digits, from the twin's weights, on a chip whose tick takes twice as long as
                       the model says: leaks are squared

Settings were chosen on the validation part: those of `study deploy` for digits, with seeds 11 to
16; Randman's rate and scale with seed 11, its epochs with seeds 11 to 13; the epochs of the long
tick with seed 11. The test part is scored at the end of each way.
"""

from __future__ import annotations

from dataclasses import replace

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments.recurrence import chip as recurrence
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.experiments.software_updates.trainer import SoftwareUpdates
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, dots, legend, styled
from axonloop.host.training import (
    DESCENT,
    POPULATION,
    Descent,
    SurrogateTrainer,
    chips,
    network_settings,
    open_copies,
    program_of,
)

RANDMAN = replace(recurrence.FULL_DESCENT, epochs=40, rate=2.0, scale=0.3)
SHORT_RANDMAN = replace(RANDMAN, epochs=2)
TUNING_EPOCHS = 4
PAPER = "other tasks, analog chips"
ALLOWED = 0.005
"""How far below its twin the loop may end."""


def tuned_on(
    device: str,
    model: Settings,
    chip: Settings,
    data: Digits,
    descent: Descent,
    progress: Progress,
    weights: SurrogateTrainer | None = None,
) -> tuple[float, float]:
    """Accuracies before and after software updates on a device with the registers of `chip`.

    The weights to start from are those of a trainer, or random ones of the settings.
    """
    seeds = [model.run.seed] * (descent.batch if device == POPULATION else 1)
    with open_copies(device, program_of(chip).config, seeds) as copies:
        loop = SoftwareUpdates(model, data, replace(descent, exact=True), copies=copies)
        if weights is not None:
            loop.load_weights(weights.module.weights.detach().numpy())
        before = loop.accuracy(loop.test)
        loop.run(progress)
        return before, loop.accuracy(loop.test)


def measure(order: Order, progress: Progress) -> Metrics:
    """Both tasks with all seeds."""
    device, digits = str(order.device), split_digits()
    found: dict[str, list[float]] = {}

    def keep(name: str, accuracy: float) -> None:
        found.setdefault(name, []).append(accuracy)

    for seed in order.seeds:
        model = network_settings(seed, order.limit)
        twin = SurrogateTrainer(model, digits, DESCENT)
        twin.run(progress)
        keep("digits, twin", twin.accuracy(twin.test))
        keep("digits, loop", tuned_on(device, model, model, digits, DESCENT, progress)[1])
        tuning, leaky = replace(DESCENT, epochs=TUNING_EPOCHS), chips(model)["long tick"]
        before, after = tuned_on(device, model, leaky, digits, tuning, progress, twin)
        keep("long tick, deployed", before)
        keep("long tick, loop", after)
        model, data = recurrence.settings_of(seed, 1, order.limit), recurrence.data_of(seed)
        descent = RANDMAN if order.full else SHORT_RANDMAN
        twin = SurrogateTrainer(model, data, descent)
        twin.run(progress)
        keep("Randman, twin", twin.accuracy(twin.test))
        keep("Randman, loop", tuned_on(device, model, model, data, descent, progress)[1])
    return {"accuracies": found, "allowed": ALLOWED, "rows": _rows(found)}


def _rows(found: dict[str, list[float]]) -> list[ResultRow]:
    def row(what: str, twin: str, chip: str) -> ResultRow:
        return ResultRow(what, PAPER, percent(found[twin]), percent(found[chip]))

    return [
        row("digits, from random weights", "digits, twin", "digits, loop"),
        row("long tick, as deployed", "digits, twin", "long tick, deployed"),
        row("long tick, after software updates", "digits, twin", "long tick, loop"),
        row("Randman, from random weights", "Randman, twin", "Randman, loop"),
    ]


@styled
def draw(metrics: Metrics) -> Picture:
    """A dot per seed: the float twins, the deployed network, and what the loop makes."""
    picture = Picture(7.4, 3.8)
    axes = picture.subplots()
    found = metrics["accuracies"]
    groups = (("digits", "digits"), ("digits", "long tick"), ("Randman", "Randman"))
    for number, (twin, chip) in enumerate(groups):
        ways = (
            ("float twin", f"{twin}, twin", GREY, -0.2),
            ("deployed", f"{chip}, deployed", ORANGE, 0.0),
            ("software updates, chips in the loop", f"{chip}, loop", BLUE, 0.2),
        )
        for label, name, colour, shift in ways:
            if name in found:
                shown = label if number == 1 else None
                dots(axes, number + shift, found[name], colour, shown)
    axes.set_xticks(range(len(groups)), ["digits", "digits,\nlong tick", "Randman,\nrecurrent"])
    axes.set(ylabel="test accuracy (%)", title="Software updates with the chip in the loop")
    legend(axes, below=True, ncols=3)
    return picture
