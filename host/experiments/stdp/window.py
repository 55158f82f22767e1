"""Spike-timing windows measured on the chip by pairs of spikes (Neftci 2018, figure 2).

Every pair has an axon, a neuron and one plastic synapse of its own; a fixed row with one strong
synapse makes the neuron spike when it is wanted. After a pair the weight is read. Rules:

    pair STDP         + S_i Q_j  - S_j Z_i                     Q, Z: exponential traces
    modulated STDP    the same times a broadcast modulation M
    error STDP        the same times the neuron's error E

Nothing is rounded here, so a window must equal its integers exactly: those of an exponential
whose every tick is (x * k) >> 12, computed apart from the chip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.devices import Device, open_device
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, legend, styled
from axonloop.models.config import (
    CoreConfig,
    Geometry,
    Group,
    ParameterSet,
    ResetMode,
    Row,
    Term,
    ThirdFactor,
)
from axonloop.models.rules import modulated_stdp, pair_stdp

RANGE = 50
"""Pairs from -RANGE to RANGE ticks, neuron after axon."""
PEAK, SHIFT = 60, 4
"""Height of both windows in weight LSBs; right shift of the traces, whose height is << SHIFT."""
PLUS, MINUS = 3891, 3974
"""Decays of Q and Z in 1/4096: 20 and 33 ticks."""
FACTORS = (2, 1, -1)
LANES = 8


@dataclass(frozen=True)
class Window:
    """A rule, and what its third factor is: nothing, a broadcast, or errors of the neurons."""

    name: str
    terms: tuple[Term, ...]
    third: ThirdFactor
    factor: int = 1


def windows() -> list[Window]:
    """Pair STDP, and both kinds of modulated STDP at all FACTORS."""
    found = [Window("pair STDP", pair_stdp(0, 0), ThirdFactor.ONE)]
    for third, name in ((ThirdFactor.MODULATION, "M"), (ThirdFactor.ERROR, "E")):
        for factor in FACTORS:
            terms = modulated_stdp(0, 0, third)
            found.append(Window(f"modulated STDP, {name} = {factor}", terms, third, factor))
    return found


def intervals() -> NDArray[np.int64]:
    """The ticks from axon to neuron of every pair: int `(2 RANGE + 1,)`."""
    return np.arange(-RANGE, RANGE + 1)


def expected(factor: int) -> NDArray[np.int64]:
    """The window in integers: after each pair, the change of its weight, int `(pairs,)`.

    A pair in the same tick does both.
    """
    up, down = [PEAK << SHIFT], [PEAK << SHIFT]
    for _ in range(RANGE):
        up.append(up[-1] * PLUS >> 12)
        down.append(down[-1] * MINUS >> 12)
    changes = []
    for interval in intervals():
        change = 0
        if interval >= 0:
            change += (up[interval] >> SHIFT) * factor
        if interval <= 0:
            change -= (down[-interval] >> SHIFT) * factor
        changes.append(change)
    return np.array(changes)


def chip(window: Window) -> CoreConfig:
    """A core: an axon and a neuron for each pair, then an axon that drives each neuron."""
    pairs = -(-len(intervals()) // LANES) * LANES
    learning = ParameterSet(
        alpha_n=0,
        beta_n=0,
        theta=1 << 10,
        box=0,
        w_exp=7,
        reset_mode=ResetMode.ZERO,
        alpha_p=0,
        beta_p=PLUS,
        q_inc=PEAK << SHIFT,
        qq_shift=SHIFT,
        zeta=MINUS,
        z_inc=PEAK << SHIFT,
        z_shift=SHIFT,
        terms=window.terms,
    )
    geometry = Geometry(
        axons=2 * pairs,
        neurons=pairs,
        lanes=LANES,
        update_lanes=LANES,
        trace_lanes=LANES,
        multipliers=LANES,
        terms=2,
    )
    rows = [Row(k // LANES, 1, plastic=True) for k in range(pairs)]
    rows += [Row(k // LANES, 1) for k in range(pairs)]
    groups = (Group(report=False),) * (pairs // LANES)
    return CoreConfig(geometry, (learning,), tuple(rows), groups)


def measured(device: Device, window: Window) -> NDArray[np.int64]:
    """Run all pairs at once on a chip just opened; the changes of their weights."""
    geometry, pairs = device.config.geometry, intervals()
    weights = np.full((geometry.axons, geometry.neurons), geometry.no_synapse)
    own = np.arange(geometry.neurons, dtype=np.int32)
    weights[own, own], weights[geometry.neurons + own, own] = 0, geometry.weight_max
    device.load_weights(weights)
    if window.third == ThirdFactor.MODULATION:
        device.modulate(window.factor)
    index = np.arange(len(pairs))
    before, after = np.maximum(0, -pairs), np.maximum(0, pairs)
    for tick in range(RANGE + 1):
        axons, driven = index[before == tick], index[after == tick]
        if window.third == ThirdFactor.ERROR:
            factors = np.full(geometry.neurons, window.factor, np.int32)
            device.send_errors(own, factors, ungated=True)
        device.tick(np.concatenate([axons, geometry.neurons + driven]), learn=True)
    return device.read_weights()[index, index].astype(np.int64)


def measure(order: Order, progress: Progress) -> Metrics:
    """All windows on the device, each compared with its integers."""
    found, rows = {}, []
    every = windows()
    for done, window in enumerate(every):
        with open_device(str(order.device), chip(window)) as device:
            change = measured(device, window)
        wrong = int(np.count_nonzero(change != expected(window.factor)))
        found[window.name] = {"factor": window.factor, "change": change.tolist(), "wrong": wrong}
        text = f"{len(change) - wrong} of {len(change)} pairs equal to the integers"
        rows.append(ResultRow(window.name, "exponentials", "integers apart from the chip", text))
        progress("score", done + 1, len(every))
    return {"intervals": intervals().tolist(), "windows": found, "rows": rows}


@styled
def draw(metrics: Metrics) -> Picture:
    """The windows as measured, over the exponentials that they stand for."""
    picture = Picture(10, 4.2)
    left, right = picture.subplots(1, 2, sharey=True)
    time, found = np.array(metrics["intervals"]), metrics["windows"]
    fine = np.linspace(0.01, RANGE, 200)
    for sign, kept, height in ((1, PLUS, PEAK), (-1, MINUS, -PEAK)):
        curve = height * (kept / 4096) ** fine
        left.plot(sign * fine, curve, color=GREY, linewidth=1, label="exponential" * (sign > 0))
    left.plot(time, found["pair STDP"]["change"], ".", color=BLUE, label="chip")
    left.set(title="Pair STDP", ylabel="change of the weight (LSB)")
    for factor, colour in zip(FACTORS, (BLUE, INK, ORANGE), strict=True):
        change = found[f"modulated STDP, M = {factor}"]["change"]
        right.plot(time, change, ".", color=colour, label=f"M = {factor}")
    right.set(title="STDP times a broadcast modulation")
    for axes in (left, right):
        axes.axhline(0, color=GREY, linewidth=0.7)
        axes.axvline(0, color=GREY, linewidth=0.7)
        axes.set_xlabel("neuron's spike after the axon's (ticks)")
        legend(axes, below=True, ncols=3)
    return picture
