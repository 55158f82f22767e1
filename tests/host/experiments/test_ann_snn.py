"""The experiment that converts ReLU networks, in short."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonloop.host.data import split_digits
from axonloop.host.experiments import ann_snn
from axonloop.host.order import Order
from axonloop.host.pictures import save


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ann_snn, "EPOCHS", 1)
    metrics = ann_snn.measure(Order("golden", limit=40), quiet)
    assert metrics["checks"]["devices"] == ["batched", "golden"]
    assert len(metrics["rows"]) == 2 * 2 * 2 + 2 + 1
    for found in metrics["networks"].values():
        assert set(found["snn"]) == set(ann_snn.BITS)
        assert all(len(curve) == len(ann_snn.TICKS) for curve in found["snn"][8])
        assert found["spikes"][0] > 10
    save(ann_snn.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_a_seed_trains_alike() -> None:
    part = split_digits().train.first(64)
    one, same, other = (ann_snn.train("dense", part, seed) for seed in (1, 1, 2))
    assert (one[0].weight == same[0].weight).all()
    assert not (one[0].weight == other[0].weight).all()
