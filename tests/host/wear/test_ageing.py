"""Weights that age: the kind's law, in integers that every device gets."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.configuration import NetworkSettings, Settings, TaskSettings
from axonloop.host.devices import open_device
from axonloop.host.runs import Run, evaluate
from axonloop.host.training import chip_config, program_of
from axonloop.host.wear import age, aged_weights
from axonloop.models.config import Geometry
from axonloop.models.memristor import Retention, find_memristor

GEOMETRY = Geometry(8, 8, lanes=8, update_lanes=1, trace_lanes=1, multipliers=1)
TOP, ABSENT = GEOMETRY.weight_max, GEOMETRY.no_synapse
EVERY = np.arange(-TOP, TOP + 1, dtype=np.int32)
KIND = replace(find_memristor("hfox"), retention=Retention(1000, rest=5e3, celsius=85))
SMALL = Settings(NetworkSettings(layers=(16,), memristor="hfox"), TaskSettings(limit=6, ticks=16))


def test_no_time_changes_nothing() -> None:
    assert aged_weights(EVERY, GEOMETRY, "hfox", 0).tolist() == EVERY.tolist()


def test_weights_go_the_way_of_their_conductance_in_the_mean() -> None:
    """After a lifetime 1 / e is left of the way from Gmin, which is the weight -Wmax."""
    many = np.broadcast_to(EVERY, (4000, len(EVERY)))
    found = aged_weights(many, GEOMETRY, KIND, 1000, 85, seed=3)
    expected = (EVERY + TOP) / np.e - TOP
    assert np.abs(found - expected).max() < 1
    assert found.mean(0) == pytest.approx(expected, abs=0.04)  # 5 sd: 5 x 0.5 / sqrt 4000


def test_a_weight_is_its_share_of_the_whole_range() -> None:
    """A drift is one of the conductance, which is not nothing at the lowest weight."""
    kind = find_memristor("pcm")
    assert kind.low > 0
    share = (EVERY + TOP) / (2 * TOP)
    later = kind.aged(kind.low + share * kind.range, 1e4, 25)
    expected = ((later - kind.low) / kind.range - 0.5) * 2 * TOP
    many = np.broadcast_to(EVERY, (4000, len(EVERY)))
    found = aged_weights(many, GEOMETRY, kind, 1e4, 25, seed=3)
    assert found.mean(0) == pytest.approx(expected.clip(-TOP, TOP), abs=0.04)


def test_a_reference_that_ages_too_leaves_the_middle_alone() -> None:
    many = np.broadcast_to(EVERY, (4000, len(EVERY)))
    found = aged_weights(many, GEOMETRY, KIND, 1000, 85, reference_ages=True)
    assert found.mean(0) == pytest.approx(EVERY / np.e, abs=0.04)
    assert (found[:, TOP] == 0).all()


def test_drift_and_heat() -> None:
    drifting = find_memristor("pcm")
    later = [aged_weights(EVERY, GEOMETRY, drifting, t)[-1] for t in (0, 1e3, 1e6)]
    assert all(a > b for a, b in pairwise(later))
    cold, hot = (aged_weights(EVERY, GEOMETRY, KIND, 1000, c).sum() for c in (25, 85))
    assert hot < cold


def test_synapses_that_are_absent_stay_so_and_the_seed_decides() -> None:
    weights = np.array([[ABSENT, 40, 41], [42, ABSENT, 43]], np.int32)
    found = [aged_weights(weights, GEOMETRY, KIND, 333, 85, seed=s) for s in range(30)]
    assert all((own == ABSENT).tolist() == (weights == ABSENT).tolist() for own in found)
    assert len({own.tobytes() for own in found}) > 10
    assert found[4].tolist() == aged_weights(weights, GEOMETRY, KIND, 333, 85, seed=4).tolist()


@pytest.mark.parametrize(
    ("kind", "seconds", "celsius", "seed", "told"),
    [
        ("hfox", -1, 25, 0, "^seconds must be 0 or more, not -1$"),
        ("hfox", 1, -300, 0, "^temperature must be above -273.15 C, not -300$"),
        ("wood", 1, 25, 0, "^memristor must be one of ideal, .*, not 'wood'$"),
        ("hfox", 1, 25, -1, "^seed of ageing must be "),
    ],
)
def test_what_is_out_of_range_is_refused(
    kind: str, seconds: float, celsius: float, seed: int, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        aged_weights(EVERY, GEOMETRY, kind, seconds, celsius, seed=seed)


@pytest.mark.parametrize("other", ["batched", pytest.param("rtl", marks=pytest.mark.slow)])
def test_every_device_gets_the_same_integers(other: str) -> None:
    program = program_of(SMALL)
    found = []
    for name in ("golden", other):
        with open_device(name, program.config) as device:
            device.load_weights(program.weights)
            age(device, KIND, 300, 85, seed=7)
            found.append(device.read_weights())
    assert np.array_equal(*found)
    expected = aged_weights(program.weights, program.geometry, KIND, 300, 85, seed=7)
    assert np.array_equal(found[0], expected)
    assert not np.array_equal(found[0], program.weights)


def begun(folder: Path, settings: Settings) -> Path:
    """A run that was stopped at once: there is nothing in its folder but a checkpoint."""
    with (
        open_device("golden", chip_config(settings)) as chip,
        Run.open(folder, settings, chip, resume=False) as run,
    ):
        run.save()
    return folder


def test_a_run_is_scored_after_it_has_aged(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", SMALL)
    now = evaluate(run)
    same, later = (evaluate(run, seconds=t, celsius=85) for t in (0, 1e5))
    assert same["weight_hash"] == now["weight_hash"] != later["weight_hash"]
    assert (later["seconds"], later["celsius"]) == (1e5, 85)
    assert "seconds" not in now


def test_plain_weights_do_not_age(tmp_path: Path) -> None:
    run = begun(tmp_path / "run", SMALL.changed({"network": {"memristor": None}}))
    told = "^seconds must be left out where synapses are no memristors, not 9$"
    with pytest.raises(ValueError, match=told):
        evaluate(run, seconds=9)
