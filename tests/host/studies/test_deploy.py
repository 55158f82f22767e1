"""The studies about weights: deployment, weight bits, error rates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.catalogue import CATALOGUE, run_entry
from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import split_digits
from axonloop.host.studies import bits, deploy, rates
from axonloop.host.training import (
    POPULATION,
    Descent,
    SurrogateTrainer,
    chip_config,
    learn_in_loop,
    program_of,
    step_log2,
    with_bits,
)
from axonloop.host.training import deploy as training_deploy
from axonloop.models.config import Rounding

DIGITS = split_digits()
TINY = Settings(
    network=NetworkSettings(layers=(32,)),
    task=TaskSettings(limit=8, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5),
    run=RunSettings(epochs=1),
)


@pytest.mark.parametrize(
    ("count", "w_exp", "theta", "eta_shift", "span"),
    [(8, 4, 1536, 6, 8), (6, 6, 1536, 8, 2), (4, 7, 768, 10, 0), (12, 0, 1536, 2, 128)],
)
def test_bits_keep_the_network(
    count: int, w_exp: int, theta: int, eta_shift: int, span: int
) -> None:
    """A step times 2^w_exp in units of theta, and eta times a step, stay what they were."""
    found = with_bits(Settings(), count)
    own, parameters = found.network, found.network.parameters
    assert (parameters.w_exp, parameters.theta, parameters.eta_shift) == (w_exp, theta, eta_shift)
    assert (own.weight_bits, own.weight_span) == (count, span)
    assert chip_config(found).geometry.weight_bits == count


def test_sixteen_bits_go_as_fine_as_registers_allow() -> None:
    found = with_bits(Settings(), 16, Rounding.NEAREST).network
    assert step_log2(Settings(), 16) == -4
    assert (found.parameters.w_exp, found.parameters.eta_shift) == (0, 2)
    assert (found.weight_span, found.parameters.rounding) == (128, Rounding.NEAREST)


def test_deployed_weights_are_rounded_and_clipped() -> None:
    settings = TINY.changed({"network": {"layers": (16,)}})
    geometry = chip_config(settings).geometry
    weights = np.full((geometry.axons, geometry.neurons), 41.0)
    weights[0] = 7.9
    weights[1] = -300.0
    found = deploy.deployed(weights, settings, with_bits(settings, 4), DIGITS)
    assert (found[0, 0], found[1, 0], found[2, 0]) == (0, -7, 3)
    assert (found[65:] == -8).all()


def test_longer_ticks_square_the_decays() -> None:
    found = training_deploy.faster(Settings().network.parameters, 2)
    assert found.alpha_n == round(3686**2 / 4096)
    assert found.beta_n == round(2867**2 / 4096)


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_every_device_tunes_alike() -> None:
    """A population of all seeds, and golden and batched one by one; learning changes something."""
    every = [
        TINY.changed(
            {"task": {"limit": 20}, "objective": {"threshold": 2.0}, "run": {"seed": seed}}
        )
        for seed in (1, 2)
    ]
    weights = [np.array(program_of(settings).weights) for settings in every]
    found = [
        learn_in_loop(device, every, weights, DIGITS, quiet)
        for device in (POPULATION, "golden", "batched")
    ]
    assert found[0] == found[1] == found[2]
    assert any(run.before != run.after for run in found[0])


def test_the_loop_starts_from_what_is_loaded() -> None:
    """It scores what training off the chip did; errors too small to be sent change nothing."""
    settings = TINY.changed(
        {"network": {"weight_span": 16}, "task": {"limit": 60}, "objective": {"threshold": 1e6}}
    )
    model = SurrogateTrainer(settings, DIGITS, Descent(epochs=4, rate=2.0, scale=0.03))
    model.run()
    weights = model.module.integer_weights()
    for device in (POPULATION, "golden"):
        (run,) = learn_in_loop(device, [settings], [weights], DIGITS, quiet)
        assert run.before == run.after == model.accuracy(model.test) > 0.4


def study(name: str, out: Path, **given: Any) -> dict[str, Any]:
    """Run a study; the metrics that it wrote."""
    run_entry(CATALOGUE["study"][name], given, out)
    assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    return dict(json.loads((out / f"{name}.json").read_text()))


def test_deploy_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training_deploy, "EPOCHS", 1)
    bits = []

    class Noting(SurrogateTrainer):
        def load_weights(self, weights: Any) -> None:
            bits.append(self.settings.network.weight_bits)
            super().load_weights(weights)

    monkeypatch.setattr(deploy, "SurrogateTrainer", Noting)
    results = study("deploy", tmp_path, seeds=2, limit=6)
    assert bits == [4, 4], "those of the twins that are trained for 4 bits"
    rows = {row["stage"]: row for row in results["rows"]}
    assert len(rows) == 8
    assert all(len(row["accuracies"]) == 2 for row in rows.values())
    assert rows["float"]["lost"] == 0
    assert results["bar"] == pytest.approx(rows["float"]["accuracy"] - 0.005)
    table = capsys.readouterr().out.splitlines()
    assert len(table) == len(rows) + 1


def test_bits_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = study("bits", tmp_path, seeds=2, epochs=1, limit=4)["rows"]
    assert [(p["bits"], p["rounding"]) for p in points] == [
        (count, rounding.name.lower()) for count in bits.BITS for rounding in Rounding
    ]
    assert all(len(p["accuracies"]) == 2 for p in points)
    assert all(p["updates"] > 0 for p in points if p["rounding"] == "stochastic")
    assert len(capsys.readouterr().out.splitlines()) == len(points) + 1


def test_rates_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    results = study("rates", tmp_path, seeds=2, epochs=1, limit=4)
    assert [point["rate"] for point in results["rows"]] == list(rates.RATES)
    assert len({copy["weight_hash"] for copy in results["copies"]}) == 2 * len(rates.RATES)
    assert len(capsys.readouterr().out.splitlines()) == len(rates.RATES) + 1
    monkeypatch.setattr(rates, "_trained_alone", lambda *_: ("", ""))
    with pytest.raises(RuntimeError, match="^first copy must be bit for bit the run on the golden"):
        study("rates", tmp_path / "other", seeds=1, epochs=1, limit=4)
    assert not (tmp_path / "other").exists()
