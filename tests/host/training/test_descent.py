"""Learning off the chip: the steps that are taken, and the samples that they are taken for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import SHUFFLING, TRAINING, Part, generator, split_digits
from axonloop.host.training import Descent, LocalTrainer, SurrogateTrainer, descend, passes
from axonloop.host.training import local as local_module

SETTINGS = Settings(
    network=NetworkSettings(layers=(16,)),
    task=TaskSettings(limit=10, ticks=16),
    run=RunSettings(seed=3),
)


def permuted(epoch: int, samples: int = 10, seed: int = 3) -> list[int]:
    return generator(seed, SHUFFLING, epoch).permutation(samples).tolist()


def test_steps_are_those_of_the_loop_written_out() -> None:
    """Adam and its cosine, changed once a round, whose batches share a rate."""
    inputs = torch.rand((6, 4), generator=torch.Generator().manual_seed(1))
    rounds = [[[0, 1], [2, 3]], [[4, 5], [0, 2], [1, 3]], [[5]]]
    found, wanted = torch.ones(4, requires_grad=True), torch.ones(4, requires_grad=True)

    def loss(weights: torch.Tensor, places: list[int]) -> Any:
        return (inputs[places] @ weights - 1).square().sum()

    told: list[tuple[str, int, int]] = []
    descend(
        torch.optim.Adam([found], 0.1),
        rounds,
        3,
        lambda places: loss(found, places).backward(),
        lambda *each: told.append(each),
    )
    adam = torch.optim.Adam([wanted], 0.1)
    for k, batches in enumerate(rounds):
        for group in adam.param_groups:
            group["lr"] = 0.05 * (1 + np.cos(np.pi * k / 3))
        for places in batches:
            wanted.grad = None
            loss(wanted, places).backward()
            adam.step()
    assert (found != 1).all()
    assert torch.allclose(found, wanted, rtol=1e-6, atol=0)
    assert told == [("descend", done, 3) for done in (1, 2, 3)]


def test_passes_go_through_all_samples_in_a_new_order_each() -> None:
    told: list[tuple[str, int, int]] = []
    found = []
    for each in passes(10, 3, 2, lambda *given: told.append(given)):
        assert len(told) == len(found)  # told behind the sample, not before
        found.append(each)
    assert found == [(epoch, place) for epoch in (0, 1) for place in permuted(epoch)]
    assert told == [("descend", done, 20) for done in range(1, 21)]


def surrogate() -> tuple[SurrogateTrainer, str, Callable[[], None]]:
    trainer = SurrogateTrainer(SETTINGS, split_digits(), Descent(epochs=2, batch=4))
    return trainer, "votes", trainer.run


def local() -> tuple[LocalTrainer, str, Callable[[], None]]:
    trainer = LocalTrainer(SETTINGS, split_digits(), 1.0)
    return trainer, "gradient", lambda: trainer.run(2)


@pytest.mark.parametrize(("kind", "sizes"), [(surrogate, (4, 3, 3)), (local, (4, 4, 2))])
def test_batches_are_stretches_of_the_epochs_order(
    kind: Callable[[], Any], sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are as even as they can be for one trainer, all full but the last for the other."""
    monkeypatch.setattr(local_module, "BATCH", 4)
    trainer, name, run = kind()
    asked, ask = [], getattr(trainer, name)

    def heard(part: Part, *purpose: int) -> torch.Tensor:
        asked.append((part.indices.tolist(), purpose))
        found: torch.Tensor = ask(part, *purpose)
        return found

    monkeypatch.setattr(trainer, name, heard)
    run()
    ends, wanted = np.cumsum((0, *sizes)), []
    for epoch in (0, 1):
        order = trainer.train.indices[permuted(epoch)].tolist()
        batches = [order[a:b] for a, b in zip(ends, ends[1:], strict=False)]
        wanted += [(batch, (TRAINING, epoch)) for batch in batches]
    assert asked == wanted


@pytest.mark.parametrize("make", [LocalTrainer, SurrogateTrainer])
def test_a_readout_that_learns_is_refused_off_the_chip(make: Callable[..., object]) -> None:
    settings = SETTINGS.changed({"objective": {"readout_rate": 0.01}})
    given = 1.0 if make is LocalTrainer else Descent()
    told = r"^readout_rate must be 0 for a readout that is fixed, not 0\.01$"
    with pytest.raises(ValueError, match=told):
        make(settings, split_digits(), given)
