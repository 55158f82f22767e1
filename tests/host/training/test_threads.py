"""Torch computes on one thread, and the process keeps the number that it had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.experiments.erbp.digits import TEACHING
from axonloop.host.experiments.erbp.digits import settings_of as erbp_settings
from axonloop.host.experiments.erbp.float import PaperErbp
from axonloop.host.experiments.recurrence.float import Recurrence, train
from axonloop.host.experiments.spike_timing.chip import SpikeTimes
from axonloop.host.experiments.spike_timing.float import float_distances
from axonloop.host.processing import CROSS_ENTROPY, one_thread
from axonloop.host.training import (
    Descent,
    LocalTrainer,
    SurrogateTrainer,
    chip_config,
    lone_trainer,
    population_trainer,
)

DIGITS = split_digits()
SETTINGS = Settings(
    network=NetworkSettings(layers=(16,)),
    task=TaskSettings(limit=4, ticks=16),
    run=RunSettings(epochs=1),
)


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    """A process that has asked for three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    found = torch.get_num_threads()
    torch.set_num_threads(before)
    assert found == 3


def test_a_block_has_one_thread_even_if_it_fails() -> None:
    @one_thread()
    def fail() -> None:
        with one_thread():
            pass
        assert torch.get_num_threads() == 1
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == 3


class Threads(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes the number of threads at every operation inside of it."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.seen: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.seen.add(torch.get_num_threads())
        return func(*args, **(kwargs or {}))


def surrogate() -> list[Callable[[], object]]:
    trainer = SurrogateTrainer(SETTINGS, DIGITS, Descent(epochs=1))
    return [trainer.run, lambda: trainer.accuracy(trainer.test)]


def local() -> list[Callable[[], object]]:
    trainer = LocalTrainer(SETTINGS, DIGITS, 1.0)
    return [lambda: trainer.run(1), lambda: trainer.accuracy(trainer.test)]


def paper() -> list[Callable[[], object]]:
    trainer = PaperErbp(erbp_settings(1, 1, 2), DIGITS, TEACHING)
    return [lambda: trainer.run(1, quiet), trainer.accuracy]


def recurrent() -> list[Callable[[], object]]:
    task = Recurrence(classes=2, each=2, validation=1, test=1, channels=2, epochs=1)
    return [lambda: train(task, "full", lambda: None)]


def timed() -> list[Callable[[], object]]:
    task = SpikeTimes(ticks=60, inputs=8, wanted=1, lead=10, apart=12)
    return [lambda: float_distances(task, "SuperSpike", 1, quiet)]


@pytest.mark.parametrize("kind", [surrogate, local, paper, recurrent, timed])
def test_learning_off_the_chip_has_one_thread(kind: Callable[[], Any]) -> None:
    for work in kind():
        with Threads() as threads:
            work()
        assert threads.seen == {1}
        assert torch.get_num_threads() == 3


def test_the_loop_has_one_thread_only_while_it_works() -> None:
    seen = []

    def loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        seen.append(torch.get_num_threads())
        return CROSS_ENTROPY(logits, target)

    trainer = lone_trainer(GoldenDevice(chip_config(SETTINGS)), SETTINGS, DIGITS, loss)
    assert torch.get_num_threads() == 3
    trainer.run()
    assert set(seen) == {1}
    assert torch.get_num_threads() == 3
    trainer.scores(trainer.test)
    assert torch.get_num_threads() == 3


def test_responses_of_a_population_leave_the_threads_between_samples() -> None:
    trainer = population_trainer([SETTINGS], DIGITS)
    with Threads() as threads:
        between = [torch.get_num_threads() for _ in trainer.responses(trainer.test)]
    assert between == [3] * len(trainer.test)
    assert threads.seen == {1}
