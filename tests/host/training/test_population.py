"""A population in training: every copy is the run that a trainer makes on the golden model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice, SpikeChain, weight_hash
from axonloop.host.processing import error_encoder
from axonloop.host.training import (
    Copy,
    ErrorBank,
    PopulationTrainer,
    Settings,
    Trainer,
    chip_config,
)

DIGITS = split_digits()
TINY = Settings(epochs=2, limit=6, ticks=20, burn_in=5, tune=True, layers=(32,), anneal=1)


def alone(settings: Settings) -> Copy:
    """The same run on the golden model, one chip alone."""
    trainer = Trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)
    trainer.run()
    score = trainer.scorer.score(trainer.test)
    weights = trainer.device.read_weights()
    return Copy(
        settings,
        score.accuracy,
        weight_hash(weights, trainer.device.config.geometry),
        trainer.scorer.chain.hexdigest(),
        {counter.name.lower(): count for counter, count in trainer.counters().items()},
    )


KINDS = {
    "sigma-delta": TINY,
    "controlled": replace(TINY, event_rate=0.03),
    "dense": replace(TINY, errors="dense", threshold=1 / 16, error_limit=127),
    "threshold": replace(TINY, errors="threshold", threshold=1 / 8, error_limit=127),
    "concordant": replace(TINY, feedback="sign-concordant", readout_top=3),
    "two layers": replace(TINY, layers=(32, 16), mesh="2x1"),
    "4 bits": replace(TINY, weight_bits=4, weight_span=2),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_copies_equal_lone_runs(kind: str) -> None:
    """Weights, spikes, counters and accuracy of 3 copies with seeds and thresholds of their own."""
    base = KINDS[kind]
    settings = [replace(base, seed=seed, threshold=base.threshold * seed) for seed in (1, 2, 3)]
    trainer = PopulationTrainer(settings, DIGITS)
    trainer.run()
    found = trainer.finish()
    assert found == [alone(each) for each in settings]
    assert all(copy.counters["updates"] > 0 for copy in found)
    assert len({copy.weight_hash for copy in found}) == 3


@pytest.mark.parametrize("code", ["dense", "threshold", "sigma-delta"])
@pytest.mark.parametrize("rate", [None, 0.1])
def test_error_bank_equals_its_encoders(code: str, rate: float | None) -> None:
    rng = np.random.default_rng(2)
    bank, single = (
        [error_encoder(code, 20, threshold, limit, rate) for threshold, limit in ((50, 1), (9, 5))]
        for _ in range(2)
    )
    together = ErrorBank(bank)
    for _ in range(200):
        gradient = rng.integers(-100, 101, (2, 20))
        expected = [encoder.encode(row) for encoder, row in zip(single, gradient, strict=True)]
        assert together.encode(gradient).tolist() == np.stack(expected).tolist()


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


def test_chain_of_rasters() -> None:
    raster = np.random.default_rng(1).random((30, 12)) < 0.1
    raster[:2] = False
    one, other = SpikeChain(), SpikeChain()
    for _ in range(2):
        one.add([row.nonzero()[0].astype(np.int32) for row in raster])
        other.add_raster(raster)
    assert one.hexdigest() == other.hexdigest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ticks": 21}, "settings of a population must be alike but for seed, threshold, "),
        ({"strategy": "direct"}, "strategy of a population must be 'local', not 'direct'"),
        ({"latency": 1}, "latency of a population must be 0, not 1"),
    ],
    ids=["different", "strategy", "latency"],
)
def test_bad_populations(change: dict[str, object], message: str) -> None:
    changed = replace(TINY, **change)  # type: ignore[arg-type]
    settings = [TINY, changed] if "ticks" in change else [changed]
    with pytest.raises(ValueError, match=f"^{message}"):
        PopulationTrainer(settings, DIGITS)


def test_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="^copies must be at least 1, not 0"):
        PopulationTrainer([], DIGITS)
