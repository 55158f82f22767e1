"""Store and recall: the sequences, who remembers, and that every device learns the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from axonloop.host.data import Digits, split_digits
from axonloop.host.experiments import store_recall as task
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.processing import LabelFree
from axonloop.host.training import POPULATION, Task, TrainingLoop, open_copies

WHOLE = split_digits()
FEW = Digits(WHOLE.train.first(12), WHOLE.validation.first(4), WHOLE.test.first(4))
LAST = task.SLOT * task.SLOTS


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def stored_at(raster: np.ndarray) -> int:
    """The slot in which STORE is on."""
    lines = raster[:, task.PIXELS : task.PIXELS + task.LINES]
    (ticks,) = lines.any(1).nonzero()
    return int(ticks[0]) // task.SLOT


def test_store_comes_with_one_digit_that_is_not_the_last() -> None:
    samples, seen = task.Stored(WHOLE.train), set()
    for place in range(60):
        raster = samples.raster(place, np.random.default_rng(place))
        slot = stored_at(raster)
        seen.add(slot)
        store = raster[:, task.PIXELS : task.PIXELS + task.LINES]
        assert store[slot * task.SLOT : (slot + 1) * task.SLOT].all()
        assert store.sum() == task.SLOT * task.LINES
        dark = WHOLE.train.images[place] == 0
        assert not raster[slot * task.SLOT : (slot + 1) * task.SLOT, : task.PIXELS][:, dark].any()
        assert not raster[LAST:, : task.PIXELS + task.LINES].any()
        assert raster[LAST:, task.PIXELS + task.LINES :].all()
    assert seen == set(range(task.SLOTS - 1))


def test_who_spiked_at_store_is_silent_at_recall_if_it_adapts() -> None:
    kind, samples = task.KINDS["adaptive"], task.Stored(FEW.train)
    recalled = {}
    for name, own in (("adaptive", kind), ("without R", replace(kind, rho=0))):
        program = task.program_of(own, 1)
        with open_copies(POPULATION, program.config, [1]) as copies:
            copies.load_weights(program.weights[None])
            loop = TrainingLoop(
                copies, program, [Task(samples, task.SOURCES)], LabelFree(0), [1], 0
            )
            rasters = [
                spikes[:, 0, program.neurons["memory"]] for spikes in loop.responses(samples)
            ]
        spikes = np.stack(rasters)
        before, after = spikes[:, :LAST].sum(1), spikes[:, LAST:].sum(1)
        recalled[name] = after[before >= 2].mean() / after[before == 0].mean()
    assert recalled["adaptive"] < 0.7
    assert recalled["without R"] > 0.9


def test_every_device_learns_the_same() -> None:
    both = [
        task.learned(device, task.KINDS["adaptive"], (4, 5), FEW, 1, quiet)
        for device in (POPULATION, "golden")
    ]
    assert both[0] == both[1]
    assert both[0][0].weight_hash != both[0][1].weight_hash


def test_store_recall_in_short(tmp_path: Path) -> None:
    metrics = task.measure(Order(POPULATION, limit=10), quiet)
    assert list(metrics["kinds"]) == list(task.KINDS)
    save(task.draw(metrics), tmp_path / "picture.png")
