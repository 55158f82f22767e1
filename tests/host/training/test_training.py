"""Training on the golden model: it learns, repeats itself, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice, SpikeChain, weight_hash
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.training import Settings, Trainer, chip_config, lone_trainer
from axonloop.host.training.from_settings import CROSS_ENTROPY
from axonloop.models.config import Rounding
from axonloop.models.protocol import Counter

DIGITS = split_digits()
TINY = Settings(epochs=1, limit=12, ticks=20, burn_in=5, tune=True)


def trainer(settings: Settings) -> Trainer:
    return lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)


def hashes(run: Trainer) -> tuple[str, str]:
    weights = run.device.read_weights()
    return weight_hash(weights, run.device.config.geometry), run.spike_hashes()[0]


def test_learns_digits() -> None:
    """300 samples, seen once, give far more than chance (10 %) on samples never seen."""
    run = trainer(Settings(epochs=1, limit=300, tune=True))
    assert run.score(run.validation).accuracy < 0.3
    run.run()
    assert run.position.history[0]["validation_accuracy"] > 0.7


def test_nearest_rounding_learns_nothing() -> None:
    """The negative control: at the dense learning rate no update survives nearest rounding."""
    dense = replace(
        TINY,
        errors="dense",
        threshold=1 / 16,
        error_limit=127,
        parameters=replace(TINY.parameters, eta_shift=12),
    )
    changed = {}
    for rounding in Rounding:
        settings = replace(dense, parameters=replace(dense.parameters, rounding=rounding))
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
    first, second = (trainer(replace(TINY, seed=seed)) for _ in range(2))
    first.run()
    second.run()
    assert hashes(first) == hashes(second)
    assert first.position == second.position
    assert first.device.counters() == second.device.counters()


def test_seeds_differ() -> None:
    runs = [trainer(replace(TINY, seed=seed)) for seed in (1, 2)]
    for run in runs:
        run.run()
    assert hashes(runs[0])[0] != hashes(runs[1])[0]


@pytest.mark.parametrize("stop", [1, 5, 12, 17, 24])
@pytest.mark.parametrize("latency", [0, 2])
def test_goes_on_from_any_sample(tmp_path: Path, stop: int, latency: int) -> None:
    settings = replace(TINY, epochs=2, latency=latency, event_rate=0.05)
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
    run = trainer(replace(TINY, epochs=2, limit=6, event_rate=0.05, latency=latency))
    seen = []
    run.run(lambda: seen.append(run.at_rest), lambda: run.position.sample in rests)
    weights, spikes = hashes(run)
    assert (weights[:16], spikes[:16]) == LATE[latency]
    assert seen == [sample in rests or sample == 5 for sample in range(6)] * 2
    assert run.layers.overtaken > 100


def test_a_checkpoint_waits_for_rest() -> None:
    run = trainer(replace(TINY, latency=1))
    with pytest.raises(ValueError, match="^chip must be at rest for a checkpoint, not 'with ticks"):
        run.run(run.state, lambda: False)
    assert run.position.sample == 1


def test_annealing_halves_the_learning_rate_and_goes_on(tmp_path: Path) -> None:
    """From a checkpoint in the middle of an epoch too, on a device that does not know of it."""
    settings = replace(TINY, limit=4, epochs=5, anneal=2)
    whole, seen = trainer(settings), []
    place = whole.position

    def after_sample() -> None:
        (parameters,) = whole.device.config.cores[0].parameter_sets
        seen.append(parameters.eta_shift - settings.parameters.eta_shift)
        if (place.epoch, place.sample) == (3, 2):
            save_checkpoint(tmp_path / "checkpoint.npz", whole.state())

    whole.run(after_sample)
    assert seen == [epoch // 2 for epoch in range(5) for _ in range(4)]
    resumed = trainer(settings)
    resumed.restore(load_checkpoint(tmp_path / "checkpoint.npz"))
    resumed.run()
    assert hashes(resumed) == hashes(whole)
    constant = trainer(replace(settings, anneal=None))
    constant.run()
    assert hashes(constant) != hashes(whole)


def test_parts_of_a_final_run() -> None:
    tuned, final = (
        trainer(replace(TINY, limit=None)),
        trainer(replace(TINY, limit=None, tune=False)),
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
    run, heard = trainer(replace(TINY, epochs=2)), []

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
    trains = [[np.array([1, 2]), np.array([], int)], [np.array([3])], [np.array([], int)]]
    whole = SpikeChain()
    for train in trains:
        whole.add(train)
    first = SpikeChain()
    first.add(trains[0])
    second = SpikeChain(first.hexdigest())
    for train in trains[1:]:
        second.add(train)
    assert second.hexdigest() == whole.hexdigest()
    moved = SpikeChain()
    for train in ([np.array([1]), np.array([2])], trains[1], trains[2]):
        moved.add(train)
    assert moved.hexdigest() != whole.hexdigest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number in 1..1000000, not 0"),
        ({"burn_in": 40}, "burn-in must be a whole number in 0..39, not 40"),
        ({"latency": 28}, "latency must be a whole number in 0..27, not 28"),
        ({"limit": 0}, "limit must be a whole number in 1..1000000, not 0"),
        ({"anneal": 0}, "anneal must be a whole number in 1..1000000, not 0"),
        (
            {"epochs": 16, "anneal": 1},
            "eta_shift of the last epoch must be a whole number in 0..20, not 21",
        ),
        ({"threshold": 0.0}, "threshold must be above 0 and below 2\\*\\*20, not 0.0"),
        ({"speed": 1}, "settings must be among .*, not \\['speed'\\]"),
        ({"parameters": {"gain": 1}}, "settings must be of the known kinds: "),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_settings(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Settings.from_dict(Settings().to_dict() | change)


def test_settings_come_back() -> None:
    settings = Settings(seed=7, limit=5, event_rate=0.01)
    assert Settings.from_dict(settings.to_dict()) == settings
