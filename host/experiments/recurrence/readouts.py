"""Three kinds of network read by sum and by maximum (Zenke & Neftci 2021, figure 3).

The networks of `recurrence` on Randman, and on digits of one spike per pixel. The paper's spoken
digits are in `spoken_digits`. Rates and epochs were chosen on the validation part with seed 11,
among three.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from statistics import mean, stdev

from axonloop.host.console import Progress
from axonloop.host.experiments.recurrence.float import KINDS, Recurrence, train
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, legend, styled

DATA = {"randman": "Randman", "digits": "latency digits"}
READOUTS = ("sum", "max")
EPOCHS, FULL_EPOCHS = {"randman": 4, "digits": 6}, {"randman": 16, "digits": 20}
RATE, READOUT_RATE = 5e-3, 1e-2


def measure(order: Order, progress: Progress) -> Metrics:
    """All data, readouts and kinds with all seeds: test accuracies."""
    epochs, done = FULL_EPOCHS if order.full else EPOCHS, 0
    every = list(product(DATA, READOUTS, KINDS))
    total = len(order.seeds) * sum(epochs[data] for data, _, _ in every)

    def after_epoch() -> None:
        nonlocal done
        done += 1
        progress("descend", done, total)

    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    rows = []
    for data, readout, kind in every:
        tasks = [
            Recurrence(
                seed=seed,
                data=data,
                readout=readout,
                epochs=epochs[data],
                rate=RATE,
                readout_rate=READOUT_RATE,
            )
            for seed in order.seeds
        ]
        accuracies = [train(task, kind, after_epoch)[1] for task in tasks]
        found.setdefault(data, {}).setdefault(readout, {})[kind] = accuracies
        what = f"{DATA[data]}, {readout} over time, {kind}: test accuracy, mean and SEM"
        rows.append(ResultRow(what, "prints none", mean_and_sem(accuracies)))
    return {"epochs": epochs, "accuracies": found, "rows": rows}


def sem(values: Sequence[float]) -> float:
    """The standard error of the mean; 0 of a single value."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def mean_and_sem(shares: Sequence[float]) -> str:
    """Shares in 0..1 as a mean in percent, and its standard error if there are several."""
    error = f" +- {100 * sem(shares):.1f}" if len(shares) > 1 else ""
    return f"{100 * mean(shares):.1f}{error} %"


@styled
def draw(metrics: Metrics) -> Picture:
    """Test errors as in the paper's figure: a panel for each data set, bars with their SEM."""
    picture = Picture(8, 3.6)
    panels = picture.subplots(1, len(DATA))
    for axes, (data, name) in zip(panels, DATA.items(), strict=True):
        for place, (kind, colour) in enumerate(zip(KINDS, (GREY, ORANGE, BLUE), strict=True)):
            each = [metrics["accuracies"][data][readout][kind] for readout in READOUTS]
            at = [number + 0.25 * (place - 1) for number in range(len(READOUTS))]
            errors = [100 * (1 - mean(own)) for own in each]
            spread = [100 * sem(own) for own in each]
            axes.bar(at, errors, 0.22, yerr=spread, capsize=3, color=colour, label=kind)
        axes.set_xticks(range(len(READOUTS)), [f"{readout} over time" for readout in READOUTS])
        axes.set(title=name, ylabel="test error (%)")
        axes.set_ylim(bottom=0)
        legend(axes, below=True, ncols=3)
    return picture
