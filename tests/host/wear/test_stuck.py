"""Memristors that are worn out, alone and in training on devices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import NetworkSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import Device, GoldenDevice, open_device
from axonloop.host.report import REPORT
from axonloop.host.runs import train
from axonloop.host.training import Trainer, chip_config, lone_trainer, open_copies, task_parts
from axonloop.host.wear import Wear, WriteAccount
from axonloop.models.arrays import Int32Array
from axonloop.models.config import NO_TABLES
from axonloop.models.memristor import find_memristor, toml_of


def int32(*values: int) -> Any:
    return np.array([values], np.int32)


def settings(endurance: float | None, **run: Any) -> Settings:
    """A short run whose memristors are written some times each."""
    network = NetworkSettings(layers=(16,), memristor="mo-tiox-tin", endurance=endurance)
    return Settings(network, TaskSettings(limit=25, ticks=20), run=RunSettings(**run))


def never() -> Any:
    raise AssertionError("weights must not be read while no memristor is worn")


def test_a_worn_memristor_keeps_the_weight_that_it_had_when_that_was_seen() -> None:
    wear = Wear((1, 3), 5)
    assert wear.held(int32(4, 4, 0), never) is None
    assert wear.held(int32(5, 4, 0), lambda: int32(10, 20, 30)) is None  # seen: nothing to undo
    held = wear.held(int32(6, 5, 1), lambda: int32(11, 21, 31))
    assert held is not None
    assert held.tolist() == [[10, 21, 31]]
    assert wear.worn.tolist() == [[True, True, False]]
    held = wear.held(int32(9, 9, 4), lambda: int32(0, 0, 0))
    assert held is not None
    assert held.tolist() == [[10, 21, 0]]


def test_without_an_end_nothing_is_held() -> None:
    assert Wear((1, 1), None).held(int32(10**9), never) is None


def test_writes_and_worn_memristors_go_on_from_a_checkpoint() -> None:
    first = Wear((1, 2), 5)
    first.held(int32(5, 3), lambda: int32(10, 20))
    second = Wear((1, 2), 5)
    second.restore(first.state(int32(6, 3)))
    assert second.writes(int32(1, 1)).tolist() == [[7, 4]]
    held = second.held(int32(0, 2), lambda: int32(0, 8))
    assert held is not None
    assert held.tolist() == [[10, 8]]


def test_a_checkpoint_of_others_is_refused() -> None:
    state = Wear((1, 2), 5).state(int32(0, 0))
    with pytest.raises(ValueError, match=r"^writes of the checkpoint must be of \(1, 3\), not"):
        Wear((1, 3), 5).restore(state)
    with pytest.raises(ValueError, match="^writes of the checkpoint must be in 0"):
        Wear((1, 2), 5).restore(state | {"writes": int32(0, -1)})


def trained(device: str, endurance: float | None) -> tuple[WriteAccount, Int32Array]:
    """The writes, and the weights in the end."""
    own = settings(endurance, epochs=1, seed=3)
    with open_device(device, chip_config(own)) as chip:
        trainer = lone_trainer(chip, own, split_digits())
        trainer.run()
        (account,) = trainer.write_accounts()
        return account, chip.read_weights()


def test_golden_and_batched_wear_alike() -> None:
    """And as two chips at once do, each with its own writes."""
    (found, golden), (other, batched) = (trained(name, 3) for name in ("golden", "batched"))
    assert np.array_equal(golden, batched)
    assert found.metrics() == other.metrics()
    assert found.populations is not None
    assert sum(int(each.sum()) for each in found.populations.values()) == found.total
    assert 0 < found.worn == found.beyond < found.memristors
    every = [settings(3, epochs=1, seed=seed) for seed in (3, 4)]
    with open_copies("population", chip_config(every[0]), [3, 4]) as copies:
        trainer = Trainer(copies, every, task_parts(every[0], split_digits()))
        trainer.run()
        assert np.array_equal(copies.weights()[0], golden)
        accounts = trainer.write_accounts()
    assert accounts[0].metrics() == found.metrics() != accounts[1].metrics()
    free, weights = trained("batched", None)
    assert free.worn == 0
    assert not np.array_equal(weights, golden)


def test_latency_does_not_run_ahead_of_worn_memristors() -> None:
    late = settings(2, epochs=1).changed({"objective": {"latency": 2}})
    hashes = []
    for rests in (True, False):
        with open_device("golden", chip_config(late)) as chip:
            trainer = lone_trainer(chip, late, split_digits())
            trainer.run(rest=lambda rests=rests: rests)  # type: ignore[misc]
            hashes.append(trainer.weight_hashes())
    assert hashes[0] == hashes[1]


@pytest.mark.drawn
def test_a_run_says_its_writes(tmp_path: Path) -> None:
    metrics = train(settings(3, epochs=1), out=tmp_path / "run")
    writes = metrics["writes"]
    assert writes["total"] == metrics["counters"]["writes"] > 0
    (own,) = writes["populations"].values()
    assert own["memristors"] == writes["memristors"] == 65 * 16
    assert sum(own["histogram"]["counts"]) == own["memristors"]
    assert writes["by_synapse"]
    assert (tmp_path / "run" / "writes.png").stat().st_size > 1000
    page = (tmp_path / "run" / REPORT).read_text()
    assert "writes per memristor" in page
    assert "memristors worn out" in page
    assert "Writes of memristors" in page


def test_a_stopped_run_ends_as_if_it_had_not_been() -> None:
    """And on another device."""
    own = settings(3, epochs=2)
    with open_device("batched", chip_config(own)) as chip:
        trainer = lone_trainer(chip, own, split_digits())
        states: list[dict[str, Any]] = []
        trainer.run(after_epoch=lambda scored: states.append(trainer.state()))
        (whole,), hashes = trainer.write_accounts(), trainer.weight_hashes()
    with open_device("golden", chip_config(own)) as chip:
        trainer = lone_trainer(chip, own, split_digits())
        trainer.restore(states[0])
        trainer.run()
        (rest,) = trainer.write_accounts()
        assert trainer.weight_hashes() == hashes
    assert rest.metrics() == whole.metrics()
    assert whole.worn > 0


def test_more_writes_than_the_kind_bears_are_told(tmp_path: Path) -> None:
    """A kind that bears little, in a file, and no endurance in the settings."""
    kind = tmp_path / "weak.toml"
    kind.write_text(toml_of(replace(find_memristor("mo-tiox-tin"), endurance=3)))
    own = settings(None, epochs=1).changed({"network": {"memristor": str(kind)}})
    metrics = train(own)
    assert metrics["writes"]["worn"] == 0
    assert metrics["writes"]["beyond"] > 0
    (told,) = [text for text in metrics["warnings"] if "writes" in text]
    assert "bears, 3; with endurance = 3 in [network] they would be stuck" in told


@pytest.mark.slow
def test_the_gateware_counts_all_writes_together() -> None:
    """The same total as on the golden model, which knows whose they were."""
    own = settings(None, epochs=1)
    golden, rtl = (train(own, device=name)["writes"] for name in ("golden", "rtl"))
    assert golden["by_synapse"]
    assert not rtl["by_synapse"]
    assert "most" not in rtl
    assert (rtl["total"], rtl["per_memristor"]) == (golden["total"], golden["per_memristor"])
    with pytest.raises(ValueError, match="^network.endurance must be left out where no writes"):
        train(settings(3, epochs=1), device="rtl")


def test_a_device_that_counts_no_writes_by_synapse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GoldenDevice, "count_writes", Device.count_writes)
    monkeypatch.setattr(GoldenDevice, "read_writes", Device.read_writes)
    writes = train(settings(None, epochs=1))["writes"]
    assert (writes["by_synapse"], writes["worn"]) == (False, 0)
    assert writes["total"] > 0
    with pytest.raises(ValueError, match="^network.endurance must be left out where no writes"):
        train(settings(3, epochs=1))
    own = settings(None)
    with (
        GoldenDevice(chip_config(own)) as device,
        pytest.raises(ValueError, match="^writes must be counted by synapse, which golden does"),
    ):
        device.read_writes()


def test_plain_weights_are_not_written() -> None:
    plain = settings(None, epochs=1).changed({"network": {"memristor": None}})
    assert "writes" not in train(plain)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"endurance": 0.5}, "^network.endurance must be 1 write or more, not 0.5$"),
        ({"memristor": None}, "^network.endurance must be left out where memristor is, not 9$"),
    ],
)
def test_wrong_endurance_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings(9).changed({"network": changes})


def test_endurance_is_refused_where_no_writes_are_counted() -> None:
    ideal = settings(9).changed({"network": {"memristor": "ideal"}})
    assert chip_config(ideal).cores[0].memristor != NO_TABLES
    told = "^network.endurance must be left out where no writes are counted by synapse; golden and"
    with (
        pytest.raises(ValueError, match=told),
        open_device("golden", chip_config(ideal)) as chip,
    ):
        lone_trainer(chip, ideal, split_digits())
