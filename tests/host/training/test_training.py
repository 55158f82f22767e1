"""Training on the golden model: it learns, repeats itself, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.configuration import ObjectiveSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice, SpikeChain, weight_hash
from axonloop.host.processing import CROSS_ENTROPY
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.training import Trainer, chip_config, lone_trainer
from axonloop.models.config import Rounding
from axonloop.models.protocol import Counter

DIGITS = split_digits()
TINY = Settings(
    task=TaskSettings(limit=12, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5),
    run=RunSettings(epochs=1),
)


def trainer(settings: Settings) -> Trainer:
    return lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)


def hashes(run: Trainer) -> tuple[str, str]:
    weights = run.device.read_weights()
    return weight_hash(weights, run.device.config.geometry), run.spike_hashes()[0]


def test_learns_digits() -> None:
    """300 samples, seen once, give far more than chance (10 %) on samples never seen."""
    run = trainer(Settings(task=TaskSettings(limit=300, tune=True), run=RunSettings(epochs=1)))
    assert run.score(run.validation).value < 0.3
    run.run()
    assert run.position.history[0]["validation_accuracy"] > 0.7


def test_errors_of_samples_come_behind_the_last_tick_that_makes_any() -> None:
    """In the ticks 5, 8, .. 17 errors are made; each sample's go out in tick 17."""
    changes = {"errors": "sample", "threshold": 1.0, "error_limit": 9, "every": 3}
    run = trainer(TINY.changed({"objective": changes}))
    spikes = np.ones((20, 1, run.program.config.neurons), dtype=bool)
    sent = []
    for target in (4, 7):
        run.objective.begin([target])
        found = [run.objective.step(tick).gated for tick in spikes]
        sent.append([tick for tick, errors in enumerate(found) if errors is not None])
    assert sent == [[17], [17]]


def test_nearest_rounding_learns_nothing() -> None:
    """The negative control: at the dense learning rate no update survives nearest rounding."""
    dense = TINY.changed(
        {
            "network": {"parameters": replace(TINY.network.parameters, eta_shift=12)},
            "objective": {"errors": "dense", "threshold": 1 / 16, "error_limit": 127},
        }
    )
    changed = {}
    for rounding in Rounding:
        settings = dense.changed(
            {"network": {"parameters": replace(dense.network.parameters, rounding=rounding)}}
        )
        run = trainer(settings)
        before = run.device.read_weights()
        run.run()
        counters = run.device.counters()
        assert counters[Counter.VISITS] > 100_000
        changed[rounding] = int((run.device.read_weights() != before).sum())
        assert (counters[Counter.UPDATES] > 0) == (changed[rounding] > 0)
    assert changed[Rounding.NEAREST] == 0
    assert changed[Rounding.STOCHASTIC] > 500


@pytest.mark.parametrize("seed", [1, 2])
def test_a_seed_repeats_itself(seed: int) -> None:
    first, second = (trainer(TINY.changed({"run": {"seed": seed}})) for _ in range(2))
    first.run()
    second.run()
    assert hashes(first) == hashes(second)
    assert first.position == second.position
    assert first.device.counters() == second.device.counters()


def test_seeds_differ() -> None:
    runs = [trainer(TINY.changed({"run": {"seed": seed}})) for seed in (1, 2)]
    for run in runs:
        run.run()
    assert hashes(runs[0])[0] != hashes(runs[1])[0]


@pytest.mark.parametrize(
    "stop", [1, 12, 24, *(pytest.param(k, marks=pytest.mark.slow) for k in (5, 17))]
)
@pytest.mark.parametrize("latency", [0, 2])
def test_goes_on_from_any_sample(tmp_path: Path, stop: int, latency: int) -> None:
    settings = TINY.changed(
        {"objective": {"latency": latency, "event_rate": 0.05}, "run": {"epochs": 2}}
    )
    whole, first, second = (trainer(settings) for _ in range(3))
    whole.run()
    path, done, spikes = tmp_path / "checkpoint.npz", 0, []

    def save_once() -> None:
        nonlocal done
        done += 1
        if done == stop:
            save_checkpoint(path, first.state())
            spikes.append(first.rates.state()["spikes"])

    first.run(save_once)
    second.restore(load_checkpoint(path))
    assert (second.rates.state()["spikes"] == spikes).all()
    assert np.sum(spikes) > 0
    second.run()
    assert hashes(second) == hashes(first) == hashes(whole)
    assert second.position == whole.position
    assert second.device.counters() == whole.device.counters()


LATE = {
    1: ("65ca12529a14a493", "a13edb3a392defb6"),
    2: ("bc9177a12c32c44a", "66d3b6f8d7e8625e"),
    7: ("d632ae92c00fe4f4", "6fe7a31389605f2d"),
    14: ("a9d41ab74797355b", "25c821738a67e386"),
}
"""Weight and spike hash by error latency, of a loop that kept errors back and ran tick by tick."""


@pytest.mark.parametrize("rests", [range(100), [], [3]], ids=["always", "never", "once"])
@pytest.mark.parametrize("latency", LATE)
def test_ticks_under_way_are_no_other_ticks(latency: int, rests: Container[int]) -> None:
    """Errors meet the same traces, and those that come too late for their sample are dropped."""
    run = trainer(
        TINY.changed(
            {
                "task": {"limit": 6},
                "objective": {"event_rate": 0.05, "latency": latency},
                "run": {"epochs": 2},
            }
        )
    )
    seen = []
    run.run(lambda: seen.append(run.at_rest), lambda: run.position.sample in rests)
    weights, spikes = hashes(run)
    assert (weights[:16], spikes[:16]) == LATE[latency]
    assert seen == [sample in rests or sample == 5 for sample in range(6)] * 2
    assert run.layers.overtaken > 100


def test_a_checkpoint_waits_for_rest() -> None:
    run = trainer(TINY.changed({"objective": {"latency": 1}}))
    with pytest.raises(ValueError, match="^chip must be at rest for a checkpoint, not 'with ticks"):
        run.run(run.state, lambda: False)
    assert run.position.sample == 1


def test_annealing_halves_the_learning_rate_and_goes_on(tmp_path: Path) -> None:
    """From a checkpoint in the middle of an epoch too, on a device that does not know of it."""
    settings = TINY.changed({"task": {"limit": 4}, "run": {"epochs": 5, "anneal": 2}})
    whole, seen = trainer(settings), []
    place = whole.position

    def after_sample() -> None:
        (parameters,) = whole.device.config.cores[0].parameter_sets
        seen.append(parameters.eta_shift - settings.network.parameters.eta_shift)
        if (place.epoch, place.sample) == (3, 2):
            save_checkpoint(tmp_path / "checkpoint.npz", whole.state())

    whole.run(after_sample)
    assert seen == [epoch // 2 for epoch in range(5) for _ in range(4)]
    resumed = trainer(settings)
    resumed.restore(load_checkpoint(tmp_path / "checkpoint.npz"))
    resumed.run()
    assert hashes(resumed) == hashes(whole)
    constant = trainer(settings.changed({"run": {"anneal": None}}))
    constant.run()
    assert hashes(constant) != hashes(whole)


def test_parts_of_a_final_run() -> None:
    tuned, final = (
        trainer(TINY.changed({"task": {"limit": None}})),
        trainer(TINY.changed({"task": {"limit": None, "tune": False}})),
    )
    assert (len(tuned.train), len(tuned.test)) == (1150, 287)
    assert (len(final.train), len(final.test)) == (1437, 360)
    assert not set(final.train.part.indices) & set(final.test.part.indices)


def test_scoring_tells_how_many_are_done() -> None:
    run, told = trainer(TINY), []
    run.scores(run.validation, progress=told.append)
    assert told == list(range(1, len(run.validation) + 1))


def test_a_hook_after_each_epoch() -> None:
    """It gets what was scored, while the run stands at the beginning of the next epoch."""
    run, heard = trainer(TINY.changed({"run": {"epochs": 2}})), []

    def after_epoch(scored: dict[str, Any]) -> None:
        assert run.at_rest
        heard.append((scored, run.position.epoch, run.position.sample))

    run.run(after_epoch=after_epoch)
    assert [where for _, *where in heard] == [[1, 0], [2, 0]]
    assert [scored for scored, *_ in heard] == run.position.history
    assert heard[0][0]["validation_accuracy"] in {k / 12 for k in range(13)}


def test_any_loss() -> None:
    def half(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return CROSS_ENTROPY(logits, target) / 2

    runs = [
        lone_trainer(GoldenDevice(chip_config(TINY)), TINY, DIGITS, loss) for loss in (half, half)
    ]
    other = trainer(TINY)
    for run in (*runs, other):
        run.run()
    assert hashes(runs[0]) == hashes(runs[1]) != hashes(other)


def test_times_add_up() -> None:
    run = trainer(TINY)
    run.run()
    times = run.times
    assert 0 < times.device < times.total
    assert 0 < times.loss < times.total
    assert times.host == times.total - times.device - times.loss > 0


def test_chain_is_taken_up_again() -> None:
    rasters = np.zeros((3, 2, 4), dtype=bool)
    rasters[0, 0, [1, 2]] = rasters[1, 0, 3] = True
    whole = SpikeChain()
    for raster in rasters:
        whole.add(raster)
    first = SpikeChain()
    first.add(rasters[0])
    second = SpikeChain(first.hexdigest())
    for raster in rasters[1:]:
        second.add(raster)
    assert second.hexdigest() == whole.hexdigest()
    moved = SpikeChain()
    rasters[0, :, 2] = [False, True]
    for raster in rasters:
        moved.add(raster)
    assert moved.hexdigest() != whole.hexdigest()
