"""Neurons that spike by chance: how often, against their potential (Neftci 2018, equation 3).

Each neuron of a small core has a potential of its own, held by its bias, and noise at the
threshold. The share of ticks in which it spikes is compared with the logistic function.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.devices import open_device
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, INK, Picture, legend, styled
from axonloop.models.config import CoreConfig, Geometry, ParameterSet, ResetMode
from axonloop.models.protocol import Region

LEVELS, WIDEST = 20, 3.0
"""Potentials, evenly from -WIDEST to WIDEST temperatures around the threshold."""
THETA, TEMPERATURE = 4000, 400
TICKS, FULL_TICKS = 500, 4000
SIGMAS = 3
NOBODY = np.zeros(0, np.int32)
Floats = NDArray[np.float64]


def core_of(seed: int) -> CoreConfig:
    """A core with a neuron for each level: no input, no leak, no reset."""
    geometry = Geometry(
        axons=4,
        neurons=LEVELS,
        lanes=4,
        update_lanes=4,
        trace_lanes=2,
        multipliers=4,
        parameter_sets=1,
        entries=1,
        threshold_noise=1,
    )
    parameters = ParameterSet(
        alpha_n=0, theta=THETA, temperature=TEMPERATURE, reset_mode=ResetMode.NONE
    )
    biases = THETA + np.rint(TEMPERATURE * np.linspace(-WIDEST, WIDEST, LEVELS)).astype(int)
    return CoreConfig(geometry, (parameters,), bias=tuple(biases.tolist()), seed=seed)


def chances(core: CoreConfig) -> Floats:
    """rho of every neuron: the logistic function of its potential."""
    found: Floats = 1 / (1 + np.exp(-(np.array(core.bias) - THETA) / TEMPERATURE))
    return found


def measure(order: Order, progress: Progress) -> Metrics:
    """The shares of spikes of every seed, and how many sigmas each is off."""
    ticks = FULL_TICKS if order.full else TICKS
    shares: list[list[float]] = []
    for done, seed in enumerate(order.seeds):
        core, spikes = core_of(seed), np.zeros(LEVELS)
        with open_device(str(order.device), core) as device:
            for tick in range(ticks):
                device.tick(NOBODY)
                spikes += device.read(Region.SPIKE)
                progress("score", done * ticks + tick + 1, len(order.seeds) * ticks)
        shares.append((spikes / ticks).tolist())
    rho = chances(core_of(1))
    off = (np.array(shares) - rho) / np.sqrt(rho * (1 - rho) / ticks)
    levels = (np.array(core_of(1).bias) - THETA) / TEMPERATURE
    return {
        "ticks": ticks,
        "levels": levels.tolist(),
        "rho": rho.tolist(),
        "shares": shares,
        "rows": _rows(off, ticks),
    }


def _rows(off: Floats, ticks: int) -> list[ResultRow]:
    inside = int((np.abs(off) <= SIGMAS).sum())
    worst = ", ".join(f"{value:.1f}" for value in np.abs(off).max(axis=1))
    what = f"levels of {LEVELS} within {SIGMAS} sigma of the logistic function, {ticks:,} ticks"
    return [
        ResultRow(what, "prints none", "", f"{inside} of {off.size}"),
        ResultRow("the farthest level, in sigmas", "prints none", "", worst),
    ]


@styled
def draw(metrics: Metrics) -> Picture:
    """Shares of spikes against the potential, on the logistic function."""
    picture = Picture(6, 4)
    axes = picture.subplots()
    smooth = np.linspace(-WIDEST, WIDEST, 200)
    axes.plot(smooth, 1 / (1 + np.exp(-smooth)), color=INK, label="rho, logistic")
    levels: Sequence[float] = metrics["levels"]
    for k, shares in enumerate(metrics["shares"]):
        label = f"chip, {metrics['ticks']:,} ticks" if k == 0 else None
        axes.plot(levels, shares, "o", color=BLUE, markersize=3.5, alpha=0.8, label=label)
    axes.set(
        xlabel="(U - theta) / temperature",
        ylabel="share of ticks with a spike",
        title="A stochastic neuron",
    )
    legend(axes, below=True, ncols=2)
    return picture
