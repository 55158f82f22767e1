"""DECOLLE's regression on the chip, and the events that keep its layers awake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from axonloop.host.devices import Device, GoldenDevice, RtlDevice, weight_hash
from axonloop.host.experiments.decolle.regression import (
    NAMES,
    NEURON,
    Regression,
    RegressionTrainer,
    chip_config,
    relative_errors,
    targets_of,
)
from axonloop.host.experiments.decolle.regression_runs import _record, run_chip, run_reference
from axonloop.host.processing import KEPT, ActivityBand
from axonloop.host.processing.activity import RATE_ONE

TINY = Regression(
    seed=5,
    epochs=3,
    ticks=30,
    inputs=8,
    neurons=8,
    lanes=4,
    rate=0.3,
    weight_span=60,
    eta_shifts=(5, 6, 6),
    scale=0.2,
    threshold=0.5,
    floor=0.05,
)
SMALL = Regression(
    seed=7,
    epochs=10,
    ticks=200,
    inputs=48,
    neurons=48,
    lanes=4,
    rate=0.1,
    weight_span=60,
    eta_shifts=(6, 7, 7),
    readout_leak=3482,
    scale=0.05,
    threshold=1.0,
    floor=0.05,
)
SILENT = replace(
    SMALL,
    ticks=60,
    epochs=8,
    weight_span=1,
    eta_shifts=(5, 6, 6),
    parameters=replace(NEURON, w_exp=0, theta=2048, rho=2048),
)
"""Weights so small that layers 2 and 3 hear and say nothing."""


def trainer(task: Regression, kind: type[Device] = GoldenDevice) -> RegressionTrainer:
    return RegressionTrainer(kind(chip_config(task)), task)


def end(found: RegressionTrainer) -> tuple[str, list[list[float]], dict[str, int]]:
    """Weights, predictions and counters, and the device closed."""
    outputs = found.outputs().tolist()
    device = found.device
    counters = {name: n for name, n in found.results().items() if name in GOLDEN_COUNTS}
    weights = weight_hash(device.read_weights(), device.config.geometry)
    device.close()
    return weights, outputs, counters


GOLDEN_COUNTS = ("ticks", "spikes", "synops", "errors", "visits", "updates", "east", "south")


@pytest.mark.slow
def test_golden_and_rtl_learn_alike_on_a_mesh() -> None:
    task = replace(TINY, mesh="2x2")
    golden, rtl = trainer(task), trainer(task, RtlDevice)
    golden.run()
    rtl.run()
    ends = end(golden), end(rtl)
    assert ends[0] == ends[1]
    assert ends[0][2]["updates"] > 100
    assert ends[0][2]["east"] > 0


@pytest.mark.slow
def test_every_layer_learns() -> None:
    found = trainer(SMALL)
    before = relative_errors(found.outputs(), found.targets)
    found.run()
    after = relative_errors(found.outputs(), found.targets)
    # 1 is silence. Few neurons are a noisy readout: the full size does far better.
    assert (after < np.minimum(1, before / 2)).all(), (before, after)


def test_where_layers_lie_changes_no_prediction() -> None:
    """Learning rounds by core and neuron; without it a mesh makes no difference."""
    alone, spread = trainer(SMALL), trainer(replace(SMALL, mesh="2x2"))
    assert alone.outputs().any()
    assert (alone.outputs() == spread.outputs()).all()
    cores = [set(spread.program.plan.cores_of(name).tolist()) for name in NAMES]
    assert cores == [{0}, {1}, {2}]


def bands_of(found: RegressionTrainer) -> list[ActivityBand]:
    return [layer.band for layer in found.layers.layers if layer.band is not None]


@pytest.mark.parametrize("epochs", [3, 40, 41, 1000])
def test_a_run_is_scored_forty_times_at_most(epochs: int) -> None:
    """Before, evenly on its way, and in the end."""
    task, scored = replace(TINY, epochs=epochs), 0

    def run(after_epoch: Callable[[int], None]) -> None:
        for done in range(1, epochs + 1):
            after_epoch(done)

    def outputs() -> Any:
        nonlocal scored
        scored += 1
        return targets_of(task.ticks)

    at, errors, _, _ = _record(task, run, outputs, lambda: None)
    assert scored == len(at) == len(errors) <= 41
    assert (at[0], at[-1]) == (0, epochs)
    assert len({after - before for before, after in pairwise(at[:-1])}) == 1
    assert not any(map(any, errors))


def test_a_pass_without_learning_changes_nothing_that_learning_needs() -> None:
    found = trainer(replace(TINY, epochs=1))
    found.run()
    weights, rates = found.device.read_weights(), [band.rates.copy() for band in bands_of(found)]
    residues = [core.path.encoder.residue.copy() for core in found.layers.readers.values()]
    first = found.outputs()
    assert (found.outputs() == first).all()
    assert first.any()
    assert (found.device.read_weights() == weights).all()
    for before, band in zip(rates, bands_of(found), strict=True):
        assert (band.rates == before).all()
    for before, core in zip(residues, found.layers.readers.values(), strict=True):
        assert before.any()
        assert (core.path.encoder.residue == before).all()


@pytest.mark.parametrize(("strength", "awake"), [(3.0, True), (0.0, False)])
def test_layers_that_start_silent_wake_only_with_the_regulariser(
    strength: float, awake: bool
) -> None:
    found = trainer(replace(SILENT, strength=strength))
    found.outputs()
    assert found.rates[1:].tolist() == [0, 0]
    found.run()
    found.outputs()
    assert (found.rates[1:] > 0).tolist() == [awake, awake]


def test_learning_rates_are_halved_on_the_chip() -> None:
    task = replace(TINY, epochs=10)
    assert [task.halvings(epoch) for epoch in range(10)] == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    found = trainer(task)
    found.run()
    (core,) = found.device.config.cores
    shifts = [core.parameter_sets[core.groups[2 * k].parameter_set].eta_shift for k in range(3)]
    assert shifts == [shift + 3 for shift in task.eta_shifts]


@pytest.mark.parametrize("seed", [0, 1])
def test_activity_band_against_fractions(seed: int) -> None:
    """Events add up to strength x distance from the band, to within one and what decays cut."""
    random, floor, ceiling, strength = np.random.default_rng(seed), 0.1, 0.3, 0.7
    band = ActivityBand(6, floor, ceiling, strength)
    rates, wanted, sent = np.full(6, floor), np.zeros(6), np.zeros(6)
    chances = np.array([0, 0.05, 0.2, 0.25, 0.6, 1])
    ticks = 400
    for _ in range(ticks):
        spikes = np.flatnonzero(random.random(6) < chances)
        fired = np.isin(np.arange(6), spikes)
        rates = rates * (KEPT / 4096) + fired * (1 - KEPT / 4096)
        wanted += np.maximum(rates - ceiling, 0) - np.maximum(floor - rates, 0)
        (values,) = band.step(fired[None])
        assert set(values.tolist()) <= {-1, 0, 1}
        sent += values
    # Rates lose less than 1 in each decay: less than 100 of RATE_ONE, at every tick.
    slack = 1 + ticks * strength * 101 / RATE_ONE
    assert np.abs(sent - strength * wanted).max() < slack
    assert sent[0] < -10
    assert sent[5] > 10


@pytest.mark.parametrize("seed", [0, 1])
def test_activity_band_to_the_bit(seed: int) -> None:
    """Rates and events are those of the page's integers, neuron by neuron."""
    random = np.random.default_rng(seed)
    band = ActivityBand(6, 0.1, 0.3, 0.9)
    floor, ceiling, threshold = round(0.1 * RATE_ONE), round(0.3 * RATE_ONE), round(RATE_ONE / 0.9)
    rates, kept = [floor] * 6, [0] * 6
    for _ in range(300):
        fired = random.random(6) < (0, 0.05, 0.2, 0.25, 0.6, 1)
        (events,) = band.step(fired[None]).tolist()
        for k in range(6):
            rates[k] = rates[k] * KEPT // 4096 + 4096 * int(fired[k])
            kept[k] += max(rates[k] - ceiling, 0) - max(floor - rates[k], 0)
            event = (kept[k] > 0) - (kept[k] < 0) if abs(kept[k]) >= threshold else 0
            kept[k] -= event * threshold
            assert events[k] == event
        assert band.state()["rates"].tolist() == [rates]
        assert band.state()["residue"].tolist() == [kept]


def test_relative_error_of_silence_is_one() -> None:
    targets = targets_of(500)
    assert relative_errors(np.zeros_like(targets), targets).tolist() == [1, 1, 1]
    assert relative_errors(1.5 * targets, targets) == pytest.approx([0.25] * 3)
    assert np.abs(targets.mean(1)).max() < 0.003


def test_chip_and_reference_start_alike() -> None:
    """The same weights, pattern and readouts: before learning only decays differ."""
    task = replace(SMALL, epochs=1, ticks=100)
    chip, reference = run_chip(task, "golden"), run_reference(task)
    # A spike that comes a tick late, because a decay cut something off, moves a readout by scale.
    assert np.abs(chip.before[0] - reference.before[0]).max() < 4 * task.scale
    assert np.abs(chip.before[0]).max() > 8 * task.scale


def test_wrong_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="rate of the input must be above 0"):
        Regression(rate=0.0)
    with pytest.raises(ValueError, match="mesh must be columns x rows"):
        Regression(mesh="2")
    with pytest.raises(ValueError, match="floor of activity must be in 0..1"):
        ActivityBand(4, -0.1, 0.5, 1.0)
