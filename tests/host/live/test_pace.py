"""How often a run is looked at: seldom enough that looking costs little of its time."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.live import spending, state_readings, watch
from axonloop.host.live.gate import Gate
from axonloop.host.training import Times, Trainer, chip_config, lone_trainer

SETTINGS = Settings().changed(
    {
        "network": {"layers": (8,), "lanes": 4},
        "task": {"limit": 6, "ticks": 3},
        "objective": {"burn_in": 1},
    }
)


class Clock:
    """Seconds that a test moves on; looking takes `cost` of them."""

    def __init__(self) -> None:
        self.now, self.cost = 100.0, 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in (spending, state_readings, watch):
        monkeypatch.setattr(module, "perf_counter", found)
    return found


@pytest.fixture
def trainer() -> Iterator[Trainer]:
    with open_device("golden", chip_config(SETTINGS)) as device:
        yield lone_trainer(device, SETTINGS, split_digits())


def test_reading_takes_a_twentieth_of_the_time_and_is_done_once_a_second(
    clock: Clock, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = list[float]()

    def weights() -> Any:
        read.append(clock.now)
        clock.now += clock.cost
        return trainer.program.weights

    monkeypatch.setattr(trainer.device, "read_weights", weights)
    readings = state_readings.StateReadings(trainer)
    for clock.cost, moments in ((0.0, (100.0, 100.9, 101.0)), (2.0, (102.0, 143.9, 144.0))):
        for clock.now in moments:
            readings.read()
    assert read == [100.0, 101.0, 102.0, 144.0]
    assert readings.at == "behind 0 samples of epoch 1"


def test_a_glimpse_that_cost_much_is_the_last_for_long(clock: Clock, trainer: Trainer) -> None:
    seen = watch.Watch(trainer, Gate())
    spikes, shown = np.zeros((1, trainer.program.config.neurons), bool), list[float]()

    clock.cost = 0.25

    def read() -> None:
        shown.append(round(clock.now, 3))
        clock.now += clock.cost

    seen._readings.read = read  # type: ignore[method-assign]
    for clock.now in (100.1, 101.0, 103.7, 104.5):
        for tick in range(3):  # a whole sample, whose membranes are read
            seen.note_tick(tick, spikes, np.zeros(trainer.program.config.neurons, np.float32))
        seen.between_ticks()
    assert shown == [101.0, 104.5]  # 2.5 seconds after the first one was done, at 101.25
    seen.between_ticks()
    assert len(shown) == 2, "nothing is new"


def test_time_is_shared_over_a_second_or_more(clock: Clock) -> None:
    position = SimpleNamespace(epoch=0, sample=0)
    trainer: Any = SimpleNamespace(
        times=Times(total=1.0, device=0.5, loss=0.25),
        position=position,
        train=range(10),
        settings=SETTINGS,
    )
    found = spending.Spending(trainer)
    clock.now += 2
    assert found.lately() == {}, "no sample is done"
    clock.now, position.epoch = 101.0, 1
    trainer.times = Times(total=1.0, device=0.5, loss=0.25) + Times(3e-3, 6e-4, 1.5e-3)
    whole = {who: getattr(trainer.times, who) for who in spending.SPENDERS}
    before = {"device": 0.5, "loss": 0.25, "host": 0.25}
    wanted = {who: 1e6 * (whole[who] - before[who]) / 30 for who in spending.SPENDERS}
    assert found.lately() == pytest.approx(wanted)
    clock.now, position.sample = 101.9, 5
    trainer.times = trainer.times + Times(total=9.0)
    assert found.lately() == pytest.approx(wanted), "not a second has passed"
    found.leave_out(9.0)
    clock.now = 102.0
    assert found.lately() == pytest.approx(dict.fromkeys(wanted, 0.0), abs=1e-6)
