"""Runs whose targets are numbers: scored by mean squared error, wherever a run tells how it did."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from axonloop import DataDescription, Settings, evaluate, open_data, train
from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.training import population_trainer

RANDOM = np.random.default_rng(2)
INPUTS = RANDOM.random((60, 8))
NUMBERS = np.stack([INPUTS[:, :4].sum(1) - 2, INPUTS[:, 0] - INPUTS[:, 4]], axis=1)
TICKS = 12
TARGETS = {
    "one": NUMBERS[:, 0],
    "several": NUMBERS,
    "series": NUMBERS[:, None] * np.linspace(0, 1, TICKS)[:, None],
}
DESCRIPTION = DataDescription(target="numbers", ticks=TICKS)
SETTINGS = Settings().changed(
    {
        "network": {"layers": [16], "lanes": 16},
        "objective": {"burn_in": 4, "threshold": 1.0},
        "run": {"epochs": 2},
    }
)
SAME = ("test_mse", "layer_mses", "baseline_mse", "weight_hash", "spike_hash", "history")


def trained(kind: str, settings: Settings = SETTINGS, **more: Any) -> dict[str, Any]:
    with open_data(DESCRIPTION, {"inputs": INPUTS, "targets": TARGETS[kind]}) as data:
        return train(settings, data, **more)


def same(metrics: dict[str, Any]) -> list[Any]:
    return [metrics[name] for name in SAME]


def baseline(kind: str) -> Any:
    """The error of the training mean on the test part; of series, behind the burn-in."""
    with open_data(DESCRIPTION, {"inputs": INPUTS, "targets": TARGETS[kind]}) as data:
        mean = np.concatenate([np.atleast_2d(data.train.target(k)) for k in range(42)]).mean(0)
        skipped = 4 if kind == "series" else 0
        errors = [np.square(data.test.target(k)[skipped:] - mean).mean() for k in range(12)]
    return pytest.approx(np.mean(errors))


@pytest.mark.parametrize("kind", TARGETS)
def test_numbers_are_learned_alike_on_two_devices(kind: str) -> None:
    whole = trained(kind)
    assert whole["test_mse"] == whole["layer_mses"][-1]
    assert whole["baseline_mse"] == baseline(kind)
    first = whole["history"][0]
    assert {"validation_mse", "layer_mses", "validation_mses"} <= set(first)
    assert not any("accura" in name for name in (*whole, *first))
    assert same(trained(kind, device="batched")) == same(whole)


@pytest.mark.slow
@pytest.mark.drawn
def test_a_run_of_numbers_is_resumed_and_scored_again(tmp_path: Path) -> None:
    whole = trained("series")
    trained("series", out=tmp_path / "run", epochs=1)
    assert same(trained("series", out=tmp_path / "run", resume=True)) == same(whole)
    with open_data(DESCRIPTION, {"inputs": INPUTS, "targets": TARGETS["series"]}) as data:
        scored = evaluate(tmp_path / "run", data)
    assert [scored[name] for name in SAME[:4]] == same(whole)[:4]
    for name in ("outputs.png", "raster.png", "learning_curve.png"):
        assert (tmp_path / "run" / name).read_bytes().startswith(b"\x89PNG")
    with (
        open_data(DESCRIPTION, {"inputs": INPUTS, "targets": -TARGETS["series"]}) as data,
        pytest.raises(ValueError, match="sha256 of the data must be"),
    ):
        train(SETTINGS, data, out=tmp_path / "run", resume=True)


def test_learning_beats_the_mean() -> None:
    settings = SETTINGS.changed({"network": {"layers": [64]}, "run": {"epochs": 6}})
    metrics = trained("one", settings, device="batched")
    assert metrics["test_mse"] < 0.7 * metrics["baseline_mse"]
    assert not any("mean squared" in warning for warning in metrics["warnings"])


def test_what_learns_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    deaf = SETTINGS.changed({"objective": {"threshold": 1e5, "logit_scale": 2.0}})
    metrics = trained("several", deaf, epochs=1)
    assert metrics["test_mse"] > metrics["baseline_mse"]
    (told,) = [text for text in metrics["warnings"] if text.startswith("readout: ")]
    assert f"warning: {told}" in capsys.readouterr().err


def test_losses_by_name_and_of_ones_own() -> None:
    """Each gives bits of its own; a loss of torch gives those of its name."""

    def hash_of(loss: Any = None, name: str | None = None) -> str:
        settings = SETTINGS.changed({"objective": {"loss": name}})
        return str(trained("several", settings, loss=loss, epochs=1)["weight_hash"])

    usual, smooth = hash_of(), hash_of(name="smooth-l1")
    assert usual == hash_of(name="mse") == hash_of(torch.nn.functional.mse_loss)
    assert smooth == hash_of(torch.nn.functional.smooth_l1_loss) != usual
    assert hash_of(lambda logits, target: (logits - target).abs().sum()) not in (usual, smooth)


def test_many_copies_learn_numbers_as_one_does() -> None:
    with open_data(DESCRIPTION, {"inputs": INPUTS, "targets": TARGETS["series"]}) as data:
        one = replace(SETTINGS, data=DESCRIPTION).fitted(data)
        trainer = population_trainer([one, one.changed({"run": {"seed": 2}})], data)
        trainer.run()
        scores, hashes = trainer.final_scores(), trainer.weight_hashes()
    alone = trained("series")
    assert (scores[0], hashes[0]) == (alone["test_mse"], alone["weight_hash"])
    assert scores[1] != scores[0]


@pytest.mark.parametrize(
    ("target", "loss", "own", "message"),
    [
        ("numbers", "cross-entropy", None, "loss must be left out or mse or smooth-l1 or integer"),
        ("class", "mse", None, "loss must be left out or cross-entropy or integer, of classes"),
        ("numbers", "mse", torch.nn.functional.mse_loss, "loss must be left out beside a loss of"),
    ],
)
def test_losses_that_are_refused(
    target: str, loss: str, own: Any, message: str, tmp_path: Path
) -> None:
    settings = SETTINGS.changed({"objective": {"loss": loss}})
    labels = np.arange(60) % 2 if target == "class" else TARGETS["one"]
    description = replace(DESCRIPTION, target=target)
    with (
        open_data(description, {"inputs": INPUTS, "targets": labels}) as data,
        pytest.raises(ValueError, match=f"objective.{message}"),
    ):
        train(settings, data, own, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


FILE = f"""
[network]
layers = [16]
[objective]
burn_in = 4
loss = "LOSS"
[run]
epochs = 1
[data]
path = "set.npz"
target = "numbers"
ticks = {TICKS}
"""


def test_a_file_trains_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "set.npz", inputs=INPUTS, targets=NUMBERS)
    file, out = tmp_path / "mine.toml", tmp_path / "run"
    words = ["train", str(file), "--device", "golden", "--out", str(out)]
    for loss, code in (("cross-entropy", MISTAKE), ("l2", MISTAKE), ("smooth-l1", 0)):
        file.write_text(FILE.replace("LOSS", loss))
        assert run(words) == code
    metrics = json.loads((out / "metrics.json").read_text())
    assert run(["eval", str(out)]) == 0
    said = capsys.readouterr()
    assert f"{metrics['test_mse']:.4g} ({metrics['baseline_mse']:.4g} by always" in said.out
    assert "error: mine.toml" not in said.out
    assert said.err.count("objective.loss must be ") == 2
