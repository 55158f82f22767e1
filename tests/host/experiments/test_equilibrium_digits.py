"""A short run of the experiment, and that its gradients are what its rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonloop.host.cli.app import run
from axonloop.host.data import split_digits
from axonloop.host.experiments import equilibrium_digits as experiment
from axonloop.host.files import read_json


def test_all_rules_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "EPOCHS", 8)
    monkeypatch.setattr(experiment, "HIDDEN", 64)
    monkeypatch.setattr(experiment, "STRENGTHS", (1e-3, 1e-1))
    monkeypatch.setattr(experiment, "COMPARED", 10)
    out = tmp_path / "run"
    command = ["experiment", "equilibrium-digits", "--limit", "500", "--out", str(out)]
    assert run(command) == 0
    metrics = read_json(out / "equilibrium-digits.json")
    assert (out / "equilibrium-digits.png").exists()
    assert list(metrics["curves"]) == list(experiment.RULES)
    for curves in metrics["curves"].values():
        assert [len(curve) for curve in curves] == [8]
        assert curves[0][-1] > 0.7
    one, symmetric, contrastive = metrics["errors"].values()
    assert one[0] < one[1] / 50
    assert symmetric[0] < symmetric[1] / 5000
    assert contrastive[0] < contrastive[1] / 50


def test_a_rule_is_scored_by_its_own_answers() -> None:
    """A settled network may answer otherwise than one without feedback."""
    task = experiment.task_of(split_digits().test)
    network = experiment.network_of(experiment.CHL, 1)
    network.gamma = 5.0
    settled, forward = (
        experiment.answers(rule, network, task.pixels) for rule in (experiment.CHL, experiment.BP)
    )
    assert (settled != forward).any()
    expected = network.settle(task.pixels, network.forward(task.pixels))[-1].argmax(1)
    assert (settled == expected).all()
