"""The runs of DECOLLE's regression: on a device, and in floating point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import torch

from axonloop.host.devices import open_device, weight_hash
from axonloop.host.experiments.decolle.regression import (
    NAMES,
    Regression,
    RegressionTrainer,
    Series,
    chip_config,
    network_of,
    pattern_of,
    readouts_of,
    relative_errors,
    targets_of,
)
from axonloop.host.processing import KEPT, one_thread
from axonloop.models.config import DECAY_ONE
from axonloop.models.reference import Decolle, DecolleConstants, DecolleLayer

SCORES = 40
"""How often a run is scored on its way, at most."""


@dataclass
class Curve:
    """What a run did: `errors[k]`, one per layer, after `epochs[k]` epochs; predictions."""

    epochs: list[int]
    errors: list[list[float]]
    before: Series
    after: Series
    rates: list[float]
    extra: dict[str, Any]


def _record(
    task: Regression,
    run: Callable[[Callable[[int], None]], None],
    outputs: Callable[[], Series],
    report: Callable[[], None],
) -> tuple[list[int], list[list[float]], Series, Series]:
    """Run, and score before, now and then, and after."""
    targets, every = targets_of(task.ticks), -(-task.epochs // SCORES)
    before = after = outputs()
    epochs, errors = [0], [relative_errors(before, targets).tolist()]

    def after_epoch(done: int) -> None:
        nonlocal after
        if done % every == 0 or done == task.epochs:
            after = outputs()
            epochs.append(done)
            errors.append(relative_errors(after, targets).tolist())
        report()

    run(after_epoch)
    return epochs, errors, before, after


def run_chip(task: Regression, name: str, report: Callable[[], None] = lambda: None) -> Curve:
    """One run on a device."""
    start = perf_counter()
    with open_device(name, chip_config(task)) as device:
        trainer = RegressionTrainer(device, task)
        recorded = _record(task, trainer.run, trainer.outputs, report)
        weights = device.read_weights()
        extra = {
            "weight_hash": weight_hash(weights, device.config.geometry),
            "seconds": perf_counter() - start,
            "chip_seconds": device.telemetry.chip_seconds,
            "loss_seconds": trainer.layers.loss_seconds,
            "counters": trainer.results(),
        }
        return Curve(*recorded, trainer.rates.tolist(), extra)


def reference_of(task: Regression) -> Decolle:
    """The float network with the task's first weights and constants, in units of theta."""
    layers = []
    unit = 2**task.parameters.w_exp / task.parameters.theta
    network = network_of(task)
    for k, (projection, readout) in enumerate(
        zip(network.projections, readouts_of(task), strict=True)
    ):
        weights = torch.tensor(projection.weights * unit, dtype=torch.float32)
        signs = torch.tensor(readout[0], dtype=torch.float32)
        layers.append(DecolleLayer(weights, signs, _constants(task, k, unit)))
    return Decolle(layers)


def _constants(task: Regression, layer: int, unit: float) -> DecolleConstants:
    p = task.parameters
    factor = p.q_inc / 2 ** (p.p_shift + p.pq_shift)  # Pq of a trace of 1
    return DecolleConstants(
        alpha=p.alpha_n / DECAY_ONE,
        beta=p.beta_n / DECAY_ONE,
        gamma=p.gamma / DECAY_ONE,
        rho=p.rho / p.theta,
        box=p.box / p.theta,
        leak=task.readout_leak / DECAY_ONE,
        scale=task.scale,
        threshold=task.threshold,
        step=unit * factor / 2 ** task.eta_shifts[layer],
        kept=KEPT / DECAY_ONE,
        floor=task.floor,
        ceiling=task.ceiling,
        strength=task.strength,
    )


@one_thread()
def run_reference(task: Regression, report: Callable[[], None] = lambda: None) -> Curve:
    """One run in floating point: the same pattern, first weights, rule and rates of learning."""
    start, network, targets = perf_counter(), reference_of(task), targets_of(task.ticks)
    inputs = torch.zeros((task.ticks, task.inputs))
    for tick, channels in enumerate(pattern_of(task)):
        inputs[tick, channels] = 1
    wanted = targets.T.tolist()
    spikes = torch.zeros((len(NAMES), task.neurons))

    def outputs() -> Series:
        network.clear()
        spikes.zero_()
        found = np.zeros_like(targets)
        for tick, arrived in enumerate(inputs):
            found[:, tick] = network.step(arrived)
            spikes.add_(torch.stack([layer.spikes for layer in network.layers]))
        return found

    def run(after_epoch: Callable[[int], None]) -> None:
        for epoch in range(task.epochs):
            network.clear()
            step = 0.5 ** task.halvings(epoch)
            for arrived, target in zip(inputs, wanted, strict=True):
                network.step(arrived)
                network.learn(target, step)
            after_epoch(epoch + 1)

    recorded = _record(task, run, outputs, report)
    rates = (spikes.mean(1) / task.ticks).tolist()
    return Curve(*recorded, rates, {"seconds": perf_counter() - start})
