"""A population in training: every copy is the run that a trainer makes on the golden model."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pytest
import torch

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import Digits, Part, split_digits
from axonloop.host.devices import GoldenDevice, SpikeChain
from axonloop.host.training import Trainer, chip_config, lone_trainer, population_trainer

DIGITS = split_digits()
TINY = Settings(
    network=NetworkSettings(layers=(32,)),
    task=TaskSettings(limit=6, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5),
    run=RunSettings(epochs=2, anneal=1),
)


def ends(trainer: Trainer) -> list[tuple[float, str, str, dict[str, int]]]:
    """Train: accuracy, weight hash, spike hash and counters of every copy."""
    trainer.run()
    accuracies = trainer.final_scores()
    hashes = trainer.weight_hashes(), trainer.spike_hashes()
    return list(zip(accuracies, *hashes, trainer.copies.counters(), strict=True))


def alone(settings: Settings, digits: Digits = DIGITS) -> tuple[float, str, str, dict[str, int]]:
    """The same run on the golden model, one chip alone."""
    (end,) = ends(lone_trainer(GoldenDevice(chip_config(settings)), settings, digits))
    return end


KINDS = {
    "sigma-delta": TINY,
    "controlled": TINY.changed({"objective": {"event_rate": 0.03}}),
    "dense": TINY.changed(
        {"objective": {"errors": "dense", "threshold": 1 / 16, "error_limit": 127}}
    ),
    "threshold": TINY.changed(
        {"objective": {"errors": "threshold", "threshold": 1 / 8, "error_limit": 127}}
    ),
    "concordant": TINY.changed({"objective": {"feedback": "sign-concordant", "readout_top": 3}}),
    "two layers": TINY.changed({"network": {"layers": (32, 16), "mesh": "2x1"}}),
    "direct": TINY.changed({"network": {"layers": (32, 16)}, "objective": {"strategy": "direct"}}),
    "symmetric": TINY.changed(
        {"network": {"layers": (32, 16)}, "objective": {"strategy": "symmetric"}}
    ),
    "samples": TINY.changed(
        {"objective": {"errors": "sample", "error_limit": 127, "readout_rate": 0.01}}
    ),
    "late errors": TINY.changed({"objective": {"latency": 2}}),
    "4 bits": TINY.changed({"network": {"weight_bits": 4, "weight_span": 2}}),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_copies_equal_lone_runs(kind: str) -> None:
    """Weights, spikes, counters and accuracy of 3 copies with seeds and thresholds of their own."""
    base = KINDS[kind]
    settings = [
        base.changed(
            {"objective": {"threshold": base.objective.threshold * seed}, "run": {"seed": seed}}
        )
        for seed in (1, 2, 3)
    ]
    found = ends(population_trainer(settings, DIGITS))
    assert found == [alone(each) for each in settings]
    assert all(counters["updates"] > 0 for _, _, _, counters in found)
    assert len({weights for _, weights, _, _ in found}) == 3


def backwards(part: Part) -> Part:
    """The samples of a part in the opposite order: with a limit others are left."""
    return part.at(np.arange(len(part))[::-1])


def test_copies_with_data_of_their_own_equal_lone_runs() -> None:
    own = [DIGITS, Digits(*(backwards(part) for part in vars(DIGITS).values()))]
    settings = [TINY.changed({"run": {"seed": seed}}) for seed in (1, 2)]
    trainer = population_trainer(settings, own)
    found = ends(trainer)
    assert found == [alone(*pair) for pair in zip(settings, own, strict=True)]
    assert found[1] != alone(settings[1])
    every = [epoch["validation_accuracies"] for epoch in trainer.position.history]
    lone = lone_trainer(GoldenDevice(chip_config(settings[1])), settings[1], own[1])
    lone.run()
    alone_history = [epoch["validation_accuracy"] for epoch in lone.position.history]
    assert [accuracies[1] for accuracies in every] == alone_history


def test_data_for_each_copy_must_be_as_much() -> None:
    settings = [TINY.changed({"run": {"seed": seed}}) for seed in (1, 2)]
    less = Digits(DIGITS.train.first(5), DIGITS.validation, DIGITS.test)
    with pytest.raises(ValueError, match="^data must be one for each of 2, not 1"):
        population_trainer(settings, [DIGITS])
    with pytest.raises(ValueError, match="^samples must be as many for every copy, not "):
        population_trainer(settings, [DIGITS, less])


def test_a_population_goes_on_from_its_state() -> None:
    settings = [TINY.changed({"run": {"seed": seed}}) for seed in (1, 2)]
    expected = ends(population_trainer(settings, DIGITS))
    first, second = (population_trainer(settings, DIGITS) for _ in range(2))
    states = []
    first.run(lambda: states.append(first.state()))
    second.restore(states[len(states) // 2])
    assert ends(second) == expected


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_of_gradients_equals_single_ones(seed: int) -> None:
    """Torch's cross-entropy over rows gives the very bits that it gives for each row alone."""
    random = torch.Generator().manual_seed(seed)
    logits = 8 * torch.randn(64, 10, dtype=torch.float64, generator=random)
    labels = torch.randint(0, 10, (64,), generator=random)
    logits.requires_grad_()
    loss = torch.nn.functional.cross_entropy
    (every,) = torch.autograd.grad(loss(logits, labels, reduction="sum"), logits)
    for row, label, expected in zip(logits, labels, every, strict=True):
        single = row.detach().requires_grad_()
        (found,) = torch.autograd.grad(loss(single, label), single)
        assert found.tolist() == expected.tolist()


def test_the_chain_is_that_of_the_page() -> None:
    """Link n + 1 = SHA-256(link n, sample n); a tick is the number of spikes, then the neurons."""
    raster = np.random.default_rng(1).random((30, 12)) < 0.1
    raster[:2] = False
    ticks = [row.nonzero()[0].tolist() for row in raster]
    words = [word for neurons in ticks for word in (len(neurons), *neurons)]
    sample = b"".join(word.to_bytes(4, "little") for word in words)
    chain, link = SpikeChain(), bytes(32)
    for _ in range(2):
        chain.add(raster)
        link = sha256(link + sample).digest()
    assert chain.hexdigest() == link.hex()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"task": {"ticks": 21}},
            "settings of a population must be alike but for seed, threshold, ",
        ),
        (
            {"objective": {"event_rate": 0.1}},
            "event_rate of a population must be given for all copies or for none",
        ),
    ],
    ids=["different", "rate"],
)
def test_bad_populations(change: dict[str, dict[str, object]], message: str) -> None:
    settings = [TINY, TINY.changed(change)]
    with pytest.raises(ValueError, match=f"^{message}"):
        population_trainer(settings, DIGITS)


def test_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="^copies must be at least 1, not 0"):
        population_trainer([], DIGITS)
